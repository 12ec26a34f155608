"""No operation shows a mailbox to the wrong person: the answer is the one for a mailbox that is not there."""

from collections.abc import Awaitable, Callable

import pytest
from tests.store.world import World, name

from angarium.errors import AngariumError
from angarium.names import ListPattern, MailboxName
from angarium.operations.mailboxes import (
    create,
    delete,
    delete_acl,
    get_acl,
    get_quota,
    get_quota_root,
    list_mailboxes,
    list_rights,
    list_subscriptions,
    my_rights,
    rename,
    set_acl,
    set_quota,
    status,
    subscribe,
)
from angarium.rights import parse_modification
from angarium.store import Actor, Store

ALL = parse_modification("lrswipkxtea")

OPERATIONS: dict[str, Callable[[Store, Actor, MailboxName], Awaitable[object]]] = {
    "create": create,
    "create below": lambda store, actor, at: create(store, actor, at.child("x")),
    "delete": delete,
    "rename": lambda store, actor, at: rename(store, actor, at, name("user.bob.taken")),
    "rename to it": lambda store, actor, at: rename(store, actor, name("user.bob.own"), at),
    "rename below it": lambda store, actor, at: rename(store, actor, name("user.bob.own"), at.child("x")),
    "status": status,
    "subscribe": subscribe,
    "get_acl": get_acl,
    "set_acl": lambda store, actor, at: set_acl(store, actor, at, identifier="bob", modification=ALL),
    "delete_acl": lambda store, actor, at: delete_acl(store, actor, at, identifier="alice"),
    "my_rights": my_rights,
    "list_rights": lambda store, actor, at: list_rights(store, actor, at, identifier="bob"),
    "get_quota": get_quota,
    "set_quota": lambda store, actor, at: set_quota(store, actor, at, {}),
    "get_quota_root": get_quota_root,
}


async def _answer(
    operation: Callable[[Store, Actor, MailboxName], Awaitable[object]], world: World, internal: str
) -> type[AngariumError]:
    with pytest.raises(AngariumError) as refusal:
        await operation(world.store, world.user("bob"), name(internal))
    return refusal.type


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("acl", "there", "missing"),
    [
        ("alice lrswipkxtea", "user.alice", "user.nobody"),
        ("alice lrswipkxtea", "user.alice.secret", "user.alice.nothing"),
        # rights that open none of it by themselves, and those that do taken away again
        ("alice lrswipkxtea bob swpte", "user.alice.secret", "user.alice.nothing"),
        ("alice lrswipkxtea anyone lrswipkxtea -bob lrikxa", "user.alice.secret", "user.alice.nothing"),
        ("alice lrswipkxtea anyone lrswipkxtea -bob lrikxa", "board", "nothing"),
    ],
)
async def test_stranger_cannot_tell_a_hidden_mailbox_from_none(
    plain_world: World, operation: str, acl: str, there: str, missing: str
) -> None:
    await plain_world.create("user.bob.own", "bob lrswipkxtea")
    if there == "user.alice":
        await plain_world.set_acl(there, acl)
    else:
        await plain_world.create(there, acl)
    hidden = await _answer(OPERATIONS[operation], plain_world, there)
    assert hidden is await _answer(OPERATIONS[operation], plain_world, missing)


@pytest.mark.parametrize("operation", ["get_acl", "set_acl", "delete_acl", "list_rights", "subscribe"])
async def test_what_cannot_be_looked_up_has_no_acl_to_speak_of(plain_world: World, operation: str) -> None:
    await plain_world.create("user.alice.secret", "alice lrswipkxtea bob rswipkxtea")
    hidden = await _answer(OPERATIONS[operation], plain_world, "user.alice.secret")
    assert hidden is await _answer(OPERATIONS[operation], plain_world, "user.alice.nothing")


async def test_lists_do_not_name_what_is_hidden(plain_world: World) -> None:
    bob = plain_world.user("bob")
    everything = [ListPattern("", "*", "/"), ListPattern("", "%", "/"), ListPattern("", "Other Users/%", "/")]
    before = await list_mailboxes(plain_world.store, bob, everything)
    await plain_world.create("user.alice.secret", "alice lrs bob rswipkxtea")
    await plain_world.create("board", "anyone lrs -bob l")
    assert await list_mailboxes(plain_world.store, bob, everything) == before
    assert await list_subscriptions(plain_world.store, bob, everything) == []
