"""Accounts, catalogue, users and noted work over every engine."""

from dataclasses import replace

import pytest
from tests.engine.contract.conftest import AUTHOR, START_S, Draft, Site

from angarium.engine.commands import (
    CreateMailboxes,
    EraseMailboxes,
    MailboxRename,
    RenameMailboxes,
    SetAccountName,
    SetAcl,
)
from angarium.engine.rows import (
    NO_MODSEQ,
    AccountId,
    AccountRow,
    CredentialRow,
    MailboxId,
    WorkRow,
)
from angarium.engine.users import AddCredential, ChangePassword, SetDisabled
from angarium.errors import AccountExists, AccountNotFound, AngariumError, UserNotFound

UNKNOWN = AccountId("z" * 24)


async def test_an_account_is_found_by_its_name(site: Site) -> None:
    board = await site.engine.create_account("board")
    assert board != site.account
    assert await site.engine.account_id("board") == board
    assert await site.engine.account_id("boar") is None
    assert await site.engine.account_name(board) == "board"
    assert await site.engine.mailboxes(board) == []


async def test_accounts_are_listed_by_name_below_a_prefix(site: Site) -> None:
    names = ["user.anna", "user.ann", "example.org!user.ann", "board", "user_x", "user%"]
    ids = {name: await site.engine.create_account(name) for name in names}
    ids["user.smith"] = site.account
    everything = [AccountRow(ids[name], name) for name in sorted(ids)]
    assert await site.engine.accounts() == everything
    assert [row.name for row in await site.engine.accounts(prefix="user.ann")] == ["user.ann", "user.anna"]
    assert [row.name for row in await site.engine.accounts(prefix="user_")] == ["user_x"]
    assert [row.name for row in await site.engine.accounts(prefix="user%")] == ["user%"]
    assert await site.engine.accounts(prefix="User") == []


async def test_a_taken_name_is_refused(site: Site) -> None:
    with pytest.raises(AccountExists):
        await site.engine.create_account("user.smith")
    board = await site.engine.create_account("board")
    with pytest.raises(AccountExists):
        await site.engine.rename_account(board, "user.smith")
    assert await site.engine.account_id("board") == board


async def test_an_account_is_renamed_without_touching_its_mailboxes(site: Site) -> None:
    await site.add(site.inbox, Draft())
    rows = await site.engine.mailboxes(site.account)
    await site.engine.rename_account(site.account, "user.jones")
    assert await site.engine.account_id("user.jones") == site.account
    assert await site.engine.account_id("user.smith") is None
    assert await site.engine.mailboxes(site.account) == rows
    await site.engine.write(site.account, SetAccountName("user.jones", AUTHOR))
    assert await site.engine.account_name(site.account) == "user.jones"


async def test_an_account_is_forgotten_once_it_is_empty(site: Site) -> None:
    with pytest.raises(AngariumError):
        await site.engine.forget_account(site.account)
    assert await site.uids(site.inbox) == []
    await site.engine.refresh_catalogue(site.account)
    await site.engine.write(site.account, EraseMailboxes((site.inbox,), AUTHOR))
    await site.engine.forget_account(site.account)
    assert await site.engine.account_id("user.smith") is None
    assert await site.engine.catalogue() == []
    with pytest.raises(AccountNotFound):
        await site.engine.state(site.account)
    assert await site.engine.create_account("user.smith") != site.account


async def test_reads_and_writes_of_an_unknown_account_are_refused(site: Site) -> None:
    engine = site.engine
    for call in (
        lambda: engine.state(UNKNOWN),
        lambda: engine.account_name(UNKNOWN),
        lambda: engine.mailboxes(UNKNOWN),
        lambda: engine.mailbox(UNKNOWN, site.inbox),
        lambda: engine.messages(UNKNOWN, site.inbox),
        lambda: engine.contents(UNKNOWN, []),
        lambda: engine.search_fields(UNKNOWN, []),
        lambda: engine.seen(UNKNOWN, site.inbox, site.account),
        lambda: engine.subscriptions(UNKNOWN),
        lambda: engine.quotas(UNKNOWN),
        lambda: engine.changes(UNKNOWN, since=NO_MODSEQ, limit=1),
        lambda: engine.uidvalidity_of_tombstone(UNKNOWN, "a"),
        lambda: engine.write(UNKNOWN, CreateMailboxes((site.new_mailbox("a"),), AUTHOR)),
        lambda: engine.rename_account(UNKNOWN, "board"),
        lambda: engine.forget_account(UNKNOWN),
    ):
        with pytest.raises(AccountNotFound):
            pytest.fail(f"answered {await call()}")


async def test_each_member_of_a_batch_for_an_unknown_account_is_refused(site: Site) -> None:
    commands = [CreateMailboxes((site.new_mailbox(name),), AUTHOR) for name in ("a", "b")]
    refusals = await site.engine.write_batch(UNKNOWN, commands)
    assert [type(refusal) for refusal in refusals] == [AccountNotFound, AccountNotFound]


async def test_accounts_have_their_own_numbers_and_mailboxes(site: Site) -> None:
    board = await site.engine.create_account("board")
    before = await site.engine.state(site.account)
    new = site.new_mailbox("")
    await site.engine.write(board, CreateMailboxes((new,), AUTHOR))
    assert await site.engine.state(site.account) == before
    assert await site.engine.mailbox(site.account, new.id) is None
    assert [row.id for row in await site.engine.mailboxes(board)] == [new.id]


# Catalogue


async def test_the_catalogue_shows_an_account_as_it_was_when_refreshed(site: Site) -> None:
    sent = replace(site.new_mailbox("sent", partition="archive"), special_use="\\Sent")
    await site.engine.write(site.account, CreateMailboxes((sent,), AUTHOR))
    await site.engine.refresh_catalogue(site.account)
    rows = {row.name: row for row in await site.engine.catalogue(account=site.account)}
    assert set(rows) == {"", "sent"}
    row, truth = rows["sent"], await site.row(sent.id)
    assert (row.account, row.mailbox, row.partition, row.acl) == (site.account, sent.id, "archive", sent.acl)
    assert (row.special_use, row.deleted, row.uidvalidity) == ("\\Sent", False, truth.uidvalidity)


async def test_a_refresh_replaces_what_the_catalogue_showed(site: Site) -> None:
    work, old = await site.create("work", "old")
    await site.engine.refresh_catalogue(site.account)
    await site.engine.write(site.account, RenameMailboxes((MailboxRename(work, "work.0", START_S),), AUTHOR))
    await site.engine.write(site.account, EraseMailboxes((old,), AUTHOR))
    await site.engine.refresh_catalogue(site.account)
    shown = {row.name: row.deleted for row in await site.engine.catalogue()}
    assert shown == {"": False, "work.0": True}


async def test_the_catalogue_is_of_one_account_or_of_all(site: Site) -> None:
    board = await site.engine.create_account("board")
    await site.engine.write(board, CreateMailboxes((site.new_mailbox(""),), AUTHOR))
    for account in (site.account, board):
        await site.engine.refresh_catalogue(account)
    assert {row.account for row in await site.engine.catalogue()} == {site.account, board}
    assert {row.account for row in await site.engine.catalogue(account=board)} == {board}
    assert await site.engine.catalogue(account=UNKNOWN) == []


@pytest.mark.parametrize(
    ("identifiers", "names"),
    [
        ({"ann"}, ["a", "c"]),
        ({"anyone"}, ["b"]),
        ({"ann", "anyone", "group:staff"}, ["a", "b", "c"]),
        ({"group:staff"}, ["c"]),
        ({"an"}, []),
        (set(), []),
    ],
)
async def test_the_catalogue_finds_what_is_shared_with_identifiers(
    site: Site, identifiers: set[str], names: list[str]
) -> None:
    acls = {"a": "smith\tlr\tann\tlrs\t", "b": "anyone\tlr\t-ann\tr\t", "c": "group:staff\tlr\tann\tp\t", "d": ""}
    new = tuple(replace(site.new_mailbox(name), acl=acl) for name, acl in acls.items())
    await site.engine.write(site.account, CreateMailboxes(new, AUTHOR))
    await site.engine.refresh_catalogue(site.account)
    found = await site.engine.catalogue(identifiers=frozenset(identifiers))
    assert sorted(row.name for row in found) == names


async def test_a_withdrawn_right_leaves_the_catalogue_with_the_refresh(site: Site) -> None:
    version = (await site.row(site.inbox)).acl_version
    await site.engine.write(site.account, SetAcl(site.inbox, "ann\tlrs\t", version, AUTHOR))
    await site.engine.refresh_catalogue(site.account)
    assert await site.engine.catalogue(identifiers=frozenset(["ann"]), excluding=site.account) == []
    assert len(await site.engine.catalogue(identifiers=frozenset(["ann"]))) == 1
    version = (await site.row(site.inbox)).acl_version
    await site.engine.write(site.account, SetAcl(site.inbox, "bob\tlrs\t", version, AUTHOR))
    await site.engine.refresh_catalogue(site.account)
    assert await site.engine.catalogue(identifiers=frozenset(["ann"])) == []
    assert [row.mailbox for row in await site.engine.catalogue(identifiers=frozenset(["bob"]))] == [site.inbox]


# Users


async def test_credentials_are_added_changed_and_removed(site: Site) -> None:
    smith = CredentialRow("smith", "$argon2id$...", '{"SCRAM-SHA-256": {}}', 1, False, START_S, START_S)
    jones = CredentialRow("jones@example.org", "", "{}", 3, True, START_S, START_S + 1)
    assert await site.engine.credential("smith") is None
    for credential in (smith, jones):
        assert await site.engine.change_user(AddCredential(credential))
    assert not await site.engine.change_user(AddCredential(replace(smith, version=9)))
    assert await site.engine.credential("smith") == smith
    for change in (
        ChangePassword("smith", "other", "{}", 4, START_S + 7),
        SetDisabled("smith", True, START_S + 9),
    ):
        assert await site.engine.change_user(change)
        assert not await site.engine.change_user(replace(change, userid="nobody"))
    changed = replace(smith, password_hash="other", scram="{}", version=5, disabled=True, changed_at_s=START_S + 9)
    assert sorted(await site.engine.credentials(), key=lambda row: row.userid) == [jones, changed]
    await site.engine.remove_credential("smith")
    assert await site.engine.credentials() == [jones]
    with pytest.raises(UserNotFound):
        await site.engine.remove_credential("smith")


# Work


async def test_work_is_kept_until_it_is_done_under_numbers_of_its_own(site: Site) -> None:
    rows = [WorkRow(site.account, "expire", detail, START_S) for detail in ("one", "two", "two")]
    numbers = [await site.engine.note_work(row) for row in rows]
    assert await site.engine.work() == list(zip(numbers, rows, strict=True))
    await site.engine.work_done(numbers[1])
    assert await site.engine.work() == [(numbers[0], rows[0]), (numbers[2], rows[2])]
    await site.engine.work_done(numbers[2])
    assert await site.engine.note_work(rows[0]) not in numbers


async def test_unknown_mailboxes_are_not_taken_for_those_of_another_account(site: Site) -> None:
    board = await site.engine.create_account("board")
    assert await site.engine.mailbox(board, site.inbox) is None
    assert await site.engine.mailbox(site.account, MailboxId("z" * 24)) is None
