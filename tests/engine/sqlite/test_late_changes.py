"""Late changes are found by the change log's end, and are the same that looking at every row finds."""

import asyncio
import random
from pathlib import Path

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
    StoreFlags,
)
from angarium.engine.rows import AccountId, Content, InternalDate, MailboxId, ModSeq, SearchFields
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions, reads
from angarium.engine.sqlite.accounts import account_path
from angarium.engine.sqlite.schema import ACCOUNT, open_for_reading
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
    return account, mailboxes


def test_the_log_tells_what_a_scan_finds(tmp_path: Path) -> None:
    async def main() -> None:
        options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")})
        engine = await SqliteEngine.open(options, SystemSources())
        account, mailboxes = await fill(engine, random.Random(7))
        last = (await engine.state(account)).modseq
        connection = open_for_reading(account_path(options.directory, account), ACCOUNT)
        found = 0
        for mailbox in mailboxes:
            for since in range(max(1, last - 40), last + 1):
                logged = reads.read_logged_changes(connection, mailbox, ModSeq(since))
                if logged is not None:
                    found += 1
                    assert logged == reads.read_messages(connection, mailbox, ModSeq(since))
        assert found > 40
        assert reads.read_logged_changes(connection, mailboxes[0], ModSeq(1)) is None, "it does not reach that far back"
        await engine.write(account, PruneChanges(1 << 40))
        assert reads.read_logged_changes(connection, mailboxes[0], ModSeq(last - 1)) is None, "it was pruned"
        connection.close()
        await engine.close()

    asyncio.run(main())
