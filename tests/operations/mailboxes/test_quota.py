"""GETQUOTA, SETQUOTA, GETQUOTAROOT."""

import pytest
from tests.store.world import World, name

from angarium.errors import MailboxNotFound, PermissionDenied, QuotaRootNotFound
from angarium.operations.mailboxes import QuotaRoot, create, get_quota, get_quota_root, remove_quota, set_quota


async def test_nearest_root_above_governs(world: World) -> None:
    alice = world.user("alice")
    await create(world.store, alice, name("user.alice.a^b.c"))
    assert await get_quota_root(world.store, alice, name("user.alice.a^b.c")) is None
    await world.add("user.alice", [])
    octets = (await world.found("user.alice")).row.octets
    root = await set_quota(world.store, world.admin, name("user.alice"), storage_limit_kib=10)
    assert root == QuotaRoot(name("user.alice"), octets, 10)
    inner = await set_quota(world.store, world.admin, name("user.alice.a^b"), storage_limit_kib=None)
    assert inner == QuotaRoot(name("user.alice.a^b"), 0, None)
    assert await get_quota_root(world.store, alice, name("user.alice.a^b.c")) == inner
    assert await get_quota_root(world.store, alice, name("user.alice")) == root
    assert await get_quota(world.store, world.admin, name("user.alice.a^b")) == inner
    await remove_quota(world.store, world.admin, name("user.alice.a^b"))
    assert await get_quota_root(world.store, alice, name("user.alice.a^b.c")) == root


async def test_roots_are_the_administrators(plain_world: World) -> None:
    await set_quota(plain_world.store, plain_world.admin, name("user.alice"), storage_limit_kib=10)
    for root in ("user.alice", "user.bob", "user.nobody"):
        for actor in (plain_world.user("alice"), plain_world.anonymous):
            with pytest.raises(PermissionDenied):
                await get_quota(plain_world.store, actor, name(root))
            with pytest.raises(PermissionDenied):
                await set_quota(plain_world.store, actor, name(root), storage_limit_kib=99)
            with pytest.raises(PermissionDenied):
                await remove_quota(plain_world.store, actor, name(root))


async def test_unknown_roots_and_mailboxes(plain_world: World) -> None:
    for root in ("user.alice", "user.nobody"):
        with pytest.raises(QuotaRootNotFound):
            await get_quota(plain_world.store, plain_world.admin, name(root))
        with pytest.raises(QuotaRootNotFound):
            await remove_quota(plain_world.store, plain_world.admin, name(root))
    with pytest.raises(MailboxNotFound):
        await set_quota(plain_world.store, plain_world.admin, name("user.nobody"), storage_limit_kib=1)


async def test_stranger_learns_no_root(plain_world: World) -> None:
    for internal in ("user.alice", "user.nobody"):
        with pytest.raises(MailboxNotFound):
            await get_quota_root(plain_world.store, plain_world.user("bob"), name(internal))
    await plain_world.set_acl("user.alice", "bob l")
    with pytest.raises(PermissionDenied):
        await get_quota_root(plain_world.store, plain_world.user("bob"), name("user.alice"))
    assert await get_quota_root(plain_world.store, plain_world.admin, name("user.alice")) is None
