"""Late changes are found by the change log's end, and are the same that looking at every row finds."""

import asyncio
import random
from pathlib import Path

import apsw
import pytest
from tests.engine.rows import rows_of

from angarium.engine.columns import MailboxMessages
from angarium.engine.commands import (
    AddMessages,
    Author,
    CopyMessages,
    CreateMailboxes,
    Expunge,
    FlagOperation,
    NewMailbox,
    NewMessage,
    PruneChanges,
    SetSharedSeen,
    StoreFlags,
)
from angarium.engine.rows import NO_MODSEQ, AccountId, Content, InternalDate, MailboxId, ModSeq, SearchFields
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions, reads
from angarium.engine.sqlite.accounts import account_path
from angarium.engine.sqlite.schema import ACCOUNT, open_for_reading, open_for_writing
from angarium.flags import Flags
from angarium.sequenceset import UidSet

AUTHOR = Author("alice")
CONTENT = Content(b"hash", 1, b"(e)", b"(b)", b"(bs)", b"p")


async def fill(engine: SqliteEngine, chance: random.Random) -> tuple[AccountId, list[MailboxId]]:
    """Two mailboxes with a history of everything that changes a message."""
    account = await engine.create_account("user.alice")
    mailboxes = [MailboxId(SystemSources().random_id()) for _ in range(2)]
    new = tuple(NewMailbox(mailbox, str(place), "default", "") for place, mailbox in enumerate(mailboxes))
    await engine.write(account, CreateMailboxes(new, AUTHOR))
    for _ in range(30):
        mailbox, other = chance.sample(mailboxes, 2)
        first = chance.randint(1, 20)
        uids = UidSet(((first, first + chance.randint(0, 3)),))
        async with engine.stage("default") as staged:
            staged.write(b"x")
            fields = SearchFields("", "", "", "", "", "", None, "")
            message = NewMessage(await staged.finish(), Flags(), InternalDate(1), CONTENT, fields)
            await engine.write(account, AddMessages(mailbox, (message, message), AUTHOR))
        flags = Flags.of([chance.choice(["\\Seen", "\\Flagged", "a", "b"])])
        await engine.write(account, StoreFlags(mailbox, uids, FlagOperation.REPLACE, flags, AUTHOR))
        await engine.write(account, CopyMessages(mailbox, uids, other, AUTHOR, move=chance.random() < 0.3))
        if chance.random() < 0.2:
            await engine.write(account, Expunge(mailbox, AUTHOR, uids, only_deleted=False))
        if chance.random() < 0.2:
            await engine.write(account, SetSharedSeen(mailbox, chance.random() < 0.5, AUTHOR))
    return account, mailboxes


def test_the_log_tells_what_a_scan_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("angarium.engine.sqlite.reads._SMALL_SCAN_ROWS", 0)

    async def main() -> None:
        options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")})
        engine = await SqliteEngine.open(options, SystemSources())
        account, mailboxes = await fill(engine, random.Random(7))
        last = (await engine.state(account)).modseq
        connection = open_for_reading(account_path(options.directory, account), ACCOUNT)

        def logged(mailbox: MailboxId, since: int) -> MailboxMessages | None:
            """By the log alone: no row may be had by looking through the mailbox."""
            return reads.read_messages(connection, mailbox, ModSeq(since), most_rows=0)

        found = 0
        for mailbox in mailboxes:
            for since in range(max(1, last - 40), last + 1):
                late = logged(mailbox, since)
                if late is not None:
                    found += 1
                    every = reads.read_all_messages(connection, mailbox, ModSeq(since))
                    assert rows_of(late.columns) == rows_of(every.columns)
                    assert (late.modseq, late.mailbox) == (every.modseq, every.mailbox)
        assert found > 40
        assert logged(mailboxes[0], 1) is None, "it does not reach that far back"
        row = await engine.mailbox(account, mailboxes[0])
        assert row is not None
        await engine.write(account, PruneChanges(1 << 40))
        assert logged(mailboxes[0], row.highestmodseq - 1) is None, "it was pruned"
        connection.close()
        await engine.close()

    asyncio.run(main())


def test_the_loop_reads_no_more_expunged_messages_than_others(tmp_path: Path) -> None:
    async def main() -> None:
        options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")})
        engine = await SqliteEngine.open(options, SystemSources())
        account, (mailbox, _) = await fill(engine, random.Random(7))
        since = (await engine.state(account)).modseq
        await engine.write(account, Expunge(mailbox, AUTHOR, UidSet(((1, 1000),)), only_deleted=False))
        connection = open_for_reading(account_path(options.directory, account), ACCOUNT)
        expunged = reads.read_all_messages(connection, mailbox, since).columns.uid.size
        assert expunged > 10
        assert reads.read_messages(connection, mailbox, since, most_rows=expunged - 1) is None
        assert reads.read_messages(connection, mailbox, since, most_rows=expunged) is not None
        connection.close()
        await engine.close()

    asyncio.run(main())


def test_rows_are_the_same_in_steps_of_any_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")})
        engine = await SqliteEngine.open(options, SystemSources())
        account, (mailbox, _) = await fill(engine, random.Random(7))
        connection = open_for_reading(account_path(options.directory, account), ACCOUNT)
        whole = rows_of(reads.read_all_messages(connection, mailbox, NO_MODSEQ).columns)
        assert len(whole) > 20
        for step in (1, 3, len(whole) - 1, len(whole), len(whole) + 1):
            monkeypatch.setattr("angarium.engine.sqlite.reads._ROWS_IN_STEP", step)
            assert rows_of(reads.read_all_messages(connection, mailbox, NO_MODSEQ).columns) == whole
        connection.close()
        await engine.close()

    asyncio.run(main())


@pytest.mark.parametrize("way", ["log", "scan", "all"])
def test_what_is_read_is_of_one_moment(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "log":
        monkeypatch.setattr("angarium.engine.sqlite.reads._SMALL_SCAN_ROWS", 0)

    async def main() -> None:
        options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")})
        engine = await SqliteEngine.open(options, SystemSources())
        account, (mailbox, _) = await fill(engine, random.Random(7))
        since = (await engine.state(account)).modseq
        path = account_path(options.directory, account)
        reader, writer = open_for_reading(path, ACCOUNT), open_for_writing(path, ACCOUNT)
        change(writer, mailbox)
        overtaken = 0

        def overtake(_cursor: apsw.Cursor, statement: str, _bindings: object) -> bool:
            """A change is committed before each statement that reads."""
            nonlocal overtaken
            if statement.startswith("SELECT"):
                overtaken += 1
                change(writer, mailbox)
            return True

        reader.exec_trace = overtake
        if way == "all":
            found = reads.read_all_messages(reader, mailbox, since)
        else:
            found = reads.read_messages(reader, mailbox, since, most_rows=1_000) or pytest.fail("not read")
        reader.exec_trace = None
        assert overtaken > 2
        # Each change is of every message, so all that is read has the modseq of one of them.
        assert {row.modseq for row in rows_of(found.columns)} == {found.modseq}
        assert found.mailbox.highestmodseq == found.modseq
        assert found.columns.uid.size == writer.execute("SELECT count(*) FROM message").get
        for connection in (reader, writer):
            connection.close()
        await engine.close()

    asyncio.run(main())


def change(writer: apsw.Connection, mailbox: MailboxId) -> None:
    """What a STORE of all messages writes, each message in a range of its own in the log."""
    with writer:
        (modseq,) = writer.execute("UPDATE account SET modseq = modseq + 1 RETURNING modseq").fetchall()[0]
        (number,) = writer.execute("SELECT number FROM mailbox WHERE id = ?", (mailbox,)).fetchall()[0]
        writer.execute("DELETE FROM message WHERE mailbox <> ? OR uid % 2", (number,))
        writer.execute("UPDATE message SET modseq = ?, flags = 31 - flags", (modseq,))
        writer.execute("UPDATE mailbox SET highestmodseq = ? WHERE id = ?", (modseq, mailbox))
        uids = writer.execute("SELECT group_concat(uid) FROM message").get
        writer.execute(
            "INSERT INTO change (modseq, time, actor, client, session, operation, mailbox, uids, before)"
            " VALUES (?, 0, '', '', '', 'store', ?, ?, '')",
            (modseq, mailbox, uids),
        )
