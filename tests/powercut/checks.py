"""What must be true of a store that a power cut has left, and of an account that is rebuilt from its directories."""

from copy import deepcopy

from tests.engine.rows import message_rows
from tests.powercut.client import CONTENT, SEARCH, Client, Promised, flags_of

from angarium.engine.commands import (
    Author,
    NewMailbox,
    NewMessage,
    RestoredMessage,
    RestoreMailbox,
    StagedFile,
)
from angarium.engine.rows import (
    AccountId,
    FoundMailbox,
    InternalDate,
    MailboxId,
    MailboxRow,
    MessageRow,
    QuotaResource,
    Uid,
)
from angarium.engine.sqlite import SqliteEngine
from angarium.errors import MailboxExists
from angarium.flags import NO_FLAGS

AUTHOR = Author("checker")


async def check_store(engine: SqliteEngine, promised: Promised, coming: Promised) -> None:
    """All that was promised is there; what is there besides is on its way to what is `coming` next, and whole."""
    headers = [found for found in await engine.found_mailboxes() if isinstance(found, FoundMailbox)]
    for account, name in promised.account_names.items():
        assert account in (await engine.account_id(name), await engine.account_id(coming.account_names[account]))
        rows = {row.id: row for row in await engine.mailboxes(account)}
        modseq = (await engine.state(account)).modseq
        assert modseq >= promised.highest_modseq.get(account, 0)
        check_names(rows, account, promised, coming)
        present = {mailbox: await message_rows(engine, account, mailbox) for mailbox in rows}
        await check_messages(engine, account, rows, present, promised, coming)
        await check_quotas(engine, account, rows, promised, coming)
        check_headers(rows, modseq, {found.mailbox: found for found in headers if found.account == account})
        catalogue = {row.mailbox: row.name for row in await engine.catalogue(account=account)}
        assert catalogue == {mailbox: row.name for mailbox, row in rows.items()}


async def check_homes(engine: SqliteEngine, promised: Promised, coming: Promised) -> Promised:
    """Every mailbox is always somewhere, and in one account alone once a move that the cut stopped has come to its end.

    Gives what was promised, as it is where those mailboxes have come to.
    """
    moving = {mailbox for mailbox, home in promised.homes.items() if coming.homes[mailbox] != home}
    for mailbox in moving:  # the account it leaves first: it has left only when it has arrived
        homes = [account for account in _both(promised, coming, mailbox) if await engine.mailbox(account, mailbox)]
        assert homes, f"{mailbox} is nowhere"
    await engine.resume_moves()
    assert not [work for _, work in await engine.work() if work.kind == "move"]
    settled = deepcopy(promised)
    for mailbox in moving:
        (home,) = [account for account in _both(promised, coming, mailbox) if await engine.mailbox(account, mailbox)]
        if home == coming.homes[mailbox]:
            settled.homes[mailbox], settled.names[mailbox] = home, coming.names[mailbox]
            told = promised.highest_modseq[promised.homes[mailbox]]
            assert all(row.modseq > told for row in await message_rows(engine, home, mailbox))
    assert len({settled.homes[mailbox] for mailbox in moving}) <= 1, "a tree was torn"
    return settled


def _both(promised: Promised, coming: Promised, mailbox: MailboxId) -> tuple[AccountId, AccountId]:
    return promised.homes[mailbox], coming.homes[mailbox]


def check_names(rows: dict[MailboxId, MailboxRow], account: AccountId, promised: Promised, coming: Promised) -> None:
    for mailbox, name in promised.names.items():
        if promised.homes[mailbox] != account:
            continue
        if mailbox not in rows:
            assert mailbox not in coming.names, f"{name} is lost"
            continue
        assert rows[mailbox].name in (name, coming.names.get(mailbox))
        assert rows[mailbox].uidvalidity == promised.uidvalidities[mailbox]
        assert rows[mailbox].uidnext > promised.highest_uid.get(mailbox, 0)


async def check_messages(
    engine: SqliteEngine,
    account: AccountId,
    rows: dict[MailboxId, MailboxRow],
    present: dict[MailboxId, list[MessageRow]],
    promised: Promised,
    coming: Promised,
) -> None:
    found = {(mailbox, row.uid): row for mailbox, messages in present.items() for row in messages}
    for key, text in promised.messages.items():
        if promised.homes[key[0]] != account:
            continue
        if key not in found:
            assert key not in coming.messages, f"message {key} is lost"
            continue  # an expunge, move or erase had taken effect, and was not acknowledged yet
        row = found[key]
        flags = flags_of(row.system_flags, row.keywords_low | row.keywords_high << 64, rows[key[0]].keywords)
        assert flags in (promised.flags[key], coming.flags.get(key))
        assert await read(engine, account, key[0], row.uid) == text
    for (mailbox, uid), row in found.items():
        assert (mailbox, uid) not in promised.gone, "an expunged message came back"
        data = await read(engine, account, mailbox, Uid(uid))
        assert data.startswith(b"Subject: ")
        assert len(data) == row.size_octets, "an unacknowledged message is not whole"
    for mailbox, messages in present.items():
        assert rows[mailbox].messages == len(messages)
        assert rows[mailbox].octets == sum(message.size_octets for message in messages)


async def check_all_or_nothing(engine: SqliteEngine, promised: Promised, coming: Promised) -> None:
    """The one command between what was promised and what comes next has done all that it does, or nothing."""
    changed = promised.messages.keys() ^ coming.messages.keys()
    mailboxes = {mailbox for mailbox, _ in changed}
    present = {
        (mailbox, row.uid)
        for mailbox in mailboxes
        for row in await message_rows(engine, promised.homes[mailbox], mailbox)
    }
    assert present & changed in (changed & promised.messages.keys(), changed & coming.messages.keys())


async def check_quotas(
    engine: SqliteEngine,
    account: AccountId,
    rows: dict[MailboxId, MailboxRow],
    promised: Promised,
    coming: Promised,
) -> None:
    quotas = {quota.root: quota for quota in await engine.quotas(account)}
    for (owner, root), limit in promised.limits_kib.items():
        if owner == account:
            assert quotas[root].limits[QuotaResource.STORAGE] in (limit, coming.limits_kib[owner, root])
    for root, quota in quotas.items():
        governed = [row for row in rows.values() if row.quota_root == root]
        assert quota.used == {
            QuotaResource.STORAGE: sum(row.octets for row in governed),
            QuotaResource.MESSAGE: sum(row.messages for row in governed),
            QuotaResource.ANNOTATION_STORAGE: sum(row.annotation_octets for row in governed),
            QuotaResource.MAILBOX: len(governed),
        }


def check_headers(rows: dict[MailboxId, MailboxRow], modseq: int, headers: dict[MailboxId, FoundMailbox]) -> None:
    """Every header is whole, and each number that was given is below a ceiling."""
    for mailbox, row in rows.items():
        assert headers[mailbox].uid_ceiling >= row.uidnext
        assert set(row.keywords) <= set(headers[mailbox].keywords)
    if rows:
        assert max(headers[mailbox].modseq_ceiling for mailbox in rows) > modseq


async def check_rebuilt(engine: SqliteEngine, promised: Promised, coming: Promised) -> None:
    """With every account file lost, the directories give back the messages, and no number is given twice."""
    found = [found for found in await engine.found_mailboxes() if isinstance(found, FoundMailbox)]
    for account, name in promised.account_names.items():
        own = sorted((each for each in found if each.account == account), key=lambda each: -each.modseq_ceiling)
        if not own:
            continue
        assert own[0].account_name in (name, coming.account_names[account])
        await engine.recreate_account(account, name)
        restored = [mailbox.mailbox for mailbox in own if await restore(engine, mailbox)]
        assert (await engine.state(account)).modseq > promised.highest_modseq.get(account, 0)
        for mailbox in restored:
            await check_restored(engine, account, mailbox, promised, coming)


async def restore(engine: SqliteEngine, found: FoundMailbox) -> bool:
    """Take up a mailbox; one that was erased, and whose directory the cut has kept, may have a name that is taken."""
    messages = []
    for uid in found.uids:
        path = f"{found.directory}/{uid}."
        with await engine.open_found(found, uid) as file:
            stored = StagedFile(found.partition, path, file.size_octets)
        messages.append(RestoredMessage(uid, NewMessage(stored, NO_FLAGS, InternalDate(1), CONTENT, SEARCH)))
    new = NewMailbox(found.mailbox, found.name, found.partition, found.acl, found.special_use, found.keywords)
    command = RestoreMailbox(
        new, found.uidvalidity, found.uid_ceiling, found.modseq_ceiling, tuple(messages), AUTHOR, found.deleted_at_s
    )
    try:
        await engine.write(found.account, command)
    except MailboxExists:
        return False
    return True


async def check_restored(
    engine: SqliteEngine, account: AccountId, mailbox: MailboxId, promised: Promised, coming: Promised
) -> None:
    row = await engine.mailbox(account, mailbox)
    assert row is not None
    if mailbox in promised.uidvalidities:
        assert row.uidvalidity == promised.uidvalidities[mailbox]
    assert row.uidnext > promised.highest_uid.get(mailbox, 0), "a UID would be given twice"
    assert row.highestmodseq > promised.highest_modseq.get(account, 0), "a modseq would be given twice"
    uids = {message.uid for message in await message_rows(engine, account, mailbox)}
    for key, text in promised.messages.items():
        if key[0] == mailbox and (key in coming.messages or key[1] in uids):
            assert await read(engine, account, mailbox, Uid(key[1])) == text


async def check_move_again(client: Client, source: MailboxId, uid: Uid, target: MailboxId) -> None:
    """A retry of a move between accounts that a cut has stopped leaves the message once, in the target."""
    homes, text = client.promised.homes, client.promised.messages[source, uid]
    rows = {row.uid for row in await message_rows(client.engine, homes[source], source)}
    if uid in rows:
        await client.move_between_accounts(source, uid, target)
    moved = [await read(client.engine, homes[target], target, row.uid) for row in await messages_of(client, target)]
    assert moved.count(text) == 1, "the message is lost, or there twice"
    assert uid not in {row.uid for row in await messages_of(client, source)}


async def messages_of(client: Client, mailbox: MailboxId) -> list[MessageRow]:
    return await message_rows(client.engine, client.promised.homes[mailbox], mailbox)


async def read(engine: SqliteEngine, account: AccountId, mailbox: MailboxId, uid: Uid) -> bytes:
    with await engine.open_message(account, mailbox, uid) as file:
        return await file.read(0, file.size_octets)
