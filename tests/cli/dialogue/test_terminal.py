import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.dialogue.scriptedserver import scripted_server

from angarium.cli.dialogue import Wire, pass_through
from angarium.cli.dialogue.terminal import LineEnds


@pytest.mark.parametrize(
    ("typed", "sent"),
    [(b"a\nb\n", b"a\r\nb\r\n"), (b"a\r\n", b"a\r\n"), (b"a\rb", b"a\rb"), (b"a\r", b"a\r"), (b"\n\n", b"\r\n\r\n")],
)
def test_line_ends(typed: bytes, sent: bytes) -> None:
    ends = LineEnds()
    assert ends.convert(typed) + ends.end() == sent


@given(st.lists(st.binary(max_size=6).map(lambda octets: octets.replace(b"\0", b"\r\n")), max_size=6))
def test_line_ends_do_not_depend_on_chunks(chunks: list[bytes]) -> None:
    ends, whole = LineEnds(), LineEnds()
    in_chunks = b"".join([ends.convert(chunk) for chunk in chunks]) + ends.end()
    assert in_chunks == whole.convert(b"".join(chunks)) + whole.end()


def test_what_was_read_ahead_is_shown_and_the_end_says_farewell(tmp_path: Path) -> None:
    screen = io.BytesIO()
    readable, writable = os.pipe()
    os.write(writable, b"NOOP\n")
    os.close(writable)
    with (
        scripted_server(tmp_path, b"hello\r\nahead\r\n", b"one\r\n", b"two\r\n") as (address, lines),
        Wire(address, show=lambda _: None) as wire,
    ):
        assert wire.read_line() == b"hello"
        pass_through(wire, readable, screen, farewell=b"QUIT", is_shown=False)
    os.close(readable)
    assert lines == [b"NOOP", b"QUIT"]
    shown = screen.getvalue().decode().splitlines()
    assert shown[0] == "ahead"
    assert sorted(shown[1:]) == ["C: QUIT", "one", "two"]


def test_a_large_file_is_sent_while_the_server_talks(tmp_path: Path) -> None:
    """Neither side can send all before it reads."""
    count = 2_000
    file = tmp_path / "commands"
    file.write_bytes(b"x" * 999 + b"\n" + b"y\n" * (count - 1))
    screen = io.BytesIO()
    answer = b"z" * 1000 + b"\r\n"
    with (
        scripted_server(tmp_path, b"", *[answer] * count, b"end\r\n") as (address, lines),
        file.open("rb") as source,
        Wire(address, show=lambda _: None) as wire,
    ):
        pass_through(wire, source.fileno(), screen, farewell=b"QUIT", is_shown=False)
    assert len(lines) == count + 1
    assert screen.getvalue().count(b"z" * 1000) == count
