"""GETACL, SETACL, DELETEACL, MYRIGHTS, LISTRIGHTS."""

from dataclasses import replace

import pytest
from tests.store.world import World, name

from angarium.errors import AclInvalid, MailboxNotFound, PermissionDenied
from angarium.names import NameSettings, UserId, VirtDomains
from angarium.operations.mailboxes import create, delete_acl, get_acl, list_rights, my_rights, set_acl
from angarium.rights import parse_modification, serialize_rights
from angarium.store import Actor, Store


async def _set(world: World, user: str, internal: str, identifier: str, rights: str) -> None:
    actor = world.admin if user == "cyrus" else world.user(user)
    await set_acl(world.store, actor, name(internal), identifier=identifier, modification=parse_modification(rights))


async def _get(world: World, internal: str) -> str:
    return (await get_acl(world.store, world.admin, name(internal))).serialize().replace("\t", " ").strip()


async def test_what_is_set_is_in_force_at_once(world: World) -> None:
    bob = world.user("bob")
    with pytest.raises(MailboxNotFound):
        await my_rights(world.store, bob, name("user.alice"))
    await _set(world, "alice", "user.alice", "bob", "lrs")
    await _set(world, "alice", "user.alice", "bob", "+w")
    await _set(world, "alice", "user.alice", "bob", "-s")
    assert serialize_rights(await my_rights(world.store, bob, name("user.alice"))) == "lrw"
    assert "user.alice" in [each.name.internal for each in await world.store.visible(bob)]
    assert await _get(world, "user.alice") == "alice lrswipkxtecdan bob lrw"
    await delete_acl(world.store, world.user("alice"), name("user.alice"), identifier="bob")
    with pytest.raises(MailboxNotFound):
        await my_rights(world.store, bob, name("user.alice"))
    assert "user.alice" not in [each.name.internal for each in await world.store.visible(bob)]


async def test_identifiers_as_cyrus_lists_them(plain_world: World) -> None:
    for identifier, rights in (("bob", "cd"), ("anyone", "lr"), ("anonymous", "p"), ("-bob", "w"), ("group:s", "lr")):
        await _set(plain_world, "alice", "user.alice", identifier, rights)
    expected = "alice lrswipkxtecdan bob kxtecd anyone lr anonymous p -bob w group:s lr"
    assert await _get(plain_world, "user.alice") == expected
    await delete_acl(plain_world.store, plain_world.user("alice"), name("user.alice"), identifier="nobody")
    assert await _get(plain_world, "user.alice") == expected
    with pytest.raises(AclInvalid):
        await _set(plain_world, "alice", "user.alice", "", "lr")


@pytest.mark.parametrize("rights", ["l", "lr", "-k", "-a", ""])
async def test_owner_cannot_lock_herself_out(plain_world: World, rights: str) -> None:
    with pytest.raises(PermissionDenied):
        await _set(plain_world, "alice", "user.alice", "alice", rights)
    with pytest.raises(PermissionDenied):
        await delete_acl(plain_world.store, plain_world.user("alice"), name("user.alice"), identifier="alice")
    assert await _get(plain_world, "user.alice") == "alice lrswipkxtecdan"


async def test_owner_may_give_up_what_is_not_implicit(plain_world: World) -> None:
    await _set(plain_world, "alice", "user.alice", "alice", "-e")
    assert await _get(plain_world, "user.alice") == "alice lrswipkxtcdan"


async def test_administrator_leaves_the_owner_what_is_implicit(plain_world: World) -> None:
    await _set(plain_world, "cyrus", "user.alice", "alice", "lr")
    assert await _get(plain_world, "user.alice") == "alice lrkxcan"
    await delete_acl(plain_world.store, plain_world.admin, name("user.alice"), identifier="alice")
    assert await _get(plain_world, "user.alice") == "alice lkxcan"


@pytest.mark.parametrize(
    ("acl", "refusal"), [("", MailboxNotFound), ("a", MailboxNotFound), ("lrsx", PermissionDenied)]
)
async def test_right_a_is_needed(plain_world: World, acl: str, refusal: type[Exception]) -> None:
    await plain_world.set_acl("user.alice", f"alice lrs bob {acl}" if acl else "alice lrs")
    bob, inbox = plain_world.user("bob"), name("user.alice")
    with pytest.raises(refusal):
        await get_acl(plain_world.store, bob, inbox)
    with pytest.raises(refusal):
        await _set(plain_world, "bob", "user.alice", "bob", "lrswipkxtea")
    with pytest.raises(refusal):
        await delete_acl(plain_world.store, bob, inbox, identifier="alice")
    with pytest.raises(refusal):
        await list_rights(plain_world.store, bob, inbox, identifier="bob")


async def test_list_rights_of_owner_and_others(plain_world: World) -> None:
    await create(plain_world.store, plain_world.user("alice"), name("user.alice.Sent"))

    async def required(internal: str, identifier: str) -> str:
        actor = plain_world.user("alice")
        return (await list_rights(plain_world.store, actor, name(internal), identifier=identifier)).required

    assert await required("user.alice", "alice") == "lkxcan"
    assert await required("user.alice", "bob") == "p"
    assert await required("user.alice.Sent", "bob") == ""


async def test_options_keep_users_from_sharing(plain_world: World) -> None:
    policy = replace(plain_world.store.policy, anyoneuseracl=False)
    store = Store(plain_world.engine, policy, plain_world.sources)
    lookup = parse_modification("l")
    with pytest.raises(PermissionDenied):
        await set_acl(store, plain_world.user("alice"), name("user.alice"), identifier="anyone", modification=lookup)
    await set_acl(store, plain_world.user("alice"), name("user.alice"), identifier="bob", modification=lookup)
    store = Store(plain_world.engine, replace(policy, allowsetacl=False), plain_world.sources)
    with pytest.raises(PermissionDenied):
        await set_acl(store, plain_world.user("alice"), name("user.alice"), identifier="carol", modification=lookup)
    await set_acl(store, plain_world.admin, name("user.alice"), identifier="anyone", modification=lookup)


async def test_users_of_a_domain_mean_one_another(plain_world: World) -> None:
    policy = replace(plain_world.store.policy, names=NameSettings(virtdomains=VirtDomains.USERID))
    store = Store(plain_world.engine, policy, plain_world.sources)
    await create(store, plain_world.admin, name("example.com!user.ann"))
    ann = Actor(UserId("ann", "example.com"))
    inbox = name("example.com!user.ann")
    for identifier in ("Ben", "carl@example.org", "-dan", "anyone"):
        await set_acl(store, ann, inbox, identifier=identifier, modification=parse_modification("l"))
    identifiers = [entry.identifier for entry in (await get_acl(store, ann, inbox)).entries]
    assert identifiers == ["ann@example.com", "ben@example.com", "carl@example.org", "-dan@example.com", "anyone"]
