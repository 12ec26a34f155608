"""What is left of an erased mailbox on the disk and in the index, and what goes on with it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from angarium.engine.commands import (
    AddMessages,
    Author,
    CreateMailboxes,
    EraseMailboxes,
    ForgetErased,
    NewMailbox,
    NewMessage,
    Purged,
)
from angarium.engine.disk import SystemDisk
from angarium.engine.rows import AccountId, Content, InternalDate, MailboxId, SearchFields
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.engine.sqlite.accounts import account_path
from angarium.engine.sqlite.schema import ACCOUNT, open_for_reading
from angarium.flags import NO_FLAGS

AUTHOR = Author("alice")
MESSAGES = 5


class Erasure:
    """A mailbox of five messages in an account with an INBOX."""

    def __init__(self, engine: SqliteEngine, options: SqliteOptions, account: AccountId, mailbox: MailboxId) -> None:
        self.engine = engine
        self.account = account
        self.mailbox = mailbox
        self.directory = Path(f"{options.partitions['default']}/uuid/{mailbox[0]}/{mailbox[1]}/{mailbox}")
        self._path = account_path(options.directory, account)

    async def erase(self, limit: int) -> None:
        await self.engine.write(self.account, EraseMailboxes((self.mailbox,), AUTHOR, limit=limit))

    async def forget(self, limit: int) -> Purged:
        purged = await self.engine.write(self.account, ForgetErased(limit))
        assert isinstance(purged, Purged)
        return purged

    def files(self) -> int:
        return len([name for name in os.listdir(self.directory) if name.endswith(".")])

    def rows(self, table: str) -> int:
        connection = open_for_reading(self._path, ACCOUNT)
        try:
            return int(connection.execute(f"SELECT count(*) FROM {table}").get or 0)
        finally:
            connection.close()


def run(tmp_path: Path, test: Callable[[Erasure], Awaitable[None]]) -> None:
    async def main() -> None:
        options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")})
        engine = await SqliteEngine.open(options, SystemSources())
        account = await engine.create_account("user.alice")
        ids = [MailboxId(SystemSources().random_id()) for _ in range(2)]
        new = tuple(NewMailbox(id_, name, "default", "") for id_, name in zip(ids, ("", "work"), strict=True))
        await engine.write(account, CreateMailboxes(new, AUTHOR))
        content = Content(b"hash", 1, b"(e)", b"(b)", b"(bs)", b"p")
        search = SearchFields("", "", "", "", "", "", None, "")
        for _ in range(MESSAGES):
            async with engine.stage("default") as staged:
                staged.write(b"hello")
                message = NewMessage(await staged.finish(), NO_FLAGS, InternalDate(1), content, search)
                await engine.write(account, AddMessages(ids[1], (message,), AUTHOR))
        await test(Erasure(engine, options, account, ids[1]))
        await engine.close()

    asyncio.run(main())


def test_a_small_mailbox_goes_in_one_step(tmp_path: Path) -> None:
    async def test(made: Erasure) -> None:
        await made.erase(MESSAGES)
        assert not made.directory.exists()
        assert (made.rows("message"), made.rows("content"), made.rows("search")) == (0, 0, 0)
        assert await made.forget(1) == Purged(0, more=False)
        assert made.rows("erasing") == 0

    run(tmp_path, test)


def test_rows_and_files_of_a_large_one_go_in_slices(tmp_path: Path) -> None:
    async def test(made: Erasure) -> None:
        await made.erase(2)
        left = [(made.rows("message"), made.rows("content"), made.files())]
        while (await made.forget(1)).more:
            left.append((made.rows("message"), made.rows("content"), made.files()))
        assert left == [(3, 3, 3), (2, 2, 2), (1, 1, 1)]
        assert (made.rows("message"), made.rows("content"), made.directory.exists()) == (0, 0, False)

    run(tmp_path, test)


def test_several_mailboxes_share_one_limit(tmp_path: Path) -> None:
    async def test(made: Erasure) -> None:
        inbox = next(row.id for row in await made.engine.mailboxes(made.account) if not row.name)
        await made.engine.write(made.account, EraseMailboxes((made.mailbox, inbox), AUTHOR, limit=MESSAGES))
        assert await made.engine.mailboxes(made.account) == []
        assert made.rows("message") == 0

    run(tmp_path, test)


def test_a_directory_that_could_not_be_removed_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_disk: SystemDisk, path: str) -> None:
        raise PermissionError(path)

    async def test(made: Erasure) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(SystemDisk, "unlink", refuse)
            await made.erase(MESSAGES)
            assert await made.forget(9) == Purged(0, more=False)
        assert made.files() == MESSAGES
        assert await made.forget(9) == Purged(0, more=False)
        assert not made.directory.exists()
        assert made.rows("erasing") == 1  # until it is seen to be gone
        await made.forget(9)
        assert made.rows("erasing") == 0

    run(tmp_path, test)
