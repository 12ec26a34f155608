"""Sets of mailboxes: which ones an actor means, in each namespace, and which she may have."""

from collections.abc import Sequence

import pytest
from tests.store.world import World, name

from angarium.errors import MailboxNameInvalid
from angarium.names import NameSettings
from angarium.operations.mailboxes import MailboxSet, MailboxSpecifier, create, specified_mailboxes, subscribe
from angarium.rights import Right
from angarium.store import Actor, Store, StorePolicy

BOTH = (Right.LOOKUP, Right.READ)
S = MailboxSet
Wanted = tuple[MailboxSet, Sequence[str]]


async def specified(store: Store, actor: Actor, *wanted: Wanted) -> list[str]:
    found = await specified_mailboxes(store, actor, [MailboxSpecifier(kind, tuple(names)) for kind, names in wanted])
    named = any(kind is S.NAMED for kind, _ in wanted)
    assert named or all(each.needed == BOTH for each in found)
    return [each.name.internal for each in found]


async def build(world: World) -> None:
    for internal in ("user.alice.Work", "user.alice.Work.2026", "user.alice.Work.2026.May", "user.alice.Works"):
        await create(world.store, world.user("alice"), name(internal))
    await world.create("board", "anyone lrs")
    await world.create("board.sub", "anyone lrs")
    await world.create("board.listed", "anyone l")
    await world.create("board.readable", "anyone r")
    await world.create("user.bob.shared", "bob lrs alice lr")
    await world.create("user.bob.hidden", "bob lrs")


WORK = ["user.alice.Work", "user.alice.Work.2026", "user.alice.Work.2026.May"]
OWN = ["user.alice", *WORK, "user.alice.Works"]


@pytest.mark.parametrize(
    ("wanted", "internal"),
    [
        ((S.PERSONAL, ()), OWN),
        ((S.SUBTREE, ["Work"]), WORK),
        ((S.SUBTREE, ["Work/2026", "Works"]), ["user.alice.Work.2026", "user.alice.Work.2026.May", "user.alice.Works"]),
        ((S.SUBTREE_ONE, ["Work"]), WORK[:2]),
        ((S.SUBTREE_ONE, ["Work/2026/May"]), WORK[2:]),
        ((S.SUBTREE, ["INBOX"]), ["user.alice"]),  # others of hers are beside it
        ((S.SUBTREE, ["Shared Folders"]), ["board", "board.sub"]),
        ((S.SUBTREE_ONE, ["Shared Folders"]), ["board"]),
        ((S.SUBTREE, ["Shared Folders/board"]), ["board", "board.sub"]),
        ((S.SUBTREE, ["Other Users"]), ["user.bob.shared"]),
        ((S.SUBTREE, ["Other Users/bob"]), ["user.bob.shared"]),
        ((S.SUBTREE, ["nosuch", "", "/"]), []),
        ((S.SUBTREE, ["Wor", "Work/20"]), []),
        ((S.SUBSCRIBED, ()), ["user.alice.Works", "board"]),
        ((S.NAMED, ["Work", "inbox", "nosuch", "Other Users/bob/hidden"]), None),
    ],
)
async def test_what_a_user_means(world: World, wanted: Wanted, internal: list[str] | None) -> None:
    await build(world)
    alice = world.user("alice")
    for each in ("user.alice.Works", "board"):
        await subscribe(world.store, alice, name(each))
    named = ["user.alice.Work", "user.alice", "user.alice.nosuch", "user.bob.hidden"]
    assert await specified(world.store, alice, wanted) == (named if internal is None else internal)


@pytest.mark.parametrize(
    ("wanted", "internal"),
    [
        ((S.SUBTREE, ["INBOX"]), OWN),
        ((S.SUBTREE_ONE, ["inbox"]), ["user.alice", "user.alice.Work", "user.alice.Works"]),
        ((S.SUBTREE, ["INBOX.Work"]), WORK),
        ((S.SUBTREE, ["user"]), ["user.bob.shared"]),
        ((S.SUBTREE, ["board"]), ["board", "board.sub"]),
    ],
)
async def test_levels_are_those_that_she_sees(plain_world: World, wanted: Wanted, internal: list[str]) -> None:
    await build(plain_world)
    policy = StorePolicy(
        names=NameSettings(unixhierarchysep=False, altnamespace=False), partitions=plain_world.store.policy.partitions
    )
    store = Store(plain_world.engine, policy, plain_world.sources)
    assert await specified(store, plain_world.user("alice"), wanted) == internal


async def test_each_mailbox_comes_once_and_in_the_order_of_the_sets(plain_world: World) -> None:
    await build(plain_world)
    alice = plain_world.user("alice")
    wanted: list[Wanted] = [(S.SUBTREE, ["Work/2026"]), (S.PERSONAL, ()), (S.NAMED, ["Work", "INBOX"])]
    assert await specified(plain_world.store, alice, *wanted) == [*WORK[1:], "user.alice", WORK[0], "user.alice.Works"]


async def test_what_is_named_needs_not_be_known_of(plain_world: World) -> None:
    found = await specified_mailboxes(
        plain_world.store, plain_world.user("bob"), [MailboxSpecifier(S.NAMED, ("Shared Folders/board",))]
    )
    assert [each.needed for each in found] == [(Right.READ,)]


async def test_administrators_see_trees_of_users(plain_world: World) -> None:
    await build(plain_world)
    await plain_world.set_acl("user.alice.Work", "cyrus lr")
    await plain_world.set_acl("user.alice.Work.2026", "cyrus lr")
    wanted: Wanted = (S.SUBTREE, ["user/alice"])
    assert await specified(plain_world.store, plain_world.admin, wanted) == WORK[:2]
    assert await specified(plain_world.store, plain_world.admin, (S.PERSONAL, ())) == []


async def test_who_has_no_account_has_nothing_of_her_own(plain_world: World) -> None:
    await build(plain_world)
    wanted: list[Wanted] = [(S.PERSONAL, ()), (S.SUBSCRIBED, ())]
    assert await specified(plain_world.store, plain_world.anonymous, *wanted) == []
    assert await specified(plain_world.store, plain_world.anonymous, (S.SUBTREE, ["Shared Folders"])) == [
        "board",
        "board.sub",
    ]


async def test_a_name_that_cannot_be_is_refused_where_a_mailbox_is_named(plain_world: World) -> None:
    with pytest.raises(MailboxNameInvalid):
        await specified(plain_world.store, plain_world.user("alice"), (S.NAMED, [""]))
