"""What only an engine of threads, files and several processes can get wrong."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import apsw
import pytest
from tests.engine.rows import message_rows

from angarium.engine.commands import (
    Added,
    AddMessages,
    Author,
    ClaimRecent,
    Command,
    CreateMailboxes,
    Done,
    EraseMailboxes,
    Expunge,
    FlagOperation,
    FlagsStored,
    NewMailbox,
    NewMessage,
    PurgeMessages,
    RenameInbox,
    StoreFlags,
    Subscribe,
)
from angarium.engine.rows import (
    AccountId,
    CatalogueRow,
    Content,
    InternalDate,
    MailboxId,
    MailboxRow,
    SearchFields,
    Uid,
)
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions, accounts, catalogue, reads
from angarium.engine.sqlite.schema import ACCOUNT
from angarium.errors import (
    AccountNotFound,
    AngariumError,
    DiskFailed,
    MailboxExists,
    MessageFileMissing,
    SchemaTooNew,
    StoreBusy,
)
from angarium.flags import Flags
from angarium.sequenceset import UidSet

AUTHOR = Author("alice")
CONTENT = Content(b"hash", 1, b"(e)", b"(b)", b"(bs)", b"p")
SEARCH = SearchFields("", "", "", "", "", "", None, "")
EVERYTHING = UidSet(((1, 0xFFFFFFFF),))
DAY_S = 86_400


@dataclass
class Place:
    engine: SqliteEngine
    account: AccountId
    inbox: MailboxId
    options: SqliteOptions
    exits: AsyncExitStack

    async def message(self, text: bytes = b"hello") -> NewMessage:
        staged = await self.exits.enter_async_context(self.engine.stage("default"))
        staged.write(text)
        return NewMessage(await staged.finish(), Flags(), InternalDate(1), CONTENT, SEARCH)

    async def add(self, mailbox: MailboxId | None = None) -> Added:
        added = await self.engine.write(
            self.account, AddMessages(mailbox or self.inbox, (await self.message(),), AUTHOR)
        )
        assert isinstance(added, Added)
        return added

    async def second_engine(self) -> SqliteEngine:
        """As another worker has one; locks of two engines keep each other out also within a process."""
        engine = await SqliteEngine.open(self.options, SystemSources())
        self.exits.push_async_callback(engine.close)
        return engine

    def log(self) -> Path:
        return Path(f"{accounts.account_path(self.options.directory, self.account)}-wal")


def new_mailbox(name: str) -> NewMailbox:
    return NewMailbox(MailboxId(SystemSources().random_id()), name, "default", "")


def store(flags: str, operation: FlagOperation = FlagOperation.ADD) -> Callable[[MailboxId], StoreFlags]:
    return lambda mailbox: StoreFlags(mailbox, EVERYTHING, operation, Flags.of([flags]), AUTHOR)


def run(tmp_path: Path, test: Callable[[Place], Awaitable[None]], **changes: object) -> None:
    async def main() -> None:
        options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")})
        options = replace(options, **changes)  # type: ignore[arg-type]  # the test names fields of the options
        engine = await SqliteEngine.open(options, SystemSources())
        account = await engine.create_account("user.alice")
        inbox = new_mailbox("")
        await engine.write(account, CreateMailboxes((inbox,), AUTHOR))
        async with AsyncExitStack() as exits:
            await test(Place(engine, account, inbox.id, options, exits))
        await asyncio.wait_for(engine.close(), 30)

    asyncio.run(main())


# Batches and refusals


def test_a_refused_create_does_not_disturb_its_neighbours(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        account = await made.engine.create_account("user.bob")
        both = (new_mailbox("work"), new_mailbox("work"))
        answers = await made.engine.write_batch(
            account, [CreateMailboxes(both, AUTHOR), Subscribe("user.bob.work", AUTHOR)]
        )
        assert [type(answer) for answer in answers] == [MailboxExists, Done]
        assert await made.engine.mailboxes(account) == []
        assert not list(Path(made.options.partitions["default"]).glob(f"uuid/*/*/{both[0].id}"))

    run(tmp_path, test)


def test_a_refused_rename_of_inbox_does_not_disturb_its_neighbours(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        await made.add()
        await made.add()
        os.unlink(f"{await made.engine.mailbox_directory(made.account, made.inbox)}/2.")
        commands: list[Command] = [
            RenameInbox(made.inbox, new_mailbox("old"), AUTHOR),
            AddMessages(made.inbox, (await made.message(),), AUTHOR),
        ]
        answers = await made.engine.write_batch(made.account, commands)
        assert [type(answer) for answer in answers] == [MessageFileMissing, Added]
        assert [row.name for row in await made.engine.mailboxes(made.account)] == [""]

    run(tmp_path, test)


def test_what_changes_nothing_is_not_written(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        await made.add()
        await made.engine.write(made.account, store("\\Seen")(made.inbox))
        size = made.log().stat().st_size
        stored = await made.engine.write(made.account, store("\\Seen")(made.inbox))
        assert isinstance(stored, FlagsStored)
        assert stored.modseq is None
        assert made.log().stat().st_size == size

    run(tmp_path, test)


def test_a_content_never_has_the_number_of_one_that_was_forgotten(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        await made.add()
        (row,) = await message_rows(made.engine, made.account, made.inbox)
        await made.engine.write(made.account, Expunge(made.inbox, AUTHOR, only_deleted=False))
        await made.engine.write(made.account, PurgeMessages(made.inbox, 1 << 40))
        await made.add()
        (later,) = await message_rows(made.engine, made.account, made.inbox)
        assert later.content > row.content
        assert await made.engine.contents(made.account, [row.content]) == {}

    run(tmp_path, test)


# Queues


def test_an_engine_closes_after_a_batch_that_its_queue_refused(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        commands = [Subscribe(f"user.{number}", AUTHOR) for number in range(3)]
        nobody_writes_to = await made.engine.create_account("user.bob")
        with pytest.raises(StoreBusy):
            await made.engine.write_batch(nobody_writes_to, commands)

    run(tmp_path, test, account_queue_commands=2)


def test_closing_finishes_what_is_queued_and_refuses_what_comes(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        tasks = [
            asyncio.create_task(made.engine.write(made.account, Subscribe(f"user.{number}", AUTHOR)))
            for number in range(200)
        ]
        await asyncio.sleep(0)
        made.engine.advise(made.account, ClaimRecent(made.inbox, Uid(7)))
        await made.engine.close()
        made.engine.advise(made.account, ClaimRecent(made.inbox, Uid(8)))
        assert {type(answer) for answer in await asyncio.gather(*tasks)} == {Done}
        with pytest.raises(StoreBusy):
            await made.engine.write(made.account, Subscribe("user.late", AUTHOR))
        other = await made.second_engine()
        assert len(await other.subscriptions(made.account)) == 200
        row = await other.mailbox(made.account, made.inbox)
        assert row is not None
        assert row.recent_uid == 7

    run(tmp_path, test)


def test_room_in_a_queue_comes_back_after_refusals_and_cancelled_waiters(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        for number in range(10):
            waiter = asyncio.create_task(made.engine.write(made.account, Subscribe(f"user.{number}", AUTHOR)))
            await asyncio.sleep(0)
            waiter.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiter
            with pytest.raises(AngariumError):
                await made.engine.write(made.account, CreateMailboxes((new_mailbox(""),), AUTHOR))
        assert len(await made.engine.subscriptions(made.account)) == 10

    run(tmp_path, test, account_queue_commands=2, queue_commands=2)


def test_a_listener_that_fails_leaves_nobody_waiting(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        heard: list[AccountId] = []

        def broken(_account: AccountId) -> None:
            raise ZeroDivisionError

        made.engine.subscribe(broken)
        made.engine.subscribe(heard.append)
        await asyncio.wait_for(made.engine.write(made.account, Subscribe("user.bob", AUTHOR)), 10)
        assert heard == [made.account]

    run(tmp_path, test)


def test_an_advisory_write_that_comes_during_a_commit_waits_for_the_next(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        waiter = asyncio.create_task(made.engine.write(made.account, Subscribe("user.bob", AUTHOR)))
        await asyncio.sleep(0)
        made.engine.advise(made.account, ClaimRecent(made.inbox, Uid(3)))
        await waiter
        await made.engine.write(made.account, Subscribe("user.carol", AUTHOR))
        row = await made.engine.mailbox(made.account, made.inbox)
        assert row is not None
        assert row.recent_uid == 3

    run(tmp_path, test, advisory_delay_s=1_000.0)


# Accounts opened and closed


def test_more_accounts_than_may_be_open_are_all_served(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        ids = [await made.engine.create_account(f"user.{number}") for number in range(8)]

        async def use(account: AccountId) -> None:
            for number in range(5):
                await made.engine.write(account, Subscribe(f"user.{number}", AUTHOR))
                assert len(await made.engine.subscriptions(account)) == number + 1
                await made.engine.state(account)

        await asyncio.wait_for(asyncio.gather(*(use(account) for account in ids)), 60)

    run(tmp_path, test, open_accounts=2)


def test_logs_are_truncated_while_others_write_and_where_nobody_has_the_account_open(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        bob = await made.engine.create_account("user.bob")
        await made.engine.write(bob, Subscribe("user.alice", AUTHOR))
        await made.engine.state(made.account)  # which closes the other

        async def write() -> None:
            for number in range(60):
                await made.engine.write(made.account, Subscribe(f"user.{number}", AUTHOR))

        await asyncio.gather(write(), *(made.engine.checkpoint() for _ in range(5)))
        await made.engine.checkpoint()
        for account in (made.account, bob):
            path = accounts.account_path(made.options.directory, account)
            assert os.path.getsize(f"{path}-wal") == 0
        assert len(await made.engine.subscriptions(made.account)) == 60

    run(tmp_path, test, open_accounts=1)


def test_a_log_of_the_site_is_folded_in_when_it_is_long(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        for number in range(60):
            await made.engine.rename_account(made.account, f"user.{number}")
        assert os.path.getsize(f"{made.options.directory}/mailboxes.db-wal") < 40 * 4_200

    run(tmp_path, test, checkpoint_pages=10)


def test_an_old_account_is_migrated_when_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(made: Place) -> None:
        later = replace(ACCOUNT, migrations=(*ACCOUNT.migrations, "CREATE TABLE colour (keyword TEXT)"))
        monkeypatch.setattr(accounts, "ACCOUNT", later)
        other = await made.second_engine()
        assert len(await other.mailboxes(made.account)) == 1
        path = accounts.account_path(made.options.directory, made.account)
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
        assert connection.execute("SELECT count(*) FROM colour").get == 0
        connection.close()
        await made.add()  # of the program before

    run(tmp_path, test)


def test_an_account_that_only_later_programs_may_write_is_read(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        path = accounts.account_path(made.options.directory, made.account)
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
        connection.execute("UPDATE format SET version = 1 + version, writes_from = 1 + version")
        connection.close()
        other = await made.second_engine()
        assert len(await other.mailboxes(made.account)) == 1
        with pytest.raises(SchemaTooNew):
            await other.write(made.account, Subscribe("user.bob", AUTHOR))

    run(tmp_path, test)


# Accounts put aside and forgotten


def test_nothing_is_written_to_a_file_that_another_process_has_put_aside(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        tool = await made.second_engine()
        assert await tool.recreate_account(made.account, "user.alice") is not None
        with pytest.raises(StoreBusy):
            await made.engine.write(made.account, Subscribe("user.bob", AUTHOR))
        await made.engine.write(made.account, Subscribe("user.bob", AUTHOR))
        assert len(await tool.subscriptions(made.account)) == 1
        assert await made.engine.mailboxes(made.account) == []

    run(tmp_path, test)


def test_a_rebuilt_account_has_the_name_that_the_catalogue_gives_it(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        await made.engine.rename_account(made.account, "user.alicia")
        await made.engine.recreate_account(made.account, "user.alice")
        assert await made.engine.account_name(made.account) == "user.alicia"
        assert await made.engine.account_id("user.alicia") == made.account

    run(tmp_path, test)


def test_an_account_is_not_forgotten_where_a_mailbox_is_left(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        with pytest.raises(DiskFailed):
            await made.engine.forget_account(made.account)
        await made.add()

    run(tmp_path, test)


def test_an_account_that_another_process_forgot_is_not_written_any_more(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        tool = await made.second_engine()
        await tool.write(made.account, EraseMailboxes((made.inbox,), AUTHOR))
        await tool.forget_account(made.account)
        with pytest.raises(StoreBusy):
            await made.engine.write(made.account, CreateMailboxes((new_mailbox("work"),), AUTHOR))
        with pytest.raises(AccountNotFound):
            await made.engine.write(made.account, CreateMailboxes((new_mailbox("work"),), AUTHOR))
        assert not os.path.exists(accounts.account_path(made.options.directory, made.account))

    run(tmp_path, test)


def test_an_account_is_rebuilt_while_its_own_process_writes_to_it(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        writes = [
            asyncio.create_task(made.engine.write(made.account, Subscribe(f"user.{number}", AUTHOR)))
            for number in range(100)
        ]
        await asyncio.sleep(0)
        await made.engine.recreate_account(made.account, "user.alice")
        assert {type(answer) for answer in await asyncio.gather(*writes, return_exceptions=True)} <= {Done, StoreBusy}

    run(tmp_path, test)


# Leftovers


def test_what_was_staged_long_ago_is_removed_when_an_engine_opens(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        stage = Path(made.options.partitions["default"], "stage")
        (stage / "old").write_bytes(b"left by a crash")
        (stage / "young").write_bytes(b"another process is at it")
        now_s = SystemSources().now_s()
        os.utime(stage / "old", (now_s, now_s - DAY_S - 60))
        await made.second_engine()
        assert {path.name for path in stage.iterdir()} == {"young"}

    run(tmp_path, test)


def test_finding_mailboxes_holds_up_no_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(made: Place) -> None:
        begun, may_end = threading.Event(), threading.Event()
        engine = "angarium.engine.sqlite.engine.find_mailboxes"

        def slow(*_: object) -> list[object]:
            begun.set()
            may_end.wait(30)
            return []

        monkeypatch.setattr(engine, slow)
        finding = asyncio.create_task(made.engine.found_mailboxes())
        await asyncio.to_thread(begun.wait)
        await asyncio.wait_for(made.engine.create_account("user.bob"), 10)
        may_end.set()
        assert await finding == []

    run(tmp_path, test)


# Large reads


def test_many_mailboxes_are_read_off_the_loop_and_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(made: Place) -> None:
        new = tuple([new_mailbox(f"box{number}") for number in range(7)])
        await made.engine.write(made.account, CreateMailboxes(new, AUTHOR))
        await made.engine.refresh_catalogue(made.account)
        readers: list[threading.Thread] = []

        def read(connection: apsw.Connection) -> list[MailboxRow]:
            readers.append(threading.current_thread())
            return read_mailboxes(connection)

        read_mailboxes = reads.read_mailboxes
        monkeypatch.setattr(reads, "read_mailboxes", read)
        few, shown = await made.engine.mailboxes(made.account), await made.engine.catalogue()
        for module, constant in ((reads, "_MAILBOXES_IN_STEP"), (catalogue, "_ROWS_IN_STEP")):
            monkeypatch.setattr(module, constant, 3)
        monkeypatch.setattr(reads, "_MAILBOXES_OF_THE_LOOP", 7)
        monkeypatch.setattr(catalogue, "ROWS_OF_THE_LOOP", 7)
        assert await made.engine.mailboxes(made.account) == few
        assert sorted(await made.engine.catalogue(), key=_by_name) == sorted(shown, key=_by_name)
        assert await made.engine.catalogue(identifiers=frozenset({"nobody"})) == []
        assert len(few) == len(shown) == 8
        assert [thread is threading.main_thread() for thread in readers] == [True, False]

    run(tmp_path, test)


def _by_name(row: CatalogueRow) -> str:
    return row.name
