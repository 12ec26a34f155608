import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.dialogue.scriptedserver import WAIT_S, scripted_server

from angarium.cli.dialogue import ImapWords, LoginWords, Pop3Words, SessionSocket, Wire


@contextmanager
def lent(
    directory: Path, words: type[ImapWords | Pop3Words], *answers: bytes
) -> Iterator[tuple[Path, list[bytes], list[bool]]]:
    """A session behind its login: where its socket is, what the server gets, and what is left in the end."""
    path, left = directory / "p", list[bool]()
    with (
        scripted_server(directory, b"", *answers) as (address, lines),
        Wire(address, show=lambda _: None) as wire,
        SessionSocket(path) as opened,
    ):
        spoken: LoginWords = words(wire)
        thread = threading.Thread(target=lambda: left.append(opened.lend(wire, spoken)))
        thread.start()
        yield path, lines, left
        thread.join(WAIT_S)
        assert not thread.is_alive()
    assert not path.exists()


def said(path: Path, *lines: bytes) -> list[bytes]:
    """What a program hears, a line for each of its own but the farewell."""
    with socket.socket(socket.AF_UNIX) as program:
        program.settimeout(WAIT_S)
        program.connect(str(path))
        with program.makefile("rwb") as stream:
            heard = []
            for line in lines:
                stream.write(line + b"\r\n")
                stream.flush()
                if b"LOGOUT" not in line:
                    heard.append(stream.readline())
            return heard


def test_one_program_after_the_other(tmp_path: Path) -> None:
    answers = (b"a OK\r\n", b"* BYE-BYE\r\nU01 OK\r\n", b"b OK\r\n", b"U01 BAD\r\n", b"* BYE\r\n")
    with lent(tmp_path, ImapWords, *answers) as (path, lines, left):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert said(path, b"a SELECT x", b"a LOGOUT") == [b"a OK\r\n"]
        assert said(path, b"b NOOP") == [b"b OK\r\n"]
        assert said(path, b"c NOOP") == [b"* BYE\r\n"]
    assert lines == [b"a SELECT x", b"U01 UNSELECT", b"b NOOP", b"U01 UNSELECT", b"c NOOP"]
    assert left == [False]


def test_a_program_that_goes_in_the_midst_of_something_is_the_last(tmp_path: Path) -> None:
    with lent(tmp_path, ImapWords, b"+ go\r\n") as (path, lines, left):
        assert said(path, b"a APPEND x {90}") == [b"+ go\r\n"]
    assert (lines, left) == ([b"a APPEND x {90}"], [False])


def test_where_nothing_can_be_undone_nothing_is_done(tmp_path: Path) -> None:
    """RFC 1939 §6: what is marked as deleted goes at QUIT, which it is for the program to say."""
    with lent(tmp_path, Pop3Words, b"+OK\r\n") as (path, lines, left):
        assert said(path, b"DELE 1") == [b"+OK\r\n"]
    assert (lines, left) == ([b"DELE 1"], [False])


def test_only_a_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "p"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    with SessionSocket(path):
        assert path.is_socket()
    assert not path.exists()
    path.write_text("mine")
    with pytest.raises(OSError, match="in use") as error:
        SessionSocket(path)
    assert error.value.filename == str(path)
    assert path.read_text() == "mine"
    with pytest.raises(OSError, match="too long"):
        SessionSocket(tmp_path / ("x" * 200))
