"""A little SMTP server of a thread, which says what it is told to say, and keeps what it hears."""

import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(slots=True)
class Heard:
    """What came in one connection."""

    commands: list[str] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)
    was_tls: bool = False


@dataclass
class SmtpServer:
    """Serves one connection after the other."""

    offers: tuple[str, ...] = ("PIPELINING", "8BITMIME")
    replies: dict[str, str] = field(default_factory=dict)
    """By the beginning of a command, or `end of data`, or `greeting`; empty: it hangs up."""
    tls: ssl.SSLContext | None = None
    silent_at: str = ""
    """It says nothing any more from this command on."""
    heard: list[Heard] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._released = threading.Event()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        assert not self._thread.is_alive()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def _serve(self) -> None:
        while not self._released.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(10)
            heard = Heard()
            self.heard.append(heard)
            with contextlib.ExitStack() as stack:
                stack.enter_context(contextlib.suppress(OSError))
                self._converse(stack.enter_context(connection), heard, stack)

    def _converse(self, connection: socket.socket, heard: Heard, stack: contextlib.ExitStack) -> None:
        if self.silent_at == "greeting":
            self._released.wait(10)
            return
        if not self._say(connection, self.replies.get("greeting", "220 mx.example.com")):
            return
        stream = stack.enter_context(connection.makefile("rb"))
        while line := stream.readline():
            command = line.decode().rstrip("\r\n")
            heard.commands.append(command)
            if self.silent_at and command.upper().startswith(self.silent_at):
                self._released.wait(10)
                return
            if command.upper() == "STARTTLS" and self.tls is not None:
                self._say(connection, "220 go")
                connection = stack.enter_context(self.tls.wrap_socket(connection, server_side=True))
                stream = stack.enter_context(connection.makefile("rb"))
                heard.was_tls = True
                continue
            if not self._say(connection, self._reply(command)):
                return
            if command.upper() == "DATA" and self._reply(command).startswith("354"):
                while (line := stream.readline()) not in (b".\r\n", b""):
                    heard.data += line[1:] if line.startswith(b".") else line
                if not line or not self._say(connection, self.replies.get("end of data", "250 2.0.0 queued")):
                    return
            if command.upper() == "QUIT":
                return

    def _reply(self, command: str) -> str:
        for beginning, reply in self.replies.items():
            if command.upper().startswith(beginning.upper()):
                return reply
        match command.split(" ")[0].upper():
            case "EHLO":
                lines = ["mx.example.com", *self.offers]
                return "\r\n".join([f"250-{each}" for each in lines[:-1]] + [f"250 {lines[-1]}"])
            case "DATA":
                return "354 go on"
            case "QUIT":
                return "221 bye"
            case "AUTH":
                return "235 2.7.0 hello"
            case _:
                return "250 2.1.0 ok"

    def _say(self, connection: socket.socket, reply: str) -> bool:
        if not reply:
            return False
        connection.sendall(reply.encode() + b"\r\n")
        return True
