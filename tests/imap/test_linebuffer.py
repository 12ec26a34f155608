"""Lines and stretches, however the octets came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.imap.linebuffer import LineBuffer, LineTooLong


def filled(*pieces: bytes) -> LineBuffer:
    buffer = LineBuffer()
    for piece in pieces:
        buffer.receive(piece)
    return buffer


@given(st.lists(st.binary(max_size=8) | st.sampled_from([b"\r\n", b"\n", b"\r"])))
def test_lines_are_those_of_the_whole(pieces: list[bytes]) -> None:
    buffer = LineBuffer()
    lines: list[bytes] = []
    for piece in pieces:
        buffer.receive(piece)
        while (line := buffer.take_line(1000)) is not None:
            lines.append(line)
    *whole, rest = b"".join(pieces).split(b"\n")
    assert lines == [line.removesuffix(b"\r") for line in whole]
    assert buffer.take_some(1000) == rest
    assert len(buffer) == 0


@pytest.mark.parametrize("data", [b"12345\r\n", b"12345\n", b"12345\r", b"12345", b"1234\r"])
def test_a_line_may_be_as_long_as_its_limit(data: bytes) -> None:
    filled(data).take_line(5)


@pytest.mark.parametrize("data", [b"123456\r\n", b"123456\n", b"1234567"])
def test_and_no_longer(data: bytes) -> None:
    buffer = filled(data)
    with pytest.raises(LineTooLong):
        buffer.take_line(5)
    assert buffer.peek(100) == data


def test_stretches_of_a_known_size() -> None:
    buffer = filled(b"abc", b"def")
    assert buffer.take_exactly(7) is None
    assert buffer.peek(2) == b"ab"
    assert buffer.take_exactly(4) == b"abcd"
    assert buffer.take_exactly(0) == b""
    assert buffer.skip_some(1) == 1
    assert buffer.take_some(5) == b"f"
    assert buffer.take_some(5) == b""
    assert buffer.skip_some(5) == 0


def test_what_came_at_once_is_not_copied() -> None:
    data = b"x" * 100
    assert filled(data).take_some(200) is data


def test_a_skipped_line_leaves_what_may_announce_a_literal() -> None:
    buffer = filled(b"x" * 1000 + b" {12")
    assert buffer.skip_line() is None
    assert len(buffer) < 30
    buffer.receive(b"3+}\r\nnext\r\n")
    tail = buffer.skip_line()
    assert tail is not None
    assert tail.endswith(b" {123+}")
    assert buffer.take_line(10) == b"next"


def test_nothing_is_kept_once_it_is_cleared() -> None:
    buffer = filled(b"abc")
    buffer.clear()
    assert len(buffer) == 0
    assert buffer.take_line(10) is None
