"""LIST, LSUB and NAMESPACE: names and attributes, as one actor may see them."""

from dataclasses import replace

import pytest
from tests.store.world import World, name

from angarium.names import ListPattern, NameSettings, Namespaces
from angarium.operations.mailboxes import (
    ListAttribute,
    Listed,
    create,
    delete,
    list_mailboxes,
    list_subscriptions,
    namespaces,
    subscribe,
)
from angarium.store import Actor, Store


def _shown(listed: list[Listed]) -> list[str]:
    return [" ".join([each.external, *[attribute.value for attribute in each.attributes]]) for each in listed]


async def _list(world: World, actor: Actor, *patterns: str, reference: str = "") -> list[str]:
    separator = world.store.namespace(actor).separator
    wanted = [ListPattern(reference, pattern, separator) for pattern in patterns]
    return _shown(await list_mailboxes(world.store, actor, wanted))


async def _subscribed(world: World, actor: Actor, *patterns: str) -> list[str]:
    """What LIST (SUBSCRIBED) shows."""
    wanted = [ListPattern("", pattern, "/") for pattern in patterns]
    listed = await list_mailboxes(world.store, actor, wanted, with_gone=True)
    return _shown([each for each in listed if ListAttribute.SUBSCRIBED in each.attributes])


async def _lsub(world: World, actor: Actor, pattern: str) -> list[str]:
    return _shown(await list_subscriptions(world.store, actor, [ListPattern("", pattern, "/")]))


async def _mailboxes(world: World) -> None:
    for internal in ("user.alice.Work.2026", "user.alice.Drafts", "user.alice.INBOX.sub"):
        await create(world.store, world.user("alice"), name(internal))
    await world.create("board", "bob lrs")
    await world.create("board.sub", "anyone lrs")
    await world.create("user.bob.a", "bob lrs")
    await world.create("user.bob.a.b", "bob lrs alice lr")
    await world.create("user.bob.hidden", "bob lrs alice rswi")


@pytest.mark.parametrize(
    ("reference", "patterns", "expected"),
    [
        (
            "",
            ["*"],
            [
                "INBOX \\HasChildren",
                "INBOX/sub \\HasNoChildren",
                "Drafts \\HasNoChildren",
                "Work \\HasChildren",
                "Work/2026 \\HasNoChildren",
                "Other Users/bob/a/b \\HasNoChildren",
                "Shared Folders/board/sub \\HasNoChildren",
            ],
        ),
        (
            "",
            ["%"],
            [
                "INBOX \\HasChildren",
                "Drafts \\HasNoChildren",
                "Work \\HasChildren",
                "Other Users \\Noselect \\HasChildren",
                "Shared Folders \\Noselect \\HasChildren",
            ],
        ),
        ("Work/", ["%"], ["Work/2026 \\HasNoChildren"]),
        ("", ["Other Users/%"], ["Other Users/bob \\Noselect \\HasChildren"]),
        ("", ["Other Users/bob/a"], []),
        ("", ["nosuch", "Drafts", "D*"], ["Drafts \\HasNoChildren"]),
        ("", [], []),
    ],
)
async def test_user_sees_her_own_and_what_is_shared(
    plain_world: World, reference: str, patterns: list[str], expected: list[str]
) -> None:
    await _mailboxes(plain_world)
    assert await _list(plain_world, plain_world.user("alice"), *patterns, reference=reference) == expected


@pytest.mark.parametrize(
    "pattern",
    ["user/a*", "user/alice", "user/alice/W*", "user/bob/%", "us*", "user/%", "bo*", "board/s*", "%", "x*", "*b"],
)
async def test_an_administrator_is_told_the_same_by_whatever_her_pattern_begins(world: World, pattern: str) -> None:
    await _mailboxes(world)
    await delete(world.store, world.user("alice"), name("user.alice.Drafts"))
    whole = ListPattern("", pattern, "/")
    everything = await _list(world, world.admin, "*")
    everything += [f"{level} \\Noselect \\HasChildren" for level in ("user", "DELETED") if whole.lists_parents]
    expected = [line for line in everything if whole.matches(line.partition(" ")[0])]
    assert sorted(await _list(world, world.admin, pattern)) == sorted(expected)


async def test_prefixes_leave_out_what_is_far_and_nothing_of_ones_own(world: World) -> None:
    await _mailboxes(world)
    seen = await world.store.visible(world.admin, prefixes=["user/bob/a"])
    assert [mailbox.external for mailbox in seen] == ["user/bob", "user/bob/a", "user/bob/a/b", "user/bob/hidden"]
    own = await world.store.visible(world.user("alice"), prefixes=["x"])
    assert "INBOX" in own.by_external


async def test_what_is_kept_is_there_the_next_time(world: World) -> None:
    await _mailboxes(world)
    alice = world.user("alice")
    first = await _list(world, alice, "*")
    await (await world.store.visible(alice)).let_go()
    assert await _list(world, alice, "*") == first


async def test_administrator_sees_all_and_deleted_ones_last(world: World) -> None:
    await create(world.store, world.user("alice"), name("user.alice.work"))
    await delete(world.store, world.user("alice"), name("user.alice.work"))
    await world.create("board", "bob lrs")
    assert await _list(world, world.admin, "*") == [
        "user/alice \\HasNoChildren",
        "user/bob \\HasNoChildren",
        "board \\HasNoChildren",
        "DELETED/user/alice/work/6553F100 \\HasNoChildren",
    ]
    assert await _list(world, world.admin, "%") == [
        "user \\Noselect \\HasChildren",
        "board \\HasNoChildren",
        "DELETED \\Noselect \\HasChildren",
    ]


async def test_hidden_child_does_not_show_in_attributes(plain_world: World) -> None:
    await plain_world.create("board", "anyone lrs")
    await plain_world.create("board.secret", "bob lrs")
    alice = plain_world.user("alice")
    assert await _list(plain_world, alice, "Shared*") == ["Shared Folders/board \\HasNoChildren"]


async def test_names_in_the_traditional_namespace(plain_world: World) -> None:
    names = NameSettings(altnamespace=False, unixhierarchysep=False)
    store = Store(plain_world.engine, replace(plain_world.store.policy, names=names), plain_world.sources)
    await _mailboxes(plain_world)
    listed = await list_mailboxes(store, plain_world.user("alice"), [ListPattern("", "*", ".")])
    assert [each.external for each in listed] == [
        "INBOX",
        "INBOX.Drafts",
        "INBOX.INBOX.sub",
        "INBOX.Work",
        "INBOX.Work.2026",
        "user.bob.a.b",
        "board.sub",
    ]


async def test_subscribed_is_told(world: World) -> None:
    alice = world.user("alice")
    await create(world.store, alice, name("user.alice.Work.2026"))
    await subscribe(world.store, alice, name("user.alice.Work.2026"))
    assert await _list(world, alice, "Work*") == ["Work \\HasChildren", "Work/2026 \\HasNoChildren \\Subscribed"]
    assert await _lsub(world, alice, "*") == ["Work/2026"]
    assert await _lsub(world, alice, "%") == ["Work \\Noselect \\HasChildren"]
    await subscribe(world.store, alice, name("user.alice.Work"))
    assert await _lsub(world, alice, "*") == ["Work \\HasChildren", "Work/2026"]


async def test_subscription_outlives_its_mailbox_and_is_shown_with_it(world: World) -> None:
    alice = world.user("alice")
    await create(world.store, alice, name("user.alice.work"))
    await subscribe(world.store, alice, name("user.alice.work"))
    await delete(world.store, alice, name("user.alice.work"))
    assert await _lsub(world, alice, "*") == []
    assert await _list(world, alice, "*") == ["INBOX \\HasNoChildren"]
    assert await _subscribed(world, alice, "*") == ["work \\Noselect \\Subscribed"]
    assert await _subscribed(world, alice, "x*", "%") == ["work \\Noselect \\Subscribed"]
    await create(world.store, alice, name("user.alice.work"))
    assert await _lsub(world, alice, "*") == ["work"]
    assert await _subscribed(world, alice, "*") == ["work \\HasNoChildren \\Subscribed"]


async def test_subscriptions_without_a_mailbox_stand_in_their_place(world: World) -> None:
    alice = world.user("alice")
    for relative in ("a.b", "a.d", "e"):
        await create(world.store, alice, name(f"user.alice.{relative}"))
        await subscribe(world.store, alice, name(f"user.alice.{relative}"))
    await delete(world.store, alice, name("user.alice.a.d"))
    await world.create("board", "anyone lrs")
    await world.create("board.sub", "anyone lrs")
    await subscribe(world.store, alice, name("board"))
    await world.set_acl("board", "bob lrs")
    there = ["e \\HasNoChildren \\Subscribed"]
    hidden = ["Shared Folders/board \\Noselect \\HasChildren \\Subscribed"]
    assert await _subscribed(world, alice, "*") == [
        "a/b \\HasNoChildren \\Subscribed",
        "a/d \\Noselect \\Subscribed",
        *there,
        *hidden,
    ]
    assert await _subscribed(world, alice, "%") == there
    assert await _subscribed(world, alice, "a/%") == [
        "a/b \\HasNoChildren \\Subscribed",
        "a/d \\Noselect \\Subscribed",
    ]
    assert await _subscribed(world, alice, "Sh%/%") == hidden
    assert await _subscribed(world, world.admin, "*") == []


async def test_subscription_to_what_is_no_longer_shared_is_not_shown(world: World) -> None:
    await world.set_acl("user.bob", "bob lrs alice lr")
    await subscribe(world.store, world.user("alice"), name("user.bob"))
    assert await _lsub(world, world.user("alice"), "*") == ["Other Users/bob"]
    await world.set_acl("user.bob", "bob lrs")
    assert await _lsub(world, world.user("alice"), "*") == []
    # … and by LIST as one that is no more there, which is all that she may know.
    assert await _subscribed(world, world.user("alice"), "*") == ["Other Users/bob \\Noselect \\Subscribed"]


async def test_namespaces_of_user_administrator_and_visitor(plain_world: World) -> None:
    alice = await namespaces(plain_world.store, plain_world.user("alice"))
    assert alice == Namespaces(("",), ("Other Users/",), ("Shared Folders/",), "/")
    assert (await namespaces(plain_world.store, plain_world.anonymous)).personal == ()
    assert await namespaces(plain_world.store, plain_world.admin) == Namespaces((), ("user/",), ("",), "/")
