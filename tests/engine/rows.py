"""Messages one by one, for tests that look at each: engines give them in columns."""

from angarium.engine.columns import MessageColumns
from angarium.engine.interface import Engine
from angarium.engine.rows import (
    NO_MODSEQ,
    AccountId,
    ContentId,
    EmailId,
    InternalDate,
    MailboxId,
    MessageRow,
    ModSeq,
    ThreadId,
    Uid,
)


async def message_rows(
    engine: Engine, account: AccountId, mailbox: MailboxId, *, changed_since: ModSeq = NO_MODSEQ
) -> list[MessageRow]:
    """What `Engine.messages` gives."""
    return rows_of((await engine.messages(account, mailbox, changed_since=changed_since)).columns)


def rows_of(columns: MessageColumns) -> list[MessageRow]:
    """A row for each message."""
    return [
        MessageRow(
            uid=Uid(int(columns.uid[place])),
            modseq=ModSeq(int(columns.modseqs[place])),
            created_modseq=ModSeq(int(columns.created_modseq[place])),
            expunged_modseq=ModSeq(int(columns.expunged_modseq[place])),
            system_flags=int(columns.flags[place]),
            keywords_low=int(columns.keywords_low[place]),
            keywords_high=int(columns.keywords_high[place]),
            date=InternalDate(int(columns.date_s[place]), int(columns.zone_min[place])),
            saved_at_s=int(columns.saved_s[place]),
            size_octets=int(columns.size_octets[place]),
            content=ContentId(int(columns.content[place])),
            email_id=EmailId(int(columns.email_id[place])),
            thread_id=ThreadId(int(columns.thread_id[place])),
        )
        for place in range(columns.uid.size)
    ]
