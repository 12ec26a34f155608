"""Snapshots of mailboxes; what sessions of POP3 make of them stands in `tests/pop3/test_session.py`."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.world import ENGINES, World

from angarium.config.options import Pop3Settings
from angarium.engine.commands import PurgeMessages
from angarium.errors import MailboxNameInvalid, MailboxNotFound, MessageNotFound
from angarium.operations.maildrop import Maildrop, open_maildrop


@pytest.fixture(params=sorted(ENGINES))
def world(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Path) -> Iterator[World]:
    """Users alice and bob, over each engine."""
    world = runner.run(World.open(request.param, tmp_path))
    yield world
    runner.run(world.engine.close())


async def opened(world: World, user: str = "alice", settings: Pop3Settings | None = None) -> Maildrop:
    maildrop = await open_maildrop(world.store, world.user(user), settings or Pop3Settings())
    assert isinstance(maildrop, Maildrop)
    return maildrop


async def test_numbers_stay_what_they_are(world: World, runner: asyncio.Runner) -> None:
    await world.add("user.alice", *[()] * 5)
    await world.expunge("user.alice", "2")
    maildrop = await opened(world)
    await world.expunge("user.alice", "4")
    await world.add("user.alice", ())
    assert [maildrop.uid(number) for number in range(1, 5)] == [1, 3, 4, 5]
    assert (maildrop.messages, maildrop.left, maildrop.left_octets) == (4, 4, 4 * maildrop.size_octets(1))
    assert [maildrop.has(number) for number in (0, 1, 4, 5, -1)] == [False, True, True, False, False]
    await maildrop.delete(2)
    rows = maildrop.rows(1, 100)
    assert (rows.numbers.tolist(), rows.uids.tolist()) == ([1, 3, 4], [1, 4, 5])
    assert maildrop.rows(2, 3).numbers.tolist() == [3]
    assert (maildrop.deleted, maildrop.left) == (1, 3)
    maildrop.reset()
    assert maildrop.rows(1, 4).numbers.tolist() == [1, 2, 3, 4]


async def test_update_expunges_what_is_marked_and_nothing_else(world: World, runner: asyncio.Runner) -> None:
    await world.add("user.alice", *[()] * 4)
    await world.flag("user.alice", "4", "\\Deleted")
    maildrop = await opened(world)
    await maildrop.delete(1)
    await maildrop.delete(3)
    await world.expunge("user.alice", "3")
    await maildrop.update()
    assert maildrop.removed == 1
    left = await opened(world)
    assert [left.uid(number) for number in range(1, left.messages + 1)] == [2, 4]


async def test_a_file_that_was_purged_is_not_found(world: World, runner: asyncio.Runner) -> None:
    await world.add("user.alice", (), ())
    maildrop = await opened(world)
    await world.expunge("user.alice", "1")
    mailbox = await world.found("user.alice")
    world.sources.time_s += 86_400
    await world.do("user.alice", PurgeMessages(mailbox.id, world.sources.time_s))
    with pytest.raises(MessageNotFound):
        await maildrop.open(1)
    file = await maildrop.open(2)
    assert file.size_octets == maildrop.size_octets(2)
    file.close()


async def test_nobody_gets_the_maildrop_of_another(world: World, runner: asyncio.Runner) -> None:
    with pytest.raises(MailboxNotFound):
        await open_maildrop(world.store, world.anonymous, Pop3Settings())
    with pytest.raises(MailboxNotFound):
        await open_maildrop(world.store, world.user("carol"), Pop3Settings())
    # The name of a folder cannot lead out of the account.
    for folder in ("/user/bob", "../bob", "a//b", "."):
        with pytest.raises((MailboxNotFound, MailboxNameInvalid)):
            await open_maildrop(world.store, world.user("alice"), Pop3Settings(), folder=folder)


async def test_snapshots_of_one_moment_share_their_columns(runner: asyncio.Runner, tmp_path: Path) -> None:
    world = await World.open("memory", tmp_path)
    await world.add("user.alice", *[()] * 2000)
    await opened(world)
    maildrops = [await opened(world) for _ in range(3)]
    assert all(maildrop._uids is maildrops[0]._uids for maildrop in maildrops)
    await world.engine.close()
