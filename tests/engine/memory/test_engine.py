"""What the memory engine has beyond the contract."""

import asyncio

from angarium.engine.commands import AddMessages, Author, CreateMailboxes, NewMailbox, NewMessage
from angarium.engine.memory import MemoryEngine
from angarium.engine.rows import Content, InternalDate, MailboxId, SearchFields, Uid
from angarium.engine.sources import SystemSources
from angarium.flags import NO_FLAGS

AUTHOR = Author("smith")
INBOX = MailboxId("i" * 24)


def test_it_runs_on_the_sources_of_the_machine_and_its_files_close_themselves() -> None:
    async def scenario() -> bytes:
        engine = MemoryEngine(["default"], SystemSources())
        account = await engine.create_account("user.smith")
        await engine.write(account, CreateMailboxes((NewMailbox(INBOX, "", "default", ""),), AUTHOR))
        async with engine.stage("default") as staged:
            staged.write(b"hello")
            content, search = Content(b"", 1, b"", b"", b"", b""), SearchFields("", "", "", "", "", "", None, "")
            message = NewMessage(await staged.finish(), NO_FLAGS, InternalDate(0), content, search)
            await engine.write(account, AddMessages(INBOX, (message,), AUTHOR))
        with await engine.open_message(account, INBOX, Uid(1)) as file:
            return await file.read(0, 5)

    assert asyncio.run(scenario()) == b"hello"
