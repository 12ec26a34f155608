"""`SqliteEngine`: account files, spool and site databases behind the engine's interface.

Threads: the loop's thread reads open accounts inline; `readers` open files and make large reads; `writers` commit.
Site databases are written in a thread of their own, so that their locks are never waited for on the loop.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from typing import TypeVar

import apsw

from angarium.engine.columns import MailboxMessages
from angarium.engine.commands import Command, Done, Result, StagedFile
from angarium.engine.delivery import DispatchRow, MarkKind, MarkRow
from angarium.engine.disk import Directories, Disk, SystemDisk
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
    PrunedChanges,
    QuotaRow,
    SearchFields,
    SeenRow,
    SubscriptionRow,
    Uid,
    UnreadableDirectory,
    WorkRow,
)
from angarium.engine.scripts import ScriptRow
from angarium.engine.sources import Sources
from angarium.engine.spool import (
    Layout,
    SpoolMessageFile,
    SpoolStagedMessage,
    find_mailboxes,
    message_name,
    queued_name,
)
from angarium.engine.sqlite import annotations, catalogue, dispatches, marks, quotas, reads, scripts, work
from angarium.engine.sqlite.accountfiles import accounts_with_logs, changed_accounts
from angarium.engine.sqlite.accounts import OpenAccount, OpenAccounts
from angarium.engine.sqlite.catalogue import Wanted
from angarium.engine.sqlite.knownusers import KnownUsers
from angarium.engine.sqlite.messagefiles import MessageFiles
from angarium.engine.sqlite.moving import Moves
from angarium.engine.sqlite.notes import Notes
from angarium.engine.sqlite.options import SqliteOptions
from angarium.engine.sqlite.outgoing import Outgoing, concerns_queue
from angarium.engine.sqlite.queuefiles import QueueFiles, SweepQueue
from angarium.engine.sqlite.refusals import as_known, in_executor
from angarium.engine.sqlite.registry import Registry
from angarium.engine.sqlite.remembered import Freshness, Remembered, Stamp, StampOf, nobody_can_tell
from angarium.engine.sqlite.sitefiles import SiteFiles
from angarium.engine.sqlite.transaction import Storage
from angarium.engine.sqlite.writer import Writer
from angarium.engine.users import AppPasswordUse, DenialRow, LoginRow, UserChange, UserRow
from angarium.errors import AngariumError, MailboxNotFound, MessageNotFound, QuotaExceeded, StoreBusy
from angarium.sequenceset import UidSet

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_NAMES_REMEMBERED = 10_000
_SITE_SCRIPTS_REMEMBERED = 100
_DISPATCHES_OF_THE_LOOP = 30
"""Lines of a queue that are read where somebody waits for the loop; each has a text of some KB."""
_WORK_OF_THE_LOOP = 1_000
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
        self._listeners: list[Announcement] = []
        self._refusal_listeners: list[Callable[[AccountId, Command], None]] = []
        self._stamp: StampOf = nobody_can_tell
        self._is_closed = False
        self._site = SiteFiles(options, disk, self._directories, sources, self.announced)
        self._users = KnownUsers(self._site, self._stamp_of)
        names = self._site.names.open_reader
        self._account_ids: Remembered[str, AccountId | None] = Remembered(names, _NAMES_REMEMBERED)
        self._site_scripts: Remembered[str, ScriptRow | None] = Remembered(names, _SITE_SCRIPTS_REMEMBERED)
        self._accounts = OpenAccounts(
            options.directory,
            self._readers,
            limit=options.open_accounts,
            vfs=options.vfs,
            on_open=self._repair_catalogue,
            on_opened=self._look_for_lost_notes,
        )
        storage = Storage(disk, self._directories, self._layout, sources, options.single_instance)
        self._writer = Writer(options, storage, self._accounts, self._writers, self.announced, self._stamp_of)
        self._outgoing = Outgoing(
            notes=Notes(lambda change: self._site.in_thread(lambda: self._site.work.write(change))),
            work=self.work,
            writer=self._writer,
            accounts=self._accounts,
            sources=sources,
        )
        self._queue_files = QueueFiles(disk, self._layout)
        self._files = MessageFiles(disk, self._layout, self._directories, sources, self._accounts, self._readers)
        for partition, directory in options.partitions.items():
            self._files.prepare_stage(partition, directory)
        self._registry = Registry(
            options, names=self._site.names, disk=disk, directories=self._directories, sources=sources
        )
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
        if concerns_queue(command):
            (answer,) = await self._outgoing.write(account, (command,))
        else:
            (answer,) = await self._writer.submit(account, (command,))
        if isinstance(answer, Exception):
            self._tell_refusal(account, command, answer)
            raise answer
        return answer

    async def write_batch(self, account: AccountId, commands: Sequence[Command]) -> list[Result | Exception]:
        if any(map(concerns_queue, commands)):
            answers = await self._outgoing.write(account, commands)
        else:
            answers = await self._writer.submit(account, commands) if commands else []
        if self._refusal_listeners:
            for command, answer in zip(commands, answers, strict=True):
                self._tell_refusal(account, command, answer)
        return answers

    def _tell_refusal(self, account: AccountId, command: Command, answer: Result | Exception) -> None:
        if isinstance(answer, QuotaExceeded):
            for listener in self._refusal_listeners:
                listener(account, command)

    async def move_mailboxes(self, command: MoveMailboxes) -> Done:
        return await self._moves.move(command)

    def advise(self, account: AccountId, command: Command) -> None:
        assert not concerns_queue(command), "what is to be sent is not left to chance"
        self._writer.advise(account, command)

    def subscribe(self, listener: Announcement) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def on_full_quota(self, listener: Callable[[AccountId, Command], None]) -> None:
        """Call `listener` after each command that was refused because a quota root is full."""
        self._refusal_listeners.append(listener)

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
        return self._freshness(found).state

    def _freshness(self, found: OpenAccount) -> Freshness:
        return found.freshness.get(self._stamp_of(found.id), None, lambda: reads.read_freshness(found.reader))

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
        if uids is not None:
            return annotations.read_annotations(found.reader, mailbox, uids)
        rows = found.annotations.get(
            self._freshness(found), mailbox, lambda: annotations.read_annotations(found.reader, mailbox, None)
        )
        return [*rows]

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

    async def pruned_changes(self, account: AccountId) -> PrunedChanges:
        return reads.read_pruned_changes((await self._accounts.open(account)).reader)

    async def accounts_changed_since(self, time_s: int) -> AsyncIterator[list[AccountId]]:
        found = changed_accounts(self._options.directory, time_s)
        while True:
            some = await self._in_thread(self._readers, lambda: next(found, None))
            if some is None:
                return
            if some:
                yield some

    async def last_change_s(self, account: AccountId, mailbox: MailboxId) -> int | None:
        return reads.read_last_change_s((await self._accounts.open(account)).reader, mailbox)

    async def uidvalidity_of_tombstone(self, account: AccountId, name: str) -> int | None:
        return reads.read_tombstone_uidvalidity((await self._accounts.open(account)).reader, name)

    # Deliveries

    async def marks(self, account: AccountId, kind: MarkKind, keys: Iterable[str]) -> frozenset[str]:
        found = self._accounts.get(account) or await self._accounts.open(account)
        now_s = self._sources.now_s()
        return frozenset([key for key in keys if marks.stands(found.reader, kind, key, now_s)])

    async def list_marks(
        self, account: AccountId, kind: MarkKind, *, after_key: str = "", limit: int = 1000
    ) -> list[MarkRow]:
        opened = await self._accounts.open(account)
        return await self._read_apart(opened, lambda connection: marks.read_marks(connection, kind, after_key, limit))

    async def scripts(self, account: AccountId) -> list[ScriptRow]:
        return scripts.read_scripts((await self._accounts.open(account)).reader)

    async def script(self, account: AccountId, name: str) -> ScriptRow | None:
        return scripts.read_script((await self._accounts.open(account)).reader, name)

    async def active_script(self, account: AccountId) -> ScriptRow | None:
        found = self._accounts.get(account) or await self._accounts.open(account)

        def read() -> ScriptRow | None:
            found.last_active_script = scripts.read_active_script(found.reader, found.last_active_script)
            return found.last_active_script

        return found.active_scripts.get(self._freshness(found), None, read)

    async def dispatches(self, account: AccountId) -> list[DispatchRow]:
        opened = await self._accounts.open(account)
        found = dispatches.read_dispatches(opened.reader, limit=_DISPATCHES_OF_THE_LOOP + 1)
        if len(found) > _DISPATCHES_OF_THE_LOOP:
            found = await self._read_apart(opened, dispatches.read_dispatches)
        return found

    async def dispatch(self, account: AccountId, number: int) -> DispatchRow | None:
        return dispatches.read_dispatch((await self._accounts.open(account)).reader, number)

    async def open_dispatch(self, account: AccountId, number: int) -> SpoolMessageFile:
        partition = dispatches.read_partition((await self._accounts.open(account)).reader, number)
        if partition is None:
            raise MessageNotFound(f"account {account} has no file to send under number {number}")
        return self._files.open(f"{self._layout.queue(partition, account)}/{queued_name(account, number)}")

    async def accounts_with_mail(self) -> list[AccountId]:
        return await self._outgoing.accounts()

    # Scripts of the site

    async def site_scripts(self) -> list[ScriptRow]:
        return scripts.site_scripts(self._site.names.open_reader)

    async def site_script(self, name: str) -> ScriptRow | None:
        reader = self._site.names.open_reader
        return self._site_scripts.get(self._stamp_of(SITE), name, lambda: scripts.site_script(reader, name))

    async def put_site_script(self, name: str, content: bytes) -> None:
        now_s = self._sources.now_s()
        names = self._site.names
        await self._site.change(
            SITE, lambda: names.write(lambda connection: scripts.put_site_script(connection, name, content, now_s))
        )

    async def remove_site_script(self, name: str) -> None:
        await self._site.change(
            SITE, lambda: self._site.names.write(lambda connection: scripts.remove_site_script(connection, name))
        )

    # Message files

    def stage(self, partition: str) -> AbstractAsyncContextManager[SpoolStagedMessage]:
        return self._files.stage(partition)

    async def open_message(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> SpoolMessageFile:
        return await self._files.open_message(account, mailbox, uid)

    async def stored_file(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> StagedFile:
        return await self._files.stored_file(account, mailbox, uid)

    async def mailbox_directory(self, account: AccountId, mailbox: MailboxId) -> str:
        row = await self.mailbox(account, mailbox)
        if row is None:
            raise MailboxNotFound(f"no mailbox {mailbox} in account {account}")
        return self._layout.directory(row.partition, mailbox)

    # Accounts and catalogue

    async def create_account(self, name: str) -> AccountId:
        return await self._site.change(SITE, lambda: self._registry.create(name))

    async def account_id(self, name: str) -> AccountId | None:
        reader = self._site.names.open_reader
        return self._account_ids.get(self._stamp_of(SITE), name, lambda: catalogue.account_id(reader, name))

    async def accounts(self, *, prefix: str = "") -> list[AccountRow]:
        return catalogue.accounts(self._site.names.open_reader, prefix)

    async def rename_account(self, account: AccountId, name: str) -> None:
        await self._site.change(
            SITE,
            lambda: self._site.names.write(lambda connection: catalogue.rename_account(connection, account, name)),
        )

    async def forget_account(self, account: AccountId) -> None:
        await self._accounts.discard(account)
        await self._site.change(SITE, lambda: self._registry.forget(account))

    async def refresh_catalogue(self, account: AccountId) -> None:
        opened = await self._accounts.open(account)
        with self._accounts.pinned(opened):
            others_see_it = await self._site.in_thread(lambda: self._registry.show(opened))
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
        found = catalogue.mailboxes(self._site.names.open_reader, wanted, most_rows=catalogue.ROWS_OF_THE_LOOP)
        if found is None:
            found = await self._in_thread(
                self._readers, lambda: self._site.names.read_apart(lambda reader: catalogue.mailboxes(reader, wanted))
            )
        return found or []

    async def home_of(self, mailbox: MailboxId) -> AccountId | None:
        return catalogue.home_of(self._site.names.open_reader, mailbox)

    # Annotations of the server

    async def server_annotations(self) -> dict[str, bytes]:
        return annotations.server_annotations(self._site.names.open_reader)

    async def set_server_annotations(self, values: Mapping[str, bytes | None]) -> None:
        await self._site.in_thread(
            lambda: self._site.names.write(lambda connection: annotations.set_server_annotations(connection, values))
        )
        self.announced(SITE)

    # Repair

    async def found_mailboxes(self) -> list[FoundMailbox | UnreadableDirectory]:
        return await self._in_thread(self._readers, lambda: find_mailboxes(self._disk, self._layout))

    async def open_found(self, mailbox: FoundMailbox, uid: Uid) -> SpoolMessageFile:
        return self._files.open(f"{mailbox.directory}/{message_name(uid)}")

    async def recreate_account(self, account: AccountId, name: str) -> str | None:
        await self._accounts.discard(account)
        return await self._site.change(SITE, lambda: self._registry.recreate(account, name))

    # Users

    async def credential(self, userid: str) -> CredentialRow | None:
        return self._users.user(userid).credential

    async def credentials(self) -> list[CredentialRow]:
        return self._users.credentials()

    async def remove_credential(self, userid: str) -> None:
        await self._users.remove_credential(userid)

    async def user(self, userid: str) -> UserRow:
        return self._users.user(userid)

    async def users(self) -> list[UserRow]:
        return await self._in_thread(self._readers, self._users.users)

    async def denials(self) -> list[DenialRow]:
        return self._users.denials()

    async def change_user(self, change: UserChange) -> bool:
        return await self._users.change_user(change)

    async def site_secret(self) -> bytes:
        return self._users.site_secret()

    def has_shared_secrets(self) -> bool:
        return self._users.has_shared_secrets()

    def note_login(self, login: LoginRow) -> None:
        self._site.logins.note(login)

    async def logins(self, userid: str) -> list[LoginRow]:
        return await self._users.logins(userid)

    async def app_password_uses(self, userid: str) -> dict[int, AppPasswordUse]:
        return await self._users.app_password_uses(userid)

    # Work

    async def note_work(self, work_row: WorkRow) -> int:
        return await self._site.in_thread(
            lambda: self._site.work.write(lambda connection: work.note_work(connection, work_row))
        )

    async def work(self) -> list[tuple[int, WorkRow]]:
        found = work.work(self._site.work.open_reader, limit=_WORK_OF_THE_LOOP + 1)
        if len(found) > _WORK_OF_THE_LOOP:
            found = await self._in_thread(self._readers, lambda: self._site.work.read_apart(work.work))
        return found

    async def work_done(self, number: int) -> None:
        await self._site.in_thread(lambda: self._site.work.write(lambda connection: work.work_done(connection, number)))

    # Care

    async def checkpoint(self) -> None:
        await self.resume_moves()
        await self.sweep_queues()
        directory = self._options.directory
        for account in await self._in_thread(self._readers, lambda: accounts_with_logs(directory)):
            try:
                await self._writer.truncate_log(account)
            except AngariumError as refusal:
                log.warning("checkpoint_failed", extra={"account": account, "error": str(refusal)})
        await self._site.checkpoint()

    async def sweep_queues(self) -> None:
        """Remove files of mail to send that no line names. Those of accounts that are not there are left alone: one of
        them may have lost its file, and be built anew."""
        for account in await self._in_thread(self._readers, self._queue_files.accounts):
            (answer,) = await self._writer.submit(account, (SweepQueue(),))
            if isinstance(answer, Exception):
                log.info("queue_not_swept", extra={"account": account, "error": str(answer)})

    async def note_mail_again(self, account: AccountId) -> None:
        """Have `work` name an account whose mail to send it does not know, as after a restored copy of either."""
        await self._outgoing.note_again(account)

    def _look_for_lost_notes(self, account: OpenAccount) -> None:
        with suppress(AngariumError):  # a file that is damaged there says so to who asks for it
            if dispatches.read_works(account.reader):
                self._outgoing.start(self.note_mail_again(account.id))

    async def close(self) -> None:
        if self._is_closed:
            return
        await self._moves.stop()
        await self._outgoing.stop()
        await self._site.stop()
        self._is_closed = True
        self._files.stop()
        await self._writer.drain()
        await self._accounts.close()
        await self._site.close()
        for executor in (self._writers, self._readers):
            executor.shutdown()

    # In threads

    async def _in_thread(self, executor: Executor, call: Callable[[], Answer]) -> Answer:
        if self._is_closed:
            raise StoreBusy("the engine is closed")
        return await in_executor(executor, call)

    async def _read_apart(self, account: OpenAccount, read: Callable[[apsw.Connection], Answer]) -> Answer:
        with self._accounts.pinned(account):
            return await self._in_thread(self._readers, lambda: account.read_apart(read))

    def _repair_catalogue(self, account: OpenAccount) -> None:
        """At opening, in the pool."""
        self._site.call(lambda: self._registry.show_if_stale(account))
