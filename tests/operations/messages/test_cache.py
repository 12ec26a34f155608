"""What a worker remembers of messages, and how much memory that takes."""

import gc
import tracemalloc
from collections.abc import Sequence

from tests.operations.messages.conftest import MAIL, World, uid_set

from angarium.fetchitem import BodySection, FetchAttribute, Preview, SectionKind
from angarium.operations.messages import MessageCache, MessageLimits, SectionColumn, fetch
from angarium.operations.messages.fetchbatch import FetchedItem

PADDING = b"X-Padding: " + b"x" * 900 + b"\r\n"
FIELDS = BodySection((), SectionKind.HEADER_FIELDS, (b"From", b"X-Padding"), peek=True)
EVERYTHING: Sequence[FetchedItem] = [
    FetchAttribute.ENVELOPE,
    FetchAttribute.BODYSTRUCTURE,
    FetchAttribute.DIGEST_SHA1,
    Preview(),
    FIELDS,
]


async def test_a_fetch_of_many_messages_leaves_no_more_behind_than_the_cache_may_hold(memory_world: World) -> None:
    world = memory_world
    for number in range(300):
        await world.append("user.alice", PADDING + MAIL + b"%d " % number * 60)
    selected = await world.select("user.alice", examine=True)
    uids = uid_set(*range(1, 301))
    octets = 200_000
    for limit in (octets, 0):  # the second time to see what a FETCH takes without remembering
        world.cache = MessageCache(world.store, limits=MessageLimits(), octets=limit)
        gc.collect()
        tracemalloc.start()
        async for batch in fetch(world.store, world.cache, world.alice, selected, uids, EVERYTHING):
            assert len(batch.uids)
        del batch
        gc.collect()
        left = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        # The memory engine itself keeps previews, some 400 octets each.
        assert left < limit // 2 + 300 * 600


async def test_long_sections_are_never_held(world: World) -> None:
    mail = MAIL + b"0123456789abcde\r\n" * 500_000
    await world.append("user.alice", mail)
    selected = await world.select("user.alice", examine=True)
    tracemalloc.start()
    octets = 0
    async for batch in fetch(world.store, world.cache, world.alice, selected, uid_set(1), [BodySection(peek=True)]):
        (column,) = batch.columns
        assert isinstance(column, SectionColumn)
        (section,) = column.values
        assert section is not None
        assert not isinstance(section, bytes)
        async for chunk in section.chunks():
            octets += len(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert octets == len(mail)
    assert peak < 2 << 20
