"""The way in: who finds which mailbox, and what is refused with which answer."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.world import AUTHOR, World, name

from angarium.engine.commands import Author, MailboxRename, RenameMailboxes, SetAccountName, SetSharedSeen
from angarium.engine.rows import AccountId, MailboxId, MailboxRow
from angarium.errors import AclChanged, MailboxNotFound, PermissionDenied, StoreBusy
from angarium.names import NameSettings, UserId, VirtDomains
from angarium.rights import Right, serialize_rights
from angarium.store import Actor, SeenState, Store, decided_again


@pytest.mark.parametrize(
    ("acl", "user", "groups", "expected"),
    [
        # requirements 1.5: the sum of the user's and her groups' rights
        ("mary lrs group:helpdesk lrsp", "mary", {"helpdesk"}, "lrsp"),
        ("mary lrs group:helpdesk lrsp", "mary", set(), "lrs"),
        ("anyone read -anonymous s", "carol", set(), "lrs"),
        ("anyone read -anonymous s", None, set(), "lr"),
        ("anonymous lr", "carol", set(), ""),
        ("anonymous lr", None, set(), "lr"),
        ("anyone lrswi -group:guests wi", "carol", {"guests"}, "lrs"),
        ("anyone lrswi -carol wi carol w", "carol", set(), "lrs"),
        ("anyone lrs -anyone l", "carol", set(), "rs"),
    ],
)
async def test_rights_are_calculated_as_the_worked_cases_say(
    plain_world: World, acl: str, user: str | None, groups: set[str], expected: str
) -> None:
    await plain_world.create("board", acl)
    actor = Actor(None if user is None else UserId(user), groups=frozenset(groups))
    if "l" not in expected:
        with pytest.raises(MailboxNotFound):
            await plain_world.found("board", actor)
    else:
        assert serialize_rights((await plain_world.found("board", actor)).rights) == expected


async def test_owner_keeps_implicit_rights_whatever_the_acl_says(plain_world: World) -> None:
    await plain_world.set_acl("user.alice", "-alice lrkxa")
    mailbox = await plain_world.found("user.alice", plain_world.user("alice"))
    assert serialize_rights(mailbox.rights) == "lkxcan"
    assert mailbox.is_owner


async def test_administrator_has_la_everywhere_and_no_more(plain_world: World) -> None:
    mailbox = await plain_world.found("user.alice")
    assert serialize_rights(mailbox.rights) == "la"
    with pytest.raises(PermissionDenied):
        await plain_world.store.find(plain_world.admin, name("user.alice"), Right.READ)


async def test_administrator_of_a_domain_has_nothing_outside_it(plain_world: World) -> None:
    admin = Actor(UserId("admin", "example.com"), is_admin=True)
    await plain_world.create("example.com!board", "x l")
    assert serialize_rights((await plain_world.found("example.com!board", admin)).rights) == "la"
    with pytest.raises(MailboxNotFound):
        await plain_world.found("user.alice", admin)


@pytest.mark.parametrize("right", list(Right))
async def test_stranger_gets_the_answer_for_a_missing_mailbox(plain_world: World, right: Right) -> None:
    for missing in ("user.alice", "user.alice.nothing", "user.nobody"):
        with pytest.raises(MailboxNotFound):
            await plain_world.store.find(plain_world.user("bob"), name(missing), right)


async def test_a_right_opens_what_it_is_for_and_no_more(plain_world: World) -> None:
    await plain_world.set_acl("user.alice", "alice lrs bob ri")
    bob = plain_world.user("bob")
    await plain_world.store.find(bob, name("user.alice"), Right.READ, Right.INSERT)
    await plain_world.store.find_any(bob, name("user.alice"), Right.LOOKUP, Right.READ)
    for right in set(Right) - {Right.READ, Right.INSERT}:
        with pytest.raises(MailboxNotFound):
            await plain_world.store.find(bob, name("user.alice"), right)
        with pytest.raises(MailboxNotFound):
            await plain_world.store.find_any(bob, name("user.alice"), right)
    with pytest.raises(MailboxNotFound):
        await plain_world.store.find(bob, name("user.alice"))


async def test_with_lookup_the_lack_of_another_right_is_told(plain_world: World) -> None:
    await plain_world.set_acl("user.alice", "alice lrs bob lr")
    assert (await plain_world.store.find(plain_world.user("bob"), name("user.alice"), Right.READ)).id
    with pytest.raises(PermissionDenied):
        await plain_world.store.find(plain_world.user("bob"), name("user.alice"), Right.READ, Right.INSERT)


async def test_changed_acl_counts_at_once(world: World) -> None:
    bob = world.user("bob")
    with pytest.raises(MailboxNotFound):
        await world.found("user.alice", bob)
    await world.set_acl("user.alice", "alice lrs bob lr")
    mailbox = await world.found("user.alice", bob)
    await world.set_acl("user.alice", "alice lrs")
    with pytest.raises(MailboxNotFound):
        await world.found("user.alice", bob)
    with pytest.raises(MailboxNotFound):
        await world.store.find_again(bob, mailbox)


async def test_found_again_by_id_under_its_new_name(world: World) -> None:
    await world.create("user.alice.work", "alice lrs")
    mailbox = await world.found("user.alice.work")
    await world.do("user.alice", RenameMailboxes((MailboxRename(mailbox.id, "play"),), _author(world)))
    again = await world.store.find_again(world.admin, mailbox)
    assert again.name == name("user.alice.play")
    with pytest.raises(MailboxNotFound):
        await world.found("user.alice.work")


async def test_name_that_another_mailbox_was_given_means_that_one(world: World) -> None:
    old = await world.create("user.alice.work", "alice lrs")
    assert (await world.found("user.alice.work")).id == old
    await world.do("user.alice", RenameMailboxes((MailboxRename(old, "play"),), AUTHOR))
    new = await world.create("user.alice.work", "alice lr")
    assert (await world.found("user.alice.work")).id == new
    assert (await world.found("user.alice.play")).id == old


async def test_row_of_a_found_mailbox_is_of_the_moment(world: World) -> None:
    assert (await world.found("user.alice")).row.messages == 0
    await world.add("user.alice", [], [])
    assert (await world.found("user.alice")).row.messages == 2


async def test_renamed_account_is_found_by_its_new_name_only(world: World) -> None:
    account = world.user("alice").account
    assert account is not None
    await world.found("user.alice")
    await world.engine.rename_account(account, "user.alicia")
    await world.engine.write(account, SetAccountName("user.alicia", _author(world)))
    assert (await world.found("user.alicia")).account == account
    with pytest.raises(MailboxNotFound):
        await world.found("user.alice")


async def test_deleted_mailboxes_are_there_for_administrators_only(world: World) -> None:
    mailbox = await world.create("user.alice.work", "alice lrs anyone lrs")
    rename = MailboxRename(mailbox, "work.6553F100", deleted_at_s=0x6553F100)
    await world.do("user.alice", RenameMailboxes((rename,), _author(world)))
    await world.engine.refresh_catalogue((await world.found("user.alice")).account)
    deleted = "DELETED.user.alice.work.6553F100"
    assert (await world.found(deleted)).id == mailbox
    assert deleted in [each.name.internal for each in await world.store.visible(world.admin)]
    for user in ("alice", "bob"):
        with pytest.raises(MailboxNotFound):
            await world.found(deleted, world.user(user))
        assert deleted not in [each.name.internal for each in await world.store.visible(world.user(user))]
    with pytest.raises(MailboxNotFound):
        await world.found("user.alice.work")


async def test_own_mailboxes_are_visible_and_others_by_their_acl(world: World) -> None:
    await world.create("user.alice.Work", "alice lrs")
    await world.create("board", "anyone lrs")
    await world.create("secret", "group:staff lrs")
    await world.create("user.bob.shared", "bob lrs alice lr")
    await world.create("user.bob.hidden", "bob lrs alice r")
    await world.create("user.bob.denied", "bob lrs anyone lr -alice l")
    seen = [each.name.internal for each in await world.store.visible(world.user("alice"))]
    assert seen == ["user.alice", "user.alice.Work", "user.bob.shared", "board"]
    staff = replace(world.user("alice"), groups=frozenset({"staff"}))
    assert "secret" in [each.name.internal for each in await world.store.visible(staff)]
    assert [each.name.internal for each in await world.store.visible(world.anonymous)] == ["user.bob.denied", "board"]
    assert len(await world.store.visible(world.admin)) == 8


async def test_where_seen_is_kept(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs anyone lrs")
    owner = await world.found("user.alice", world.user("alice"))
    assert (owner.seen, owner.seen_account, owner.can_keep_seen) == (SeenState.SHARED, None, True)
    other = await world.found("user.alice", world.user("bob"))
    assert (other.seen, other.seen_account) == (SeenState.OWN, world.user("bob").account)
    nobody = await world.found("user.alice", world.anonymous)
    assert (nobody.seen, nobody.seen_account, nobody.can_keep_seen) == (SeenState.NONE, None, False)
    await world.do("user.alice", SetSharedSeen(owner.id, True, _author(world)))
    assert (await world.found("user.alice", world.anonymous)).seen is SeenState.SHARED


async def test_decision_is_made_again_where_an_acl_changed_meanwhile(runner: asyncio.Runner) -> None:
    attempts = 0

    async def operation() -> int:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise AclChanged("meanwhile")
        return attempts

    assert await decided_again(operation) == 3


async def test_decision_is_not_made_again_for_ever(runner: asyncio.Runner) -> None:
    async def operation() -> None:
        raise AclChanged("always")

    with pytest.raises(AclChanged):
        await decided_again(operation)


async def test_other_refusals_are_not_tried_again(runner: asyncio.Runner) -> None:
    attempts = 0

    async def operation() -> None:
        nonlocal attempts
        attempts += 1
        raise StoreBusy("full")

    with pytest.raises(StoreBusy):
        await decided_again(operation)
    assert attempts == 1


def _author(world: World) -> Author:
    return world.admin.author()


async def test_mailbox_renamed_while_it_is_looked_up_is_not_found(
    plain_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox_id = await plain_world.create("user.alice.work", "alice lrs")
    read = plain_world.engine.mailbox

    async def be_overtaken_and_read(account: AccountId, mailbox: MailboxId) -> MailboxRow | None:
        monkeypatch.undo()
        rename = MailboxRename(mailbox_id, "play")
        await plain_world.do("user.alice", RenameMailboxes((rename,), _author(plain_world)))
        return await read(account, mailbox)

    monkeypatch.setattr(plain_world.engine, "mailbox", be_overtaken_and_read)
    with pytest.raises(MailboxNotFound):
        await plain_world.found("user.alice.work", plain_world.user("alice"))


async def test_administrator_of_a_domain_lists_that_domain(plain_world: World) -> None:
    policy = replace(plain_world.store.policy, names=NameSettings(virtdomains=VirtDomains.USERID))
    store = Store(plain_world.engine, policy, plain_world.sources)
    for internal in ("board", "example.com!board", "example.org!board"):
        await plain_world.create(internal, "nobody l")
    admin = Actor(UserId("admin", "example.com"), is_admin=True)
    assert [each.name.internal for each in await store.visible(admin)] == ["example.com!board"]
    assert len(await store.visible(plain_world.admin)) == 5


async def test_own_list_follows_rights_and_groups(world: World) -> None:
    await world.create("user.bob.work", "bob lrs group:staff lrs")
    alice = world.user("alice")
    staff = replace(alice, groups=frozenset({"staff"}))
    for _ in range(2):
        assert [each.external for each in await world.store.visible(alice)] == ["INBOX"]
        assert [each.external for each in await world.store.visible(staff)] == ["INBOX", "Other Users/bob/work"]
    await world.create("user.alice.new", "alice lrs")
    assert [each.external for each in await world.store.visible(alice)] == ["INBOX", "new"]
