"""DIGEST.SHA1: of short and of long messages, remembered."""

import hashlib

import pytest
from tests.operations.messages.conftest import MAIL, World, uid_set

from angarium.errors import MessageFileMissing
from angarium.fetchitem import FetchAttribute
from angarium.operations.messages import BytesColumn, FetchBatch, fetch

LONG = MAIL + b"0123456789abcdef\r\n" * 100_000


async def fetched(world: World, *uids: int) -> FetchBatch:
    selected = await world.select("user.alice", examine=True)
    items = [FetchAttribute.DIGEST_SHA1]
    (batch,) = [b async for b in fetch(world.store, world.cache, world.alice, selected, uid_set(*uids), items)]
    return batch


async def test_digests_are_of_the_whole_message(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for octets in (MAIL, LONG, MAIL):
        await world.append("user.alice", octets)
    digests = [hashlib.sha1(octets).hexdigest().encode() for octets in (MAIL, LONG)]
    assert (await fetched(world, 1, 2)).columns == (BytesColumn(digests),)

    async def lose(*_: object) -> object:
        raise MessageFileMissing("as asked for")

    monkeypatch.setattr(world.engine, "open_message", lose)
    batch = await fetched(world, 1, 2, 3)
    assert batch.columns == (BytesColumn(digests),)
    assert batch.missing == (3,)
