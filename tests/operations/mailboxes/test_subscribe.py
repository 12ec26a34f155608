"""SUBSCRIBE and UNSUBSCRIBE."""

import pytest
from tests.store.world import World, name

from angarium.errors import MailboxNotFound, PermissionDenied
from angarium.operations.mailboxes import subscribe, unsubscribe


async def _subscribed(world: World) -> list[str]:
    account = world.user("alice").account
    assert account is not None
    return [row.name for row in await world.engine.subscriptions(account) if row.subscribed]


async def test_subscriptions_come_and_go(world: World) -> None:
    alice = world.user("alice")
    await world.create("user.alice.Caf\u00e9", "alice l")
    await world.create("board", "anyone l")
    for internal in ("board", "user.alice.Cafe\u0301", "board"):
        await subscribe(world.store, alice, name(internal))
    assert await _subscribed(world) == ["board", "user.alice.Caf\u00e9"]
    await unsubscribe(world.store, alice, name("user.alice.Cafe\u0301"))
    assert await _subscribed(world) == ["board"]


async def test_unsubscribing_what_is_not_subscribed_succeeds(world: World) -> None:
    for internal in ("nosuch", "user.bob"):
        await unsubscribe(world.store, world.user("alice"), name(internal))
    await unsubscribe(world.store, world.anonymous, name("nosuch"))


@pytest.mark.parametrize("internal", ["nosuch", "user.bob", "user.nobody"])
async def test_only_what_one_may_know_of_can_be_subscribed(plain_world: World, internal: str) -> None:
    with pytest.raises(MailboxNotFound):
        await subscribe(plain_world.store, plain_world.user("alice"), name(internal))


async def test_subscriptions_need_an_account(plain_world: World) -> None:
    await plain_world.create("board", "anyone l")
    with pytest.raises(PermissionDenied):
        await subscribe(plain_world.store, plain_world.anonymous, name("board"))
