"""Deliveries on their way in: trace fields, line ends, missing fields, several partitions."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.contract.conftest import PARTITIONS, TestSources
from tests.operations.messages.conftest import World, open_world
from tests.operations.messages.test_trace import TRACE

from angarium.engine.commands import StagedFile
from angarium.engine.interface import StagedMessage
from angarium.engine.memory import MemoryEngine
from angarium.errors import DiskFull, MessageDefect, MessageInvalid, PartitionNotFound
from angarium.operations.messages import IncomingMessage, MessageLimits, trace_header

PREFIX = trace_header(TRACE)
FIELDS = b"Message-ID: <lmtp-1@mail.example.org>\r\nDate: Sat, 21 Nov 2026 02:58:08 +0000\r\n"
ID, DATE = FIELDS.splitlines(keepends=True)


async def staged(world: World, chunks: list[bytes]) -> bytes:
    """What is staged of a delivery."""
    async with IncomingMessage.delivered(world.store, {"default"}, TRACE, limits=MessageLimits()) as incoming:
        for chunk in chunks:
            incoming.write(chunk)
        message = await incoming.finish()
        view = incoming._staged[0].view()
        octets = bytes(view)
        view.release()
    assert message.size_octets == len(octets)
    return octets


class Finishing:
    """A staged message that is finished in another manner."""

    def __init__(self, staged: StagedMessage, finish: Callable[[], Awaitable[StagedFile]]) -> None:
        self.finish = finish
        self.view = staged.view
        self.write = staged.write
        self.size_octets = staged.size_octets


def pieces(data: bytes, step: int) -> list[bytes]:
    return [data[start : start + step] for start in range(0, len(data), step)]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"Subject: a\r\n\r\nb\r\n", b"Subject: a\r\n" + FIELDS + b"\r\nb\r\n"),
        (b"DATE: x\r\nmessage-id: y\r\n\r\nb\r\n", b"DATE: x\r\nmessage-id: y\r\n\r\nb\r\n"),
        (b"Date: x\r\n\r\n\r\nb", b"Date: x\r\n" + ID + b"\r\n\r\nb"),
        (b"Message-ID: x\r\n\r\nDate: y\r\n", b"Message-ID: x\r\n" + DATE + b"\r\nDate: y\r\n"),
        (b"Subject: a\nX: bare\n\nb\n", b"Subject: a\r\nX: bare\r\n" + FIELDS + b"\r\nb\r\n"),
        (b"Subject: a\r\n\r\nb\r\r\n\rc\r", b"Subject: a\r\n" + FIELDS + b"\r\nb\r\r\n\rc\r"),
        (b"\r\nbody only\r\n", FIELDS + b"\r\nbody only\r\n"),
        (b"Subject: header only\r\n", b"Subject: header only\r\n" + FIELDS),
        (b"Subject: cut off", b"Subject: cut off\r\n" + FIELDS),
        (b"", FIELDS),
    ],
)
@pytest.mark.parametrize("step", [1, 2, 3, 1000])
async def test_a_delivery_as_it_is_kept(memory_world: World, sent: bytes, kept: bytes, step: int) -> None:
    assert await staged(memory_world, pieces(sent, step)) == PREFIX + kept


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"x", b"X: y\r\n"]), max_size=30).map(b"".join), st.integers(1, 9)
)
def test_chunks_make_no_difference_and_no_bare_newline_stays(body: bytes, step: int) -> None:
    async def check() -> None:
        sources = TestSources()
        world = await open_world(MemoryEngine(PARTITIONS, sources), sources)
        sent = b"Date: x\r\nMessage-ID: y\r\n\r\n" + body
        kept = await staged(world, pieces(sent, step))
        assert kept == await staged(world, [sent])
        assert kept == PREFIX + re.sub(rb"(?<!\r)\n", b"\r\n", sent)

    asyncio.run(check())


async def test_a_bare_newline_that_begins_a_chunk_is_found_whatever_the_chunk_ends_with(memory_world: World) -> None:
    chunks = [b"Date: x\r\nMessage-ID: y\r\n\r\na\r\n", b"\nb\r\r", b"\nc"]
    assert (await staged(memory_world, chunks)).endswith(b"\r\n\r\na\r\n\r\nb\r\r\nc")


@pytest.mark.parametrize("place", range((1 << 15) - 4, (1 << 15) + 4))
async def test_a_bare_newline_is_found_wherever_it_stands_in_a_long_chunk(memory_world: World, place: int) -> None:
    header = b"Date: x\r\nMessage-ID: y\r\n\r\n"
    before, after = b"a" * (place - len(header)), b"\r\nb" * (1 << 14)
    assert (await staged(memory_world, [header + before + b"\n" + after])).endswith(header + before + b"\r\n" + after)
    assert (await staged(memory_world, [header + before + after])).endswith(header + before + after)


async def test_nul_refuses_a_delivery(memory_world: World) -> None:
    with pytest.raises(MessageInvalid) as refusal:
        await staged(memory_world, [b"Subject: a\r\n\r\n", b"\0"])
    assert refusal.value.defect is MessageDefect.NUL


async def test_an_envelope_line_refuses_a_delivery(memory_world: World) -> None:
    with pytest.raises(MessageInvalid):
        await staged(memory_world, [b"From ann Mon Jan  1\r\nSubject: a\r\n\r\n"])


async def test_each_partition_gets_a_file_of_the_same_octets(world: World) -> None:
    async with IncomingMessage.delivered(
        world.store, {"default", "archive"}, TRACE, limits=MessageLimits()
    ) as incoming:
        incoming.write(b"Subject: a\r\n\r\nb\r\n")
        message = await incoming.finish()
    assert set(message.files) == {"default", "archive"}
    assert len({file.size_octets for file in message.files.values()}) == 1
    assert len({file.path for file in message.files.values()}) == 2


@pytest.mark.parametrize("header_octets", [100, 100_000])
async def test_all_partitions_have_been_tried_when_one_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, header_octets: int
) -> None:
    """A long header is parsed while the disks work."""
    async with IncomingMessage.delivered(
        world.store, {"default", "archive"}, TRACE, limits=MessageLimits()
    ) as incoming:
        incoming.write(b"Subject: a\r\nX: " + b"x" * header_octets + b"\r\n\r\nb\r\n")
        ended: list[str] = []

        async def refuses() -> StagedFile:
            ended.append("refused")
            raise DiskFull("no room")

        finish = incoming._staged[1].finish

        async def finishes() -> StagedFile:
            for _ in range(10):  # turns of the loop, in which the refusal could be told
                await asyncio.sleep(0)
            file = await finish()
            ended.append("finished")
            return file

        monkeypatch.setattr(
            incoming, "_staged", [Finishing(incoming._staged[0], refuses), Finishing(incoming._staged[1], finishes)]
        )
        with pytest.raises(DiskFull):
            await incoming.finish()
        assert ended == ["refused", "finished"]


async def test_an_unknown_partition_is_refused_before_anything_is_written(world: World) -> None:
    with pytest.raises(PartitionNotFound):
        async with IncomingMessage.delivered(world.store, {"default", "nowhere"}, TRACE, limits=MessageLimits()):
            pass


async def test_a_full_disk_is_told_at_the_end(memory_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = MessageLimits()
    async with IncomingMessage.delivered(memory_world.store, {"default"}, TRACE, limits=limits) as incoming:

        def full(_: bytes) -> None:
            raise DiskFull("no room")

        monkeypatch.setattr(incoming._staged[0], "write", full, raising=False)
        incoming.write(b"Subject: a\r\n\r\n")
        incoming.write(b"more")
        with pytest.raises(DiskFull):
            await incoming.finish()
