"""Dots and the end of a message, in every split."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from angarium.lmtp.transparency import DataDecoder

ALPHABET = st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"\r\n.\r\n", b"a", b"\x00", b"\xff"])
TEXTS = st.lists(ALPHABET, max_size=20).map(b"".join)


def stuff(message: bytes) -> bytes:
    """What a client sends for a message of whole lines (RFC 5321 §4.5.2)."""
    return (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def decode(chunks: list[bytes]) -> tuple[bytes, bytes | None]:
    """The content, and what stands behind it where it ends."""
    decoder = DataDecoder()
    content = b""
    for number, chunk in enumerate(chunks):
        decoded, end = decoder.decode(chunk)
        content += decoded
        if end is not None:
            return content, chunk[end:] + b"".join(chunks[number + 1 :])
    return content, None


def split_at(octets: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted({0, len(octets), *[min(place, len(octets)) for place in places]})
    return [octets[start:end] for start, end in pairwise(cuts)]


@pytest.mark.parametrize(
    ("sent", "content", "rest"),
    [
        (b".\r\n", b"", b""),
        (b"\r\n.\r\n", b"\r\n", b""),
        (b"a\r\n.\r\nNOOP\r\n", b"a\r\n", b"NOOP\r\n"),
        (b"..\r\n.\r\n", b".\r\n", b""),
        (b".a\r\n.\r\n", b"a\r\n", b""),
        (b"a\r\n..\r\n.\r\n", b"a\r\n.\r\n", b""),
        (b"a\r\n...b\r\n.\r\n", b"a\r\n..b\r\n", b""),
        (b"a.\r\n.\r\n", b"a.\r\n", b""),
        (b"\r\r\n.\r\n", b"\r\r\n", b""),
        # What some take for the end, and what they take for the dot of another.
        (b"a\n.\n.\r\n", b"a\n.\n.\r\n", None),
        (b"a\n.\r\n\r\n.\r\n", b"a\n.\r\n\r\n", b""),
        (b"a\r\n.\n\r\n.\r\n", b"a\r\n\n\r\n", b""),
        (b"a\r.\r\r\n.\r\n", b"a\r.\r\r\n", b""),
        (b"a\r\n.\r\r\n.\r\n", b"a\r\n\r\r\n", b""),
        (b"a\r.\r\n\r\n.\r\n", b"a\r.\r\n\r\n", b""),
        (b"a\r\n\x00.\r\n\r\n.\r\n", b"a\r\n\x00.\r\n\r\n", b""),
        (b"a\n..b\r\n.\r\n", b"a\n..b\r\n", b""),
    ],
)
def test_only_crlf_dot_crlf_ends_a_message(sent: bytes, content: bytes, rest: bytes | None) -> None:
    splits = [[sent], [bytes((octet,)) for octet in sent]]
    splits += [split_at(sent, [place]) for place in range(len(sent))]
    for chunks in splits:
        if rest is None:
            assert decode(chunks)[1] is None
        else:
            assert decode(chunks) == (content, rest)


@given(message=TEXTS, places=st.lists(st.integers(0, 60), max_size=6), rest=TEXTS)
def test_what_is_stuffed_comes_back(message: bytes, places: list[int], rest: bytes) -> None:
    message += b"\r\n"
    assert decode(split_at(stuff(message) + rest, places)) == (message, rest)


@given(octets=TEXTS, places=st.lists(st.integers(0, 60), max_size=6))
@example(octets=b".\r\n\r\n.\r\n", places=[1, 2])
def test_splits_make_no_difference(octets: bytes, places: list[int]) -> None:
    whole, rest = decode([octets])
    content, rest_of_split = decode(split_at(octets, places))
    assert (content, rest_of_split) == (whole, rest)
