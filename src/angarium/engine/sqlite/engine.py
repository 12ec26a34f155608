"""`SqliteEngine`: account files, spool and site databases behind the engine's interface.

Threads: the loop's thread reads open accounts inline; `readers` open files and make large reads; `writers` commit.
Site databases are written in a thread of their own, so that their locks are never waited for on the loop.
"""

import asyncio
import glob
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeVar

import apsw

from angarium.engine.columns import MailboxMessages
from angarium.engine.commands import Command, Done, Result, StagedFile
from angarium.engine.disk import Directories, Disk, FileLock, SystemDisk, as_refusal, create_private
from angarium.engine.interface import NAMES, SITE, Announcement
from angarium.engine.moves import MoveMailboxes
from angarium.engine.rows import (
    NO_MODSEQ,
    AccountId,
    AccountRow,
    AccountState,
    AnnotationRow,
    CatalogueRow,
    ChangeRow,
    Content,
    ContentId,
    CredentialRow,
    FoundMailbox,
    MailboxId,
    MailboxRow,
    ModSeq,
    QuotaRow,
    SearchFields,
    SeenRow,
    SubscriptionRow,
    Uid,
    UnreadableDirectory,
    WorkRow,
)
from angarium.engine.sources import Sources
from angarium.engine.spool import Layout, SpoolMessageFile, SpoolStagedMessage, find_mailboxes, message_name
from angarium.engine.sqlite import annotations, catalogue, quotas, reads, users, work
from angarium.engine.sqlite.accounts import OpenAccount, OpenAccounts, account_path
from angarium.engine.sqlite.catalogue import Wanted
from angarium.engine.sqlite.moving import Moves
from angarium.engine.sqlite.options import SqliteOptions
from angarium.engine.sqlite.refusals import as_known
from angarium.engine.sqlite.remembered import USERS_CHANGES, Remembered, Stamp, StampOf, nobody_can_tell
from angarium.engine.sqlite.schema import ACCOUNT, CATALOGUE, USERS, WORK, Schema, open_for_reading, open_for_writing
from angarium.engine.sqlite.site import SiteDatabase
from angarium.engine.sqlite.snapshots import rotate_snapshot
from angarium.engine.sqlite.transaction import Storage
from angarium.engine.sqlite.writer import Writer
from angarium.errors import (
    AccountExists,
    AccountNotFound,
    AngariumError,
    DiskFailed,
    MailboxNotFound,
    MessageFileMissing,
    MessageNotFound,
    StoreBusy,
)
from angarium.sequenceset import UidSet

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_STAGED_LONG_AGO_S = 86_400
_NAMES_REMEMBERED = 10_000
_CHANGES_OF_THE_LOOP = 300
"""Lines of the change log that are read where somebody waits for the loop; some 3 µs each."""


class SqliteEngine:
    """An `Engine` on local disks; see `interface.Engine` for what each method promises."""

    def __init__(self, options: SqliteOptions, disk: Disk, sources: Sources) -> None:
        self._options = options
        self._disk = disk
        self._sources = sources
        self._directories = Directories(disk)
        self._layout = Layout(dict(options.partitions))
        self._readers = ThreadPoolExecutor(options.reader_threads, "angarium-read")
        self._writers = ThreadPoolExecutor(options.writer_threads, "angarium-write")
        self._site = ThreadPoolExecutor(1, "angarium-site")
        self._listeners: list[Announcement] = []
        self._stamp: StampOf = nobody_can_tell
        self._is_closed = False
        self._directories.make_root(options.directory)
        self._catalogue = self._open_site("mailboxes.db", CATALOGUE)
        self._users = self._open_site("users.db", USERS)
        self._work = self._open_site("work.db", WORK)
        names, users_reader = self._catalogue.open_reader, self._users.open_reader
        self._account_ids: Remembered[str, AccountId | None] = Remembered(names, _NAMES_REMEMBERED)
        self._credentials: Remembered[str, CredentialRow | None] = Remembered(users_reader, _NAMES_REMEMBERED)
        for partition, directory in options.partitions.items():
            self._directories.make_root(directory)
            self._directories.make(self._layout.stage(partition))
            self._clean_stage(self._layout.stage(partition))
        self._accounts = OpenAccounts(
            options.directory,
            self._readers,
            limit=options.open_accounts,
            vfs=options.vfs,
            on_open=self._repair_catalogue,
        )
        storage = Storage(disk, self._directories, self._layout, sources, options.single_instance)
        self._writer = Writer(options, storage, self._accounts, self._writers, self.announced, self._stamp_of)
        self._moves = Moves(
            options, desk=self, writer=self._writer, accounts=self._accounts, readers=self._readers, sources=sources
        )

    @classmethod
    async def open(cls, options: SqliteOptions, sources: Sources, disk: Disk | None = None) -> "SqliteEngine":
        """Open (or make) a store; its site databases are opened in a thread. DiskFailed, StoreDamaged."""
        loop = asyncio.get_running_loop()
        try:
            engine = await loop.run_in_executor(None, cls, options, disk or SystemDisk(), sources)
        except (OSError, apsw.Error) as error:
            raise as_known(error) from error
        await engine.begin_to_resume()
        return engine

    async def begin_to_resume(self) -> None:
        """Go on with moves between accounts that a crash has stopped; it does not wait for their end."""
        await self._moves.resume_if_any()

    async def resume_moves(self) -> None:
        """As `begin_to_resume`, and wait."""
        await self._moves.resume()

    # Writes

    async def write(self, account: AccountId, command: Command) -> Result:
        (answer,) = await self._writer.submit(account, (command,))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def write_batch(self, account: AccountId, commands: Sequence[Command]) -> list[Result | Exception]:
        return await self._writer.submit(account, commands) if commands else []

    async def move_mailboxes(self, command: MoveMailboxes) -> Done:
        return await self._moves.move(command)

    def advise(self, account: AccountId, command: Command) -> None:
        self._writer.advise(account, command)

    def subscribe(self, listener: Announcement) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def remember_by(self, stamp: StampOf) -> None:
        """From here on what was read last is given again where `stamp` says that nobody has changed it since."""
        self._stamp = stamp

    def _stamp_of(self, changed: AccountId) -> Stamp | None:
        return self._stamp(changed)

    def announced(self, account: AccountId) -> None:
        """Tell the listeners that an account changed, here or (as the worker learned) in another process."""
        for listener in tuple(self._listeners):
            try:
                listener(account)
            except Exception:
                log.exception("announcement_failed", extra={"account": account})

    # Reads of an account

    async def state(self, account: AccountId) -> AccountState:
        found = self._accounts.get(account) or await self._accounts.open(account)
        return found.states.get(self._stamp_of(account), None, lambda: reads.read_state(found.reader))

    async def account_name(self, account: AccountId) -> str:
        return reads.read_name((await self._accounts.open(account)).reader)

    async def mailboxes(self, account: AccountId) -> list[MailboxRow]:
        opened = await self._accounts.open(account)
        if reads.has_many_mailboxes(opened.reader):
            return await self._read_apart(opened, reads.read_mailboxes)
        return reads.read_mailboxes(opened.reader)

    async def mailbox(self, account: AccountId, mailbox: MailboxId) -> MailboxRow | None:
        found = self._accounts.get(account) or await self._accounts.open(account)
        return found.mailboxes.get(self._stamp_of(account), mailbox, lambda: reads.read_mailbox(found.reader, mailbox))

    async def messages(
        self, account: AccountId, mailbox: MailboxId, *, changed_since: ModSeq = NO_MODSEQ
    ) -> MailboxMessages:
        opened = await self._accounts.open(account)
        most = self._options.large_read_rows
        found = reads.read_messages(opened.reader, mailbox, changed_since, most_rows=most)
        if found is not None:
            return found
        return await self._read_apart(
            opened, lambda connection: reads.read_all_messages(connection, mailbox, changed_since)
        )

    async def contents(self, account: AccountId, contents: Iterable[ContentId]) -> dict[ContentId, Content]:
        opened = await self._accounts.open(account)
        wanted = list(contents)
        if len(wanted) <= self._options.large_read_rows:
            return reads.read_contents(opened.reader, wanted)
        return await self._read_apart(opened, lambda connection: reads.read_contents(connection, wanted))

    async def search_fields(self, account: AccountId, contents: Iterable[ContentId]) -> dict[ContentId, SearchFields]:
        opened = await self._accounts.open(account)
        wanted = list(contents)
        if len(wanted) <= self._options.large_read_rows:
            return reads.read_search_fields(opened.reader, wanted)
        return await self._read_apart(opened, lambda connection: reads.read_search_fields(connection, wanted))

    async def previews(self, account: AccountId, contents: Iterable[ContentId]) -> dict[ContentId, str]:
        opened = await self._accounts.open(account)
        wanted = list(contents)
        if len(wanted) <= self._options.large_read_rows:
            return reads.read_previews(opened.reader, wanted)
        return await self._read_apart(opened, lambda connection: reads.read_previews(connection, wanted))

    async def seen(self, account: AccountId, mailbox: MailboxId, seen_account: AccountId) -> SeenRow | None:
        return reads.read_seen((await self._accounts.open(account)).reader, mailbox, seen_account)

    async def annotations(
        self, account: AccountId, mailbox: MailboxId | None, uids: UidSet | None = None
    ) -> list[AnnotationRow]:
        found = self._accounts.get(account) or await self._accounts.open(account)
        return annotations.read_annotations(found.reader, mailbox, uids)

    async def subscriptions(self, account: AccountId) -> list[SubscriptionRow]:
        return reads.read_subscriptions((await self._accounts.open(account)).reader)

    async def quotas(self, account: AccountId) -> list[QuotaRow]:
        return quotas.read_quotas((await self._accounts.open(account)).reader)

    async def changes(self, account: AccountId, *, since: ModSeq, limit: int) -> list[ChangeRow]:
        opened = self._accounts.get(account) or await self._accounts.open(account)
        late = reads.read_late_changes(opened.reader, since, min(limit, _CHANGES_OF_THE_LOOP))
        if late is not None:
            return late
        return await self._read_apart(opened, lambda connection: reads.read_changes(connection, since, limit))

    async def last_change_s(self, account: AccountId, mailbox: MailboxId) -> int | None:
        return reads.read_last_change_s((await self._accounts.open(account)).reader, mailbox)

    async def uidvalidity_of_tombstone(self, account: AccountId, name: str) -> int | None:
        return reads.read_tombstone_uidvalidity((await self._accounts.open(account)).reader, name)

    # Message files

    @asynccontextmanager
    async def stage(self, partition: str) -> AsyncIterator[SpoolStagedMessage]:
        path = f"{self._layout.stage(partition)}/{self._sources.random_id()}"
        staged = SpoolStagedMessage(self._disk, self._readers, partition, path)
        try:
            yield staged
        finally:
            staged.close()

    async def open_message(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> SpoolMessageFile:
        opened = self._accounts.get(account) or await self._accounts.open(account)
        directory = opened.directories.get(mailbox)
        if directory is not None:
            # Only where there is no such file any more has the index to say why.
            with suppress(OSError):
                return SpoolMessageFile(self._readers, self._disk.open_read(f"{directory}/{message_name(uid)}"))
        _, path = await self._place_of(account, mailbox, uid)
        file = self._open_file(path)
        opened.directories[mailbox] = path.removesuffix(f"/{message_name(uid)}")
        return file

    async def stored_file(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> StagedFile:
        partition, path = await self._place_of(account, mailbox, uid)
        with self._open_file(path) as file:
            return StagedFile(partition, path, file.size_octets)

    async def _place_of(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> tuple[str, str]:
        """Partition and path of a message that the index knows."""
        opened = self._accounts.get(account) or await self._accounts.open(account)
        place = reads.read_message_place(opened.reader, mailbox, uid)
        if place is None:
            raise MailboxNotFound(f"no mailbox {mailbox} in account {account}")
        partition, known = place
        if known is None:
            raise MessageNotFound(f"no message {uid} in mailbox {mailbox}")
        return partition, f"{self._layout.directory(partition, mailbox)}/{message_name(uid)}"

    def _open_file(self, path: str) -> SpoolMessageFile:
        try:
            return SpoolMessageFile(self._readers, self._disk.open_read(path))
        except FileNotFoundError as error:
            log.error("message_file_missing", extra={"path": path})
            raise MessageFileMissing(f"{path} is missing") from error
        except OSError as error:
            raise as_refusal(error) from error

    async def mailbox_directory(self, account: AccountId, mailbox: MailboxId) -> str:
        row = await self.mailbox(account, mailbox)
        if row is None:
            raise MailboxNotFound(f"no mailbox {mailbox} in account {account}")
        return self._layout.directory(row.partition, mailbox)

    # Accounts and catalogue

    async def create_account(self, name: str) -> AccountId:
        return await self._change_site(SITE, lambda: self._create_account(name))

    async def account_id(self, name: str) -> AccountId | None:
        reader = self._catalogue.open_reader
        return self._account_ids.get(self._stamp_of(SITE), name, lambda: catalogue.account_id(reader, name))

    async def accounts(self, *, prefix: str = "") -> list[AccountRow]:
        return catalogue.accounts(self._catalogue.open_reader, prefix)

    async def rename_account(self, account: AccountId, name: str) -> None:
        await self._change_site(
            SITE,
            lambda: self._catalogue.write(lambda connection: catalogue.rename_account(connection, account, name)),
        )

    async def forget_account(self, account: AccountId) -> None:
        await self._accounts.discard(account)
        await self._change_site(SITE, lambda: self._forget_account(account))

    async def refresh_catalogue(self, account: AccountId) -> None:
        opened = await self._accounts.open(account)
        with self._accounts.pinned(opened):
            others_see_it = await self._in_site_thread(lambda: self._show(opened))
        self.announced(NAMES)
        if others_see_it:
            self.announced(SITE)

    async def catalogue(
        self,
        *,
        account: AccountId | None = None,
        identifiers: frozenset[str] | None = None,
        excluding: AccountId | None = None,
    ) -> list[CatalogueRow]:
        wanted = Wanted(account, identifiers, excluding)
        found = catalogue.mailboxes(self._catalogue.open_reader, wanted, most_rows=catalogue.ROWS_OF_THE_LOOP)
        if found is None:
            found = await self._in_thread(self._readers, lambda: self._read_catalogue(wanted))
        return found

    async def home_of(self, mailbox: MailboxId) -> AccountId | None:
        return catalogue.home_of(self._catalogue.open_reader, mailbox)

    # Annotations of the server

    async def server_annotations(self) -> dict[str, bytes]:
        return annotations.server_annotations(self._catalogue.open_reader)

    async def set_server_annotations(self, values: Mapping[str, bytes | None]) -> None:
        await self._in_site_thread(
            lambda: self._catalogue.write(lambda connection: annotations.set_server_annotations(connection, values))
        )
        self.announced(SITE)

    # Repair

    async def found_mailboxes(self) -> list[FoundMailbox | UnreadableDirectory]:
        return await self._in_thread(self._readers, lambda: find_mailboxes(self._disk, self._layout))

    async def open_found(self, mailbox: FoundMailbox, uid: Uid) -> SpoolMessageFile:
        return self._open_file(f"{mailbox.directory}/{message_name(uid)}")

    async def recreate_account(self, account: AccountId, name: str) -> str | None:
        await self._accounts.discard(account)
        return await self._change_site(SITE, lambda: self._recreate_account(account, name))

    # Users and work

    async def credential(self, userid: str) -> CredentialRow | None:
        reader = self._users.open_reader
        return self._credentials.get(self._stamp_of(USERS_CHANGES), userid, lambda: users.credential(reader, userid))

    async def credentials(self) -> list[CredentialRow]:
        return users.credentials(self._users.open_reader)

    async def put_credential(self, credential: CredentialRow) -> None:
        await self._change_site(
            USERS_CHANGES,
            lambda: self._users.write(lambda connection: users.put_credential(connection, credential)),
        )

    async def remove_credential(self, userid: str) -> None:
        await self._change_site(
            USERS_CHANGES,
            lambda: self._users.write(lambda connection: users.remove_credential(connection, userid)),
        )

    async def note_work(self, work_row: WorkRow) -> int:
        return await self._in_site_thread(
            lambda: self._work.write(lambda connection: work.note_work(connection, work_row))
        )

    async def work(self) -> list[tuple[int, WorkRow]]:
        return work.work(self._work.open_reader)

    async def work_done(self, number: int) -> None:
        await self._in_site_thread(lambda: self._work.write(lambda connection: work.work_done(connection, number)))

    # Care

    async def checkpoint(self) -> None:
        await self.resume_moves()
        for account in await self._in_thread(self._readers, self._accounts_with_logs):
            try:
                await self._writer.truncate_log(account)
            except AngariumError as refusal:
                log.warning("checkpoint_failed", extra={"account": account, "error": str(refusal)})
        await self._in_site_thread(self._checkpoint_site)

    async def close(self) -> None:
        if self._is_closed:
            return
        await self._moves.stop()
        self._is_closed = True
        await self._writer.drain()
        await self._accounts.close()
        await asyncio.get_running_loop().run_in_executor(self._site, self._close_site)
        for executor in (self._writers, self._readers, self._site):
            executor.shutdown()

    # In threads

    def _read_catalogue(self, wanted: Wanted) -> list[CatalogueRow]:
        reader = self._catalogue.another_reader()
        try:
            return catalogue.mailboxes(reader, wanted) or []
        finally:
            reader.close(True)

    def _open_site(self, name: str, schema: Schema) -> SiteDatabase:
        path, options = os.path.join(self._options.directory, name), self._options
        return SiteDatabase(path, schema, self._disk, vfs=options.vfs, checkpoint_pages=options.checkpoint_pages)

    def _clean_stage(self, directory: str) -> None:
        """Remove what a crash has left; what another process stages now is younger than a day."""
        before_s = self._sources.now_s() - _STAGED_LONG_AGO_S
        for name in self._disk.listdir(directory):
            path = f"{directory}/{name}"
            try:
                if self._disk.modified_s(path) < before_s:
                    self._disk.unlink(path)
            except OSError as error:  # another process cleans as well
                log.info("stage_not_cleaned", extra={"path": path, "error": str(error)})

    async def _change_site(self, changed: AccountId, call: Callable[[], Answer]) -> Answer:
        """Announced before it is answered, and where it failed too: it may be durable all the same."""
        try:
            return await self._in_site_thread(call)
        finally:
            self.announced(changed)

    async def _in_site_thread(self, call: Callable[[], Answer]) -> Answer:
        return await self._in_thread(self._site, call)

    async def _in_thread(self, executor: Executor, call: Callable[[], Answer]) -> Answer:
        if self._is_closed:
            raise StoreBusy("the engine is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, call)
        except (OSError, apsw.Error) as error:
            raise as_known(error) from error

    async def _read_apart(self, account: OpenAccount, read: Callable[[apsw.Connection], Answer]) -> Answer:
        """A large read, in a thread and on a connection of its own, so that the loop's stays free."""

        def run() -> Answer:
            connection = open_for_reading(account.path, ACCOUNT, vfs=self._options.vfs)
            try:
                return read(connection)
            finally:
                connection.close(True)

        with self._accounts.pinned(account):
            return await self._in_thread(self._readers, run)

    def _create_account(self, name: str) -> AccountId:
        """The file first, the name last: a crash between leaves a file that nothing names."""
        account = AccountId(self._sources.random_id())
        self._create_account_file(account, name)
        try:
            self._catalogue.write(lambda connection: catalogue.add_account(connection, account, name))
        except AccountExists:
            self._remove_account_files(account)
            raise
        return account

    def _create_account_file(self, account: AccountId, name: str) -> None:
        path = account_path(self._options.directory, account)
        self._directories.make(os.path.dirname(path))
        with self._account_lock(path):
            self._fill_account_file(path, account, name)

    @contextmanager
    def _account_lock(self, path: str) -> Iterator[None]:
        lock = FileLock(f"{path[:-3]}.lock")
        try:
            with lock:
                yield
        finally:
            lock.close()

    def _fill_account_file(self, path: str, account: AccountId, name: str) -> None:
        create_private(self._disk, path)
        connection = open_for_writing(path, ACCOUNT, vfs=self._options.vfs)
        try:
            connection.execute(
                "INSERT INTO account (id, name, modseq, folder_modseq, last_uidvalidity, modseq_ceiling)"
                " VALUES (?, ?, 1, 1, 0, 1)",
                (account, name),
            )
        finally:
            connection.close(True)
        self._disk.fsync_directory(os.path.dirname(path))

    def _forget_account(self, account: AccountId) -> None:
        """All under the account's lock, so that no other process makes a mailbox in between; one that has the file
        open finds it gone before it writes."""
        path = account_path(self._options.directory, account)
        if not self._disk.exists(path):
            raise AccountNotFound(f"no account {account}")
        with self._account_lock(path):
            reader = open_for_reading(path, ACCOUNT, vfs=self._options.vfs)
            try:
                if reads.read_mailboxes(reader) or reads.has_arrivals(reader):
                    raise DiskFailed(f"account {account} still has mailboxes")
            finally:
                reader.close(True)
            self._catalogue.write(lambda connection: catalogue.remove_account(connection, account))
            self._remove_account_files(account)

    def _recreate_account(self, account: AccountId, name: str) -> str | None:
        """The catalogue first: it knows the name better, and may refuse the one it is given."""
        known = self._catalogue.peek(lambda connection: catalogue.account_name(connection, account))
        if known is None:
            self._catalogue.write(lambda connection: catalogue.add_account(connection, account, name))
        path = account_path(self._options.directory, account)
        self._directories.make(os.path.dirname(path))
        with self._account_lock(path):
            aside = self._put_aside(path)
            self._fill_account_file(path, account, known or name)
        return aside

    def _put_aside(self, path: str) -> str | None:
        """The file first, and durably: without its log it would pass for an older state of the account."""
        if not self._disk.exists(path):
            return None
        aside = f"{path}.aside-{self._sources.now_s()}"
        self._disk.rename(path, aside)
        self._disk.fsync_directory(os.path.dirname(path))
        for suffix in ("-wal", "-shm"):
            if self._disk.exists(path + suffix):
                self._disk.rename(path + suffix, aside + suffix)
        return aside

    def _remove_account_files(self, account: AccountId) -> None:
        path = account_path(self._options.directory, account)
        for name in (path, f"{path}-wal", f"{path}-shm", f"{path[:-3]}.lock"):
            if self._disk.exists(name):
                self._disk.unlink(name)

    def _accounts_with_logs(self) -> list[AccountId]:
        """Accounts whose write-ahead log is not empty, open here or not."""
        root = os.path.join(self._options.directory, "account")
        logs = glob.iglob(f"{glob.escape(root)}/*/*/*.db-wal")
        return [AccountId(os.path.basename(path)[: -len(".db-wal")]) for path in logs if os.path.getsize(path)]

    def _repair_catalogue(self, account: OpenAccount) -> None:
        """At opening: a crash between the account's commit and the catalogue's shows in the modseqs."""
        self._site.submit(self._show_if_stale, account).result()

    def _show_if_stale(self, account: OpenAccount) -> None:
        shown = self._catalogue.peek(lambda connection: catalogue.shown_modseq(connection, account.id))
        if shown != reads.read_state(account.reader).folder_modseq:
            self._show(account)

    def _show(self, account: OpenAccount) -> bool:
        """Read under the catalogue's lock, so that of two refreshes the later one shows the later state; whether there
        is something new to others than the account's user."""

        def change(connection: apsw.Connection) -> bool:
            reader = open_for_reading(account.path, ACCOUNT, vfs=self._options.vfs)
            try:
                # Before the rows: a commit between makes a refresh too many, not a miss.
                state = reads.read_state(reader)
                mailboxes = reads.read_mailboxes(reader)
            finally:
                reader.close(True)
            return catalogue.show_account(connection, account.id, mailboxes, state.folder_modseq)

        return self._catalogue.write(change)

    def _checkpoint_site(self) -> None:
        for database in (self._catalogue, self._users, self._work):
            database.checkpoint()
        directory = os.path.join(self._options.directory, "snapshot")
        self._directories.make(directory)
        now_s, kept = self._sources.now_s(), self._options.snapshots
        for database, kind in ((self._catalogue, "mailboxes"), (self._users, "users")):
            rotate_snapshot(self._disk, database, directory, kind, now_s=now_s, kept=kept)

    def _close_site(self) -> None:
        for database in (self._catalogue, self._users, self._work):
            database.close()
