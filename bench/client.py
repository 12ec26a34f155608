"""Clients that send what they are told and look at no more of the answers than tells that the work was done.

They are plain sockets, so that a server waits for nothing but itself.
"""

import base64
import socket
import ssl
from collections.abc import Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from bench.errors import BenchError

_LOOPBACK: Final = "127.0.0.1"
_CHUNK: Final = 1 << 18
_TIMEOUT_S: Final = 120.0


class _Connection:
    """A connection that is closed by a `with`."""

    def __init__(self, port: int, *, is_tls: bool = False) -> None:
        plain = socket.create_connection((_LOOPBACK, port), timeout=_TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = _trusting().wrap_socket(plain) if is_tls else plain

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> bytes:
        """What has come; BenchError at the end of the connection."""
        data = self.socket.recv(_CHUNK)
        if not data:
            raise BenchError("the server closed the connection")
        return data


class ImapClient(_Connection):
    """Logged in as soon as it is made, where a user is given."""

    def __init__(self, port: int, *, user: str = "", password: str = "", is_tls: bool = False) -> None:
        super().__init__(port, is_tls=is_tls)
        self._number = 0
        try:
            self.receive_line()
            if user:
                self.command(f"LOGIN {user} {password}")
        except BaseException:
            self.close()
            raise

    def receive_line(self) -> bytes:
        """To the end of a line that is the last one sent: a greeting, or a notice."""
        data = self.receive()
        while not data.endswith(b"\r\n"):
            data += self.receive()
        return data

    def command(self, text: str) -> bytes:
        """Send a command and give all that is said until it is done; BenchError unless that is OK."""
        tag = self._tag()
        self.send(b"%b %b\r\n" % (tag, text.encode()))
        return self._until(tag)

    def commands(self, texts: Iterable[str]) -> bytes:
        """Send many commands at once; BenchError unless the last is OK."""
        tag = b""
        lines = []
        for text in texts:
            tag = self._tag()
            lines.append(b"%b %b\r\n" % (tag, text.encode()))
        self.send(b"".join(lines))
        return self._until(tag)

    def append(self, mailbox: str, messages: Sequence[bytes], *, dates: Sequence[datetime]) -> None:
        """APPEND them, all sent at once, each as a non-synchronizing literal (RFC 7888)."""
        tag = b""
        pieces = []
        for message, date in zip(messages, dates, strict=True):
            tag = self._tag()
            received = date.strftime("%d-%b-%Y %H:%M:%S +0000")
            pieces.append(b'%b APPEND %b "%b" {%d+}\r\n' % (tag, mailbox.encode(), received.encode(), len(message)))
            pieces.append(message)
            pieces.append(b"\r\n")
        self.send(b"".join(pieces))
        self._until(tag)

    def idle(self) -> None:
        """Begin to wait for notices (RFC 2177)."""
        self.send(b"%b IDLE\r\n" % self._tag())
        self.receive_line()

    def end_idle(self) -> None:
        self.send(b"DONE\r\n")
        self._until(b"a%d" % self._number)

    def logout(self) -> None:
        self.command("LOGOUT")
        self.close()

    def _tag(self) -> bytes:
        self._number += 1
        return b"a%d" % self._number

    def _until(self, tag: bytes) -> bytes:
        """All that comes until the answer with this tag, which is looked for at the end alone."""
        chunks: list[bytes] = []
        tail = b""
        while True:
            chunk = self.receive()
            chunks.append(chunk)
            tail = (tail + chunk)[-4096:]
            if not tail.endswith(b"\r\n"):
                continue
            last = tail[:-2].rpartition(b"\r\n")[2]
            if last.startswith(tag + b" "):
                if not last.startswith(tag + b" OK"):
                    raise BenchError(f"refused: {last.decode(errors='replace').strip()}")
                return b"".join(chunks)


class ManageSieveClient(_Connection):
    """Logged in as soon as it is made (RFC 5804)."""

    def __init__(self, port: int, *, user: str, password: str) -> None:
        super().__init__(port)
        self._until_answer()
        response = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self._command(f'AUTHENTICATE "PLAIN" "{response}"')

    def activate(self, script: str) -> None:
        """Store a script and have it be the active one."""
        self._command(f'PUTSCRIPT "rules" {{{len(script.encode())}+}}\r\n{script}')
        self._command('SETACTIVE "rules"')

    def _command(self, text: str) -> None:
        self.send(f"{text}\r\n".encode())
        self._until_answer()

    def _until_answer(self) -> None:
        data = self.receive()
        while not (data.endswith(b"\r\n") and data[:-2].rpartition(b"\r\n")[2].startswith((b"OK", b"NO", b"BYE"))):
            data += self.receive()
        answer = data[:-2].rpartition(b"\r\n")[2]
        if not answer.startswith(b"OK"):
            raise BenchError(f"refused: {answer.decode(errors='replace')}")


class Pop3Client(_Connection):
    """Logged in as soon as it is made (RFC 1939)."""

    def __init__(self, port: int, *, user: str, password: str) -> None:
        super().__init__(port)
        self._until(b"\r\n")
        self.command(f"USER {user}")
        self.command(f"PASS {password}")

    def command(self, text: str, *, lines: bool = False) -> bytes:
        """Send a command and give its answer, one that has `lines` to its dot; BenchError unless it is good."""
        self.send(f"{text}\r\n".encode())
        return self._until(b"\r\n.\r\n" if lines else b"\r\n")

    def quit(self) -> None:
        self.command("QUIT")
        self.close()

    def _until(self, end: bytes) -> bytes:
        chunks = [self.receive()]
        tail = chunks[0][-8:]
        while not tail.endswith(end):
            chunks.append(self.receive())
            tail = (tail + chunks[-1])[-8:]
        if not chunks[0].startswith(b"+OK"):
            raise BenchError(f"refused: {chunks[0].decode(errors='replace').strip()}")
        return b"".join(chunks)


class LmtpClient(_Connection):
    """Greeted (RFC 2033)."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.receive_replies(1)
        self.send(b"LHLO client.example\r\n")
        self.receive_replies(1)

    def deliver(self, message: bytes, recipients: Sequence[str]) -> None:
        """One message to all of these; returns once each has taken it. The message ends with CRLF, and no line of it
        begins with a dot."""
        self.send_message(message, recipients)
        self.finish(len(recipients))

    def send_message(self, message: bytes, recipients: Sequence[str]) -> None:
        """All but the line with the dot, so that a clock can be started there."""
        envelope = [b"MAIL FROM:<katrin@post.example>\r\n"]
        envelope += [b"RCPT TO:<%b>\r\n" % recipient.encode() for recipient in recipients]
        envelope.append(b"DATA\r\n")
        self.send(b"".join(envelope))
        self.receive_replies(len(envelope))
        self.send(message)

    def finish(self, recipients: int) -> None:
        self.send(b".\r\n")
        self.receive_replies(recipients)

    def receive_replies(self, count: int) -> None:
        """Read this many replies; a line that goes on has a hyphen after its code (RFC 5321 §4.2.1)."""
        data = b""
        while True:
            data += self.receive()
            lines = data.split(b"\r\n")[:-1]
            last = [line for line in lines if line[3:4] != b"-"]
            for line in last:
                if line[:1] not in b"23":
                    raise BenchError(f"refused: {line.decode(errors='replace')}")
            if len(last) >= count and data.endswith(b"\r\n"):
                return


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
