"""Dots, and where TOP ends, chunk by chunk."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.pop3.stuffing import DotStuffer, TopCutter

_LINES = st.lists(st.binary(max_size=6), max_size=12).map(b"\r\n".join)
_TRICKY = st.text(alphabet="\r\n.a", max_size=40).map(str.encode)
_CUTS = st.lists(st.integers(0, 60), max_size=8)


def cut(octets: bytes, places: list[int]) -> list[bytes]:
    """The octets in pieces, some of them empty."""
    bounds = [0, *sorted(min(place, len(octets)) for place in places), len(octets)]
    return [octets[first:last] for first, last in itertools.pairwise(bounds)]


def sent(chunks: list[bytes]) -> bytes:
    stuffer = DotStuffer()
    return b"".join([*[stuffer.stuff(chunk) for chunk in chunks], stuffer.end()])


def received(octets: bytes) -> bytes:
    """What a client makes of an answer, by RFC 1939 §3."""
    lines = octets.split(b"\r\n")
    assert lines[-2:] == [b".", b""]
    assert b"." not in lines[:-2]
    return b"\r\n".join([line.removeprefix(b".") for line in lines[:-2]])


@given(st.one_of(_LINES, _TRICKY), _CUTS)
def test_a_client_gets_the_message_back(message: bytes, places: list[int]) -> None:
    answer = sent(cut(message, places))
    assert received(answer) == message.removesuffix(b"\r\n")
    assert answer == sent([message])


@given(st.one_of(_LINES, _TRICKY), _CUTS, st.integers(0, 5))
def test_top_is_the_header_and_so_many_lines(message: bytes, places: list[int], lines: int) -> None:
    cutter = TopCutter(lines)
    top = b"".join([cutter.cut(chunk) for chunk in cut(message, places)])
    header, empty, body = (b"\r\n" + message).partition(b"\r\n\r\n")
    wanted = header + empty + b"\n".join(body.split(b"\n")[:lines])
    if empty and lines and body.count(b"\n") >= lines:
        wanted += b"\n"
    assert top == (wanted[2:] if empty else message)


def test_what_has_no_dots_is_not_copied() -> None:
    chunk = b"x\r\n" * 1000
    assert DotStuffer().stuff(chunk) is chunk


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (b"", b".\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b"a\r\n.\r\n", b"a\r\n..\r\n.\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"a\r", b"a\r\r\n.\r\n"),
        (b"a\n.b", b"a\n.b\r\n.\r\n"),
        (b"a\r.b\r\n", b"a\r.b\r\n.\r\n"),
    ],
)
def test_answers(message: bytes, answer: bytes) -> None:
    assert sent([message]) == answer
    assert sent([bytes((octet,)) for octet in message]) == answer
