"""BINARY and BINARY.SIZE: decoding, partial octets, sizes, long parts."""

import asyncio
import base64
import quopri
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.operations.messages.conftest import MAIL, World, read_sections, uid_set

from angarium import mime
from angarium.fetchitem import BinarySection, BinarySize, FetchAttribute, Partial
from angarium.operations.messages import FetchBatch, NumberColumn, SectionColumn, SectionStream, binary, fetch
from angarium.operations.messages.binary import (
    DecodedSize,
    DecodingMarks,
    EncodedPart,
    decoded_chunks,
    encoded_part,
    measure,
)

MIXED = (
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9=\r\n!\r\n"
    b"--x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\nAwQ=\r\n"
    b"--x\r\nContent-Type: message/rfc822\r\n\r\nContent-Transfer-Encoding: base64\r\n\r\naW4=\r\n"
    b"--x\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n\r\n"
    b"--x--\r\n"
)


async def fetched(
    world: World, items: list[BinarySection | BinarySize | FetchAttribute], *uids: int
) -> list[FetchBatch]:
    selected = await world.select("user.alice", examine=True)
    return [
        batch async for batch in fetch(world.store, world.cache, world.alice, selected, uid_set(*(uids or (1,))), items)
    ]


@pytest.mark.parametrize(
    ("part", "octets"),
    [
        ((1,), "café!".encode()),
        ((2,), b"\0\1\2\3\4"),
        ((3,), b"Content-Transfer-Encoding: base64\r\n\r\naW4="),
        ((3, 1), b"in"),
        ((5,), None),
        ((1, 1), None),
        ((), MIXED),
    ],
)
async def test_parts_are_given_without_their_encoding(
    world: World, part: tuple[int, ...], octets: bytes | None
) -> None:
    await world.append("user.alice", MIXED)
    for _ in range(2):  # the second time from what is remembered
        (batch,) = await fetched(world, [BinarySection(part, peek=True), BinarySize(part)])
        assert await read_sections(batch, 0) == [octets]
        assert batch.columns[1] == NumberColumn([len(octets or b"")])


@pytest.mark.parametrize("item", [BinarySection((4,), peek=True), BinarySize((4,))])
async def test_what_cannot_be_decoded_has_no_row_and_hides_no_other(
    world: World, item: BinarySection | BinarySize
) -> None:
    for octets in (MIXED, MAIL, MIXED):
        await world.append("user.alice", octets)
    (batch,) = await fetched(world, [item, FetchAttribute.UID], 1, 2, 3)
    assert batch.undecodable == (1, 3)
    assert batch.missing == ()
    assert batch.uids.tolist() == [2]


def test_a_multipart_has_no_encoding_whatever_it_says() -> None:
    inner = (
        b"Content-Transfer-Encoding: base64\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\na\r\n--y--"
    )
    outer = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + inner + b"\r\n--x--\r\n"
    part = encoded_part(mime.scan(outer).root, (1,))
    assert part is not None
    assert part.encoding == "BINARY"


class OctetsFile:
    """A message file whose reads are counted."""

    written_at_s = 0

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self.reads: list[int] = []

    @property
    def size_octets(self) -> int:
        return len(self._octets)

    async def read(self, offset: int, size_octets: int) -> bytes:
        self.reads.append(size_octets)
        return self._octets[offset : offset + size_octets]

    def view(self) -> memoryview:
        return memoryview(self._octets)

    def close(self) -> None: ...


def encoded(octets: bytes, encoding: str) -> bytes:
    match encoding:
        case "BASE64":
            return base64.encodebytes(octets).replace(b"\n", b"\r\n")
        case "QUOTED-PRINTABLE":
            return quopri.encodestring(octets.replace(b"\n", b"").replace(b"\r", b""))
        case _:
            return octets


@pytest.mark.parametrize("encoding", ["BASE64", "QUOTED-PRINTABLE", "8BIT"])
@given(
    octets=st.binary(max_size=300),
    partial=st.none() | st.builds(Partial, st.integers(0, 400), st.integers(1, 400)),
    chunk_octets=st.integers(1, 90),
)
def test_partial_octets_are_those_of_the_whole(
    encoding: str, octets: bytes, partial: Partial | None, chunk_octets: int
) -> None:
    async def check() -> None:
        file = OctetsFile(b"#" * 7 + encoded(octets, encoding))
        part = EncodedPart(mime.ByteRange(7, file.size_octets - 7), encoding)
        whole = mime.decode_transfer(file._octets[7:], encoding)
        wanted = whole if partial is None else whole[partial.offset : partial.offset + partial.count]
        marks = DecodingMarks()
        for _ in range(3):  # with the marks that were set before
            got = b"".join([chunk async for chunk in decoded_chunks(file, part, partial, marks)])
            size = await measure(file, part, partial, marks)
            assert (got, size.octets, size.has_nul) == (wanted, len(wanted), b"\0" in wanted)
            assert await measure(file, part, None, marks) == DecodedSize(len(whole), b"\0" in whole)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(binary, "CHUNK_OCTETS", chunk_octets)
        patch.setattr(binary, "MARK_CHUNKS", 2)
        asyncio.run(check())


def test_octets_behind_the_partial_are_not_read() -> None:
    file = OctetsFile(encoded(b"a" * 300_000, "BASE64"))
    part = EncodedPart(mime.ByteRange(0, file.size_octets), "BASE64")

    async def check() -> None:
        assert (
            b"".join([chunk async for chunk in decoded_chunks(file, part, Partial(5, 10), DecodingMarks())])
            == b"a" * 10
        )

    asyncio.run(check())
    assert len(file.reads) == 1


async def test_a_long_part_that_is_got_in_pieces_is_decoded_once(memory_world: World) -> None:
    octets = bytes(range(251)) * 40_000
    mail = b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded(octets, "BASE64")
    await memory_world.append("user.alice", mail)
    file = OctetsFile(mail)

    async def open_counted(*_: object) -> OctetsFile:
        return file

    memory_world.engine.open_message = open_counted  # type: ignore[method-assign, assignment]
    got = b""
    while len(got) < len(octets):
        (batch,) = await fetched(memory_world, [BinarySection((1,), Partial(len(got), 1 << 17), peek=True)])
        (piece,) = await read_sections(batch, 0)
        assert piece
        got += piece
    assert got == octets
    pieces = -(-len(octets) // (1 << 17))
    assert len(file.reads) < pieces * 5


async def test_long_parts_are_streamed_and_never_held(world: World) -> None:
    octets = bytes(range(256)) * 16_384
    mail = b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded(octets, "BASE64")
    await world.append("user.alice", mail)
    await world.append("user.alice", mail.replace(b"AAEC", b"AQEC"))
    await fetched(world, [FetchAttribute.ENVELOPE])  # what is read once is not what is measured
    selected = await world.select("user.alice", examine=True)
    items: list[BinarySection | BinarySize] = [BinarySection((1,), peek=True), BinarySize((1,))]
    items.append(BinarySection((1,), Partial(1, 1 << 20), peek=True))
    found = []
    tracemalloc.start()
    async for batch in fetch(world.store, world.cache, world.alice, selected, uid_set(1), items):
        assert batch.columns[1] == NumberColumn([len(octets)])
        for column in (batch.columns[0], batch.columns[2]):
            assert isinstance(column, SectionColumn)
            (stream,) = column.values
            assert isinstance(stream, SectionStream)
            assert stream.has_nul
            position = 1 if stream.size_octets < len(octets) else 0
            start = position
            async for chunk in stream.chunks():
                assert chunk == octets[position : position + len(chunk)]
                position += len(chunk)
            found.append((start, position - start, stream.size_octets))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [(0, len(octets), len(octets)), (1, 1 << 20, 1 << 20)]
    assert peak < 2 << 20


async def test_the_size_of_a_long_part_is_measured_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.append("user.alice", b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded(b"a" * 200_000, "BASE64"))
    for _ in range(2):
        (batch,) = await fetched(world, [BinarySize((1,))])
        assert batch.columns == (NumberColumn([200_000]),)
        monkeypatch.setattr(mime, "transfer_decoder", lambda _: UndecodingDecoder())


class UndecodingDecoder:
    """Fails a test that decodes."""

    def decode(self, chunk: bytes) -> bytes:
        raise AssertionError("decoded again")

    def finish(self) -> bytes:
        raise AssertionError("decoded again")
