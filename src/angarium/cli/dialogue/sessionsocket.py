"""A session lent to programs of this machine, one after the other, through a socket (`imtest -x`).

Who connects is logged in already. What she has begun is undone before the next one comes, where the protocol can.
"""

import errno
import os
import select
import socket
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from angarium.cli.dialogue.programlines import LineReader, ProgramLines
from angarium.cli.dialogue.wire import TIMEOUT_S, Wire
from angarium.cli.dialogue.words import LoginWords
from angarium.cli.serverunavailable import ServerUnavailable

_IDLE_S: Final = 600.0
_BLOCK_OCTETS: Final = 1 << 16


class SessionSocket:
    """A socket that listens; a context manager that removes it."""

    def __init__(self, path: Path) -> None:
        """Takes the place of a socket that is there already, and of nothing else. OSError."""
        self._path = Path(os.path.abspath(path))
        if self._path.is_socket():
            self._path.unlink()
        self._listener = socket.socket(socket.AF_UNIX)
        # It is as good as the password.
        umask = os.umask(0o177)
        try:
            self._listener.bind(str(self._path))
        except OSError as error:
            self._listener.close()
            raise OSError(error.errno or errno.EINVAL, error.strerror or str(error), str(path)) from error
        finally:
            os.umask(umask)
        self._listener.listen()
        self._inode = self._path.stat().st_ino

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._listener.close()
        try:
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        except FileNotFoundError:
            pass

    def lend(self, wire: Wire, words: LoginWords) -> bool:
        """Let programs use the session, until none comes for ten minutes. False where nothing is to be said any more:
        the server has ended it, or a program has left it in the midst of something. ServerUnavailable."""
        while _passes_over(wire):
            sources: list[socket.socket | Wire] = [self._listener, wire]
            readable, _, _ = select.select(sources, [], [], _IDLE_S)
            if not readable:
                return True
            if self._listener in readable:
                program, _ = self._listener.accept()
                lines = ProgramLines(words.program_reader()) if words.program_reader is not None else None
                with program:
                    program.settimeout(TIMEOUT_S)
                    if not _converse(wire, program, lines) or lines is None or not lines.is_whole:
                        return False
                    _undo(wire, program, lines.reader)
        return False


def _passes_over(wire: Wire) -> bool:
    """Read what is said while nobody listens; whether the server may say more."""
    while (octets := wire.received()) is not None:
        if not octets:
            return False
    return True


def _undo(wire: Wire, program: socket.socket, reader: LineReader) -> None:
    """What the server says before it answers is for the program yet, which may be gone."""
    wire.send_line(reader.undo)
    while not (line := wire.read_line()).startswith(reader.undone):
        _send(program, line + b"\r\n")


def _converse(wire: Wire, program: socket.socket, lines: ProgramLines | None) -> bool:
    """Copy both ways until the program has done; False where the server ends the session."""
    outgoing = bytearray()
    is_open = True
    while is_open or outgoing:
        sources: list[socket.socket | Wire] = [wire]
        if is_open and len(outgoing) < _BLOCK_OCTETS:
            sources.append(program)
        readable, writable, _ = select.select(sources, [wire] if outgoing else [], [], None if is_open else TIMEOUT_S)
        if not readable and not writable:
            raise ServerUnavailable("the server does not listen")
        if wire in readable:
            while (octets := wire.received()) is not None:
                if not octets:
                    return False
                is_open = is_open and _send(program, octets)
        if program in readable:
            octets = _received(program)
            said = octets if lines is None else lines.take(octets)
            outgoing += wire.as_sent(said) if said else b""
            is_open = is_open and bool(octets) and not (lines is not None and lines.is_over)
        if outgoing:
            wire.send_some(outgoing)
    return True


def _send(program: socket.socket, octets: bytes) -> bool:
    """Whether the program is there to take them."""
    try:
        program.sendall(octets)
    except OSError:
        return False
    return True


def _received(program: socket.socket) -> bytes:
    """Nothing where the program has gone."""
    try:
        return program.recv(_BLOCK_OCTETS)
    except OSError:
        return b""
