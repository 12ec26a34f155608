"""A delivery is there whole or not at all, whatever a power cut leaves, and its mail to send is never forgotten."""

import asyncio
from copy import deepcopy
from pathlib import Path

from tests.powercut.checks import check_store
from tests.powercut.client import Client, Promised
from tests.powercut.cuts import after_the_cut, record_and_cut
from tests.powercut.deliveries import (
    Post,
    PostClient,
    PromisedPost,
    check_deliveries,
    check_put_aside,
    check_retry,
    check_sweep,
)
from tests.powercut.record import Record

from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions


async def deliveries(recorded: Client) -> None:
    """Several messages and mail at once, tried again, sent, and given up for another one."""
    client = PostClient.of(recorded)
    account = await client.create_account("user.alice")
    inbox, work = await client.create(account, ""), await client.create(account, "work")
    await client.limit(account, "", 100)
    first = Post(account, ((inbox, 1), (work, 2), (inbox, 3)), (("a@x", None), ("b@x", 2)), ("seen",))
    await client.post(first)
    await client.post(Post(account, ((inbox, 4),)))
    await client.post(Post(account, ((inbox, 1), (work, 5)), (("b@x", 2), ("c@x", 5))))
    await client.sent(account, "b@x")
    await client.sent(account, "a@x", ("d@x", 7))
    await client.sent(account, "c@x", ("e@x", None))
    await client.post(Post(account, (), (("f@x", 8),), ("again",)))


async def check(options: SqliteOptions, promised: PromisedPost, coming: PromisedPost, *, turn: int) -> bool:
    """Open what the cut left, hold it against what was promised, and go on; whether a delivery was tried again."""
    engine = await SqliteEngine.open(options, SystemSources())
    try:
        await check_store(engine, promised, coming)
        await check_deliveries(engine, promised, coming)
        match turn % 3:
            case 0 if len(coming.posts) > len(promised.posts):
                client = PostClient(engine, Record())
                client.promised = deepcopy(promised)
                await check_retry(engine, client, coming)
                return True
            case 1:
                await check_sweep(engine, options.partitions["default"], promised)
                await check_deliveries(engine, promised, coming)
            case _:
                await check_put_aside(engine, options.partitions["default"], promised)
        return False
    finally:
        await engine.close()


def test_a_delivery_is_whole_or_was_never_made(tmp_path: Path) -> None:
    checked = retried = 0
    for state, base, promised, coming in record_and_cut(tmp_path, deliveries):
        with after_the_cut(state, base) as options:
            retried += asyncio.run(check(options, as_post(promised), as_post(coming), turn=checked))
        checked += 1
    assert checked > 300
    assert retried > 30


def as_post(promised: Promised) -> PromisedPost:
    """Before the first acknowledgement nothing was promised at all."""
    return promised if isinstance(promised, PromisedPost) else PromisedPost()
