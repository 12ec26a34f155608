"""Deflate streams in both directions."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.imap.compression import CompressionBroken, Deflater, Inflater


def deflated(*pieces: bytes, end: bool = False) -> bytes:
    """What a client sends that flushes after each piece."""
    stream = zlib.compressobj(6, zlib.DEFLATED, -15)
    flushed = b"".join([stream.compress(piece) + stream.flush(zlib.Z_SYNC_FLUSH) for piece in pieces])
    return flushed + (stream.flush(zlib.Z_FINISH) if end else b"")


def inflated(inflater: Inflater) -> list[bytes]:
    return list(iter(inflater.next_piece, b""))


@given(st.lists(st.binary(max_size=200)), st.integers(1, 50), st.booleans())
def test_what_is_sent_comes_out_however_it_is_cut(pieces: list[bytes], step: int, end: bool) -> None:
    sent = deflated(*pieces, end=end)
    inflater = Inflater()
    found: list[bytes] = []
    for start in range(0, len(sent), step):
        inflater.receive(sent[start : start + step])
        found += inflated(inflater)
    assert b"".join(found) == b"".join(pieces)
    assert inflater.end() == b""


def test_a_bomb_comes_in_small_pieces() -> None:
    sent = deflated(bytes(10_000_000))
    assert len(sent) < 10_100
    inflater = Inflater()
    inflater.receive(sent)
    pieces = inflated(inflater)
    assert max(map(len, pieces)) <= 16_384
    assert sum(map(len, pieces)) == 10_000_000


@pytest.mark.parametrize("size_octets", [16_383, 16_384, 16_385, 32_768, 32_769])
def test_nothing_is_held_back_at_the_bounds_of_a_piece(size_octets: int) -> None:
    inflater = Inflater()
    inflater.receive(deflated(b"x" * size_octets))
    assert b"".join(inflated(inflater)) == b"x" * size_octets


@pytest.mark.parametrize("end", [False, True])
def test_what_follows_a_flush_can_be_had_as_it_was_sent(end: bool) -> None:
    inflater = Inflater()
    inflater.receive(deflated(b"a UNAUTHENTICATE\r\n", end=end) + b"b LOGIN alice secret\r\n")
    assert inflater.next_piece() == b"a UNAUTHENTICATE\r\n"
    assert inflater.end() == b"b LOGIN alice secret\r\n"


@given(st.binary(max_size=300))
def test_any_octets_come_out_or_are_broken(data: bytes) -> None:
    inflater = Inflater()
    inflater.receive(data)
    try:
        pieces = inflated(inflater)
    except CompressionBroken:
        return
    assert all(pieces)


@pytest.mark.parametrize("sent", [b"\xff" * 20, b"a NOOP\r\n", deflated(b"x", end=True) + b"y"])
def test_what_is_no_stream_is_broken(sent: bytes) -> None:
    inflater = Inflater()
    inflater.receive(sent)
    with pytest.raises(CompressionBroken):
        inflated(inflater)


def test_a_stream_that_has_ended_takes_nothing_more() -> None:
    inflater = Inflater()
    inflater.receive(deflated(b"x", end=True))
    assert inflated(inflater) == [b"x"]
    inflater.receive(b"y")
    with pytest.raises(CompressionBroken):
        inflater.next_piece()


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=100), st.booleans())))
def test_each_answer_is_whole_also_after_a_rest(answers: list[tuple[bytes, bool]]) -> None:
    deflater, client = Deflater(), zlib.decompressobj(-15)
    for answer, rests in answers:
        assert client.decompress(deflater.deflate(answer)) == answer
        if rests:
            deflater.rest()
    assert client.decompress(deflater.end() + b"plain") == b""
    assert client.eof
    assert client.unused_data == b"plain"
