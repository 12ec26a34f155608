"""Who waits for changes of an account."""

import asyncio
from pathlib import Path

from tests.store.world import World

from angarium.engine.rows import AccountId
from angarium.imap.watchers import Watchers

_ONE, _OTHER = AccountId("one"), AccountId("other")


def test_watches_are_called_for_their_account_only() -> None:
    calls: list[str] = []
    watchers = Watchers()
    first, second = (lambda: calls.append("first")), (lambda: calls.append("second"))
    watchers.watch(_ONE, first)
    watchers.watch(_ONE, second)
    watchers.watch(_OTHER, second)
    assert set(watchers.accounts) == {_ONE, _OTHER}
    watchers.announced(_OTHER)
    assert calls == ["second"]
    watchers.unwatch(_ONE, second)
    watchers.unwatch(_ONE, second)
    watchers.unwatch(_OTHER, second)
    watchers.unwatch(_OTHER, first)
    watchers.announced(_ONE)
    watchers.announced(_OTHER)
    assert calls == ["second", "first"]
    assert watchers.accounts == (_ONE,)


def test_others_are_told_when_the_first_begins_to_wait_for_an_account_and_when_the_last_has_ended() -> None:
    told: list[str] = []
    watchers = Watchers(on_first=lambda each: told.append(f"+{each}"), on_last=lambda each: told.append(f"-{each}"))
    first, second = (lambda: None), (lambda: None)
    watchers.watch(_ONE, first)
    watchers.watch(_ONE, second)
    watchers.watch(_OTHER, second)
    assert told == ["+one", "+other"]
    watchers.unwatch(_ONE, first)
    watchers.unwatch(_OTHER, first)
    assert told == ["+one", "+other"]
    watchers.unwatch(_ONE, second)
    watchers.unwatch(_ONE, second)
    assert told == ["+one", "+other", "-one"]


def test_watch_may_end_while_it_is_called() -> None:
    watchers = Watchers()
    calls: list[str] = []

    def once() -> None:
        calls.append("once")
        watchers.unwatch(_ONE, once)

    watchers.watch(_ONE, once)
    watchers.announced(_ONE)
    watchers.announced(_ONE)
    assert calls == ["once"]


def test_engine_is_listened_to_until_the_end(tmp_path: Path) -> None:
    async def talk() -> None:
        world = await World.open("memory", tmp_path)
        watchers = Watchers()
        end = watchers.listen_to(world.engine)
        heard = asyncio.Event()
        account = (await world.found("user.alice")).account
        watchers.watch(account, heard.set)
        await world.add("user.alice", ())
        assert heard.is_set()
        heard.clear()
        end()
        await world.add("user.alice", ())
        assert not heard.is_set()
        await world.engine.close()

    asyncio.run(talk())
