"""A process that adds messages to a mailbox of a store: `adding STATE SPOOL ACCOUNT MAILBOX LABEL COUNT`.

Prints a line for each, `<uid> <text>`, once it was acknowledged.
"""

import asyncio
import sys

from angarium.engine.commands import Added, AddMessages, Author, NewMessage
from angarium.engine.rows import AccountId, Content, InternalDate, MailboxId, SearchFields
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.flags import Flags


async def main(state: str, spool: str, account: str, mailbox: str, label: str, count: str) -> None:
    engine = await SqliteEngine.open(SqliteOptions(state, {"default": spool}), SystemSources())

    async def add(number: int) -> None:
        text = f"{label}-{number}"
        async with engine.stage("default") as staged:
            staged.write(text.encode())
            message = NewMessage(
                await staged.finish(),
                Flags(),
                InternalDate(1),
                Content(b"hash", 1, b"(e)", b"(b)", b"(bs)", b"p"),
                SearchFields("", "", "", "", "", "", None, ""),
            )
            added = await engine.write(AccountId(account), AddMessages(MailboxId(mailbox), (message,), Author(label)))
        assert isinstance(added, Added)
        print(added.uids[0], text, flush=True)

    for start in range(0, int(count), 5):
        await asyncio.gather(*(add(number) for number in range(start, start + 5)))
    await engine.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
