"""GETQUOTA, SETQUOTA, GETQUOTAROOT."""

import pytest
from tests.store.world import AUTHOR, World, name

from angarium.config.options import QuotaSettings
from angarium.engine.commands import SetQuota
from angarium.engine.rows import QuotaResource
from angarium.errors import MailboxNotFound, PermissionDenied, QuotaRootNotFound
from angarium.operations.mailboxes import (
    QuotaRoot,
    QuotaWarning,
    create,
    get_quota,
    get_quota_root,
    quota_warnings,
    remove_quota,
    set_quota,
)

STORAGE, MESSAGE = QuotaResource.STORAGE, QuotaResource.MESSAGE


def used(storage: int, message: int, mailbox: int) -> dict[QuotaResource, int]:
    return {STORAGE: storage, MESSAGE: message, QuotaResource.ANNOTATION_STORAGE: 0, QuotaResource.MAILBOX: mailbox}


async def test_nearest_root_above_governs(world: World) -> None:
    alice = world.user("alice")
    await create(world.store, alice, name("user.alice.a^b.c"))
    assert await get_quota_root(world.store, alice, name("user.alice.a^b.c")) is None
    await world.add("user.alice", [])
    octets = (await world.found("user.alice")).row.octets
    root = await set_quota(world.store, world.admin, name("user.alice"), {STORAGE: 10})
    assert root == QuotaRoot(name("user.alice"), {STORAGE: 10}, used(octets, 1, 3))
    inner = await set_quota(world.store, world.admin, name("user.alice.a^b"), {})
    assert inner == QuotaRoot(name("user.alice.a^b"), {}, used(0, 0, 2))
    assert await get_quota_root(world.store, alice, name("user.alice.a^b.c")) == inner
    root = QuotaRoot(name("user.alice"), {STORAGE: 10}, used(octets, 1, 1))
    assert await get_quota_root(world.store, alice, name("user.alice")) == root
    assert await get_quota(world.store, world.admin, name("user.alice.a^b")) == inner
    await remove_quota(world.store, world.admin, name("user.alice.a^b"))
    root = QuotaRoot(name("user.alice"), {STORAGE: 10}, used(octets, 1, 3))
    assert await get_quota_root(world.store, alice, name("user.alice.a^b.c")) == root


async def test_roots_are_the_administrators(plain_world: World) -> None:
    await set_quota(plain_world.store, plain_world.admin, name("user.alice"), {STORAGE: 10})
    for root in ("user.alice", "user.bob", "user.nobody"):
        for actor in (plain_world.user("alice"), plain_world.anonymous):
            with pytest.raises(PermissionDenied):
                await get_quota(plain_world.store, actor, name(root))
            with pytest.raises(PermissionDenied):
                await set_quota(plain_world.store, actor, name(root), {STORAGE: 99})
            with pytest.raises(PermissionDenied):
                await remove_quota(plain_world.store, actor, name(root))


async def test_unknown_roots_and_mailboxes(plain_world: World) -> None:
    for root in ("user.alice", "user.nobody"):
        with pytest.raises(QuotaRootNotFound):
            await get_quota(plain_world.store, plain_world.admin, name(root))
        with pytest.raises(QuotaRootNotFound):
            await remove_quota(plain_world.store, plain_world.admin, name(root))
    with pytest.raises(MailboxNotFound):
        await set_quota(plain_world.store, plain_world.admin, name("user.nobody"), {STORAGE: 1})


async def test_stranger_learns_no_root(plain_world: World) -> None:
    for internal in ("user.alice", "user.nobody"):
        with pytest.raises(MailboxNotFound):
            await get_quota_root(plain_world.store, plain_world.user("bob"), name(internal))
    await plain_world.set_acl("user.alice", "bob l")
    with pytest.raises(PermissionDenied):
        await get_quota_root(plain_world.store, plain_world.user("bob"), name("user.alice"))
    assert await get_quota_root(plain_world.store, plain_world.admin, name("user.alice")) is None


async def test_anonymous_visitors_are_told_no_quota(plain_world: World) -> None:
    await plain_world.create("archive", "anyone lrs")
    await plain_world.create("archive.hidden", "anyone r")
    await set_quota(plain_world.store, plain_world.admin, name("archive"), {STORAGE: 10})
    assert await get_quota_root(plain_world.store, plain_world.user("alice"), name("archive")) is not None
    with pytest.raises(PermissionDenied):
        await get_quota_root(plain_world.store, plain_world.anonymous, name("archive"))
    with pytest.raises(MailboxNotFound):
        await get_quota_root(plain_world.store, plain_world.anonymous, name("archive.hidden"))


DEFAULTS = {"quotawarnpercent": 90, "quotawarnsize": 0, "quotawarnmsg": 0}


@pytest.mark.parametrize(
    ("limits", "settings", "expected"),
    [
        ({}, {}, []),
        ({MESSAGE: 11}, {}, []),
        ({MESSAGE: 10}, {}, [QuotaWarning(MESSAGE, 100)]),
        ({MESSAGE: 9}, {}, [QuotaWarning(MESSAGE, None)]),
        ({MESSAGE: 0}, {}, [QuotaWarning(MESSAGE, None)]),
        ({MESSAGE: 20}, {"quotawarnpercent": 50}, []),
        ({MESSAGE: 20}, {"quotawarnpercent": 49}, [QuotaWarning(MESSAGE, 50)]),
        # Half is used and ten are left
        ({MESSAGE: 20}, {"quotawarnpercent": 0, "quotawarnmsg": 11}, [QuotaWarning(MESSAGE, 50)]),
        ({MESSAGE: 20}, {"quotawarnpercent": 0, "quotawarnmsg": 10}, []),
        ({MESSAGE: 20}, {"quotawarnpercent": 0, "quotawarnmsg": 20}, [QuotaWarning(MESSAGE, 50)]),
        ({MESSAGE: 9}, {"quotawarnmsg": 1}, [QuotaWarning(MESSAGE, None)]),
        ({STORAGE: 1}, {"quotawarnpercent": 0}, [QuotaWarning(STORAGE, 30)]),
        ({STORAGE: 1}, {"quotawarnpercent": 0, "quotawarnsize": 100}, []),
        ({STORAGE: 1}, {"quotawarnpercent": 0, "quotawarnsize": 1000}, [QuotaWarning(STORAGE, 30)]),
        ({QuotaResource.MAILBOX: 1, STORAGE: 0}, {}, [
            QuotaWarning(STORAGE, None), QuotaWarning(QuotaResource.MAILBOX, 100)
        ]),
    ],
)  # fmt: skip
async def test_little_room_is_told(
    plain_world: World, limits: dict[QuotaResource, int], settings: dict[str, int], expected: list[QuotaWarning]
) -> None:
    world = plain_world
    await world.add("user.alice", *[[]] * 10)
    await world.do("user.alice", SetQuota("", limits, AUTHOR))
    mailbox = await world.found("user.alice", world.user("alice"))
    warned = await quota_warnings(world.store, world.user("alice"), mailbox, QuotaSettings(**DEFAULTS | settings))
    assert warned == expected


@pytest.mark.parametrize(("rights", "is_told"), [("lrte", True), ("lrt", False), ("lre", False), ("lr", False)])
async def test_who_cannot_make_room_is_told_nothing(plain_world: World, rights: str, *, is_told: bool) -> None:
    world = plain_world
    await world.add("user.alice", [])
    await world.do("user.alice", SetQuota("", {MESSAGE: 0}, AUTHOR))
    await world.set_acl("user.alice", f"bob {rights}")
    mailbox = await world.found("user.alice", world.user("bob"))
    warned = await quota_warnings(world.store, world.user("bob"), mailbox, QuotaSettings(**DEFAULTS))
    assert bool(warned) is is_told
