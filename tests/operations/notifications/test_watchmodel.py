"""A client that believes every word of NOTIFY knows what LIST and STATUS would answer, whatever others do meanwhile."""

import random
from pathlib import Path

import pytest
from tests.operations.notifications.watching import FLAGS, NAME, Watching, interest
from tests.store.world import World, name

from angarium.errors import AngariumError
from angarium.operations import mailboxes
from angarium.operations.notifications import Event, MailboxSet, MetadataChange, NameChange, StatusChange
from angarium.rights import SetRights, parse_rights

_NAMES = ("a", "b", "a.x", "b.x", "a.x.y", "c")


class Client:
    """What it was told."""

    def __init__(self, watching: Watching) -> None:
        self.watching = watching
        self.names: set[str] = set()
        self.subscribed: set[str] = set()
        self.messages: dict[str, int] = {}

    async def start(self) -> None:
        """Ask once, as clients do."""
        listed = await self._listed()
        self.names, self.subscribed = set(listed), {each for each, subscribed in listed.items() if subscribed}
        self.messages = await self._counted()

    async def listen(self) -> None:
        for change in await self.watching.changes():
            match change:
                case NameChange():
                    self._hear_name(change)
                case StatusChange():
                    self.messages[change.external] = change.status.messages
                case MetadataChange():
                    raise AssertionError("nobody asked for it")

    def _hear_name(self, change: NameChange) -> None:
        if change.old is not None:
            below = {each for each in self.names if each == change.old or each.startswith(f"{change.old}/")}
            moved = {each: change.external + each[len(change.old) :] for each in below}
            self.names = (self.names - below) | set(moved.values())
            for old, new in moved.items():
                if old in self.messages:
                    self.messages[new] = self.messages.pop(old)
                if old in self.subscribed:
                    self.subscribed.discard(old)
        if not change.exists or change.external not in self.names:
            self.messages.pop(change.external, None)
        (self.names.add if change.exists else self.names.discard)(change.external)
        (self.subscribed.add if change.is_subscribed else self.subscribed.discard)(change.external)

    async def check(self) -> None:
        listed = await self._listed()
        assert self.names == set(listed)
        for external, messages in (await self._counted()).items():
            # Of what it has not heard it knows that nothing came.
            assert self.messages.get(external, 0) == messages, external

    async def _listed(self) -> dict[str, bool]:
        store, actor = self.watching.world.store, self.watching.actor
        rows = await store.engine.subscriptions(actor.account) if actor.account is not None else []
        keys = {name(row.name).key for row in rows if row.subscribed}
        return {each.external: each.name.key in keys for each in await store.visible(actor)}

    async def _counted(self) -> dict[str, int]:
        store, actor = self.watching.world.store, self.watching.actor
        counted = {}
        for each in await store.visible(actor):
            try:
                counted[each.external] = (await mailboxes.status(store, actor, each.name)).messages
            except AngariumError:
                continue
        return counted


async def _do_something(world: World, chance: random.Random) -> None:
    """Somebody else does something, which may be refused."""
    user = chance.choice(("alice", "bob"))
    actor, store = world.user(user), world.store
    one, other = (name(f"user.{user}.{chance.choice(_NAMES)}") for _ in range(2))
    match chance.choice(
        ("create", "create", "add", "add", "expunge", "delete", "rename", "rename", "grant", "subscribe")
    ):
        case "create":
            await mailboxes.create(store, actor, one)
        case "add":
            await world.add(one.internal, (), ("\\Seen",))
        case "expunge":
            await world.expunge(one.internal, str(chance.randint(1, 4)))
        case "delete":
            await mailboxes.delete(store, actor, one)
        case "rename":
            await mailboxes.rename(store, actor, one, other)
        case "grant":
            rights = SetRights(parse_rights(chance.choice(("lr", "lr", "l", "r", "")), deleteright="c"))
            await mailboxes.set_acl(
                store, world.user("bob"), name("user.bob.a"), identifier="alice", modification=rights
            )
        case _:
            await mailboxes.subscribe(store, actor, one)


@pytest.mark.parametrize("seed", range(12))
async def test_a_client_that_listens_knows_what_there_is(plain_world: World, tmp_path: Path, seed: int) -> None:
    chance, world = random.Random(seed), plain_world
    everything = FLAGS | NAME | Event.SUBSCRIPTION_CHANGE
    client = Client(await Watching.of(world, tmp_path, interest(MailboxSet.SUBTREE, everything, "")))
    await client.start()
    for _ in range(150):
        try:
            await _do_something(world, chance)
        except AngariumError:
            continue
        if chance.random() < 0.6:
            await client.listen()
            await client.check()
