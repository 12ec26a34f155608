"""`MemoryEngine`: the whole interface over dictionaries."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

from angarium.engine.columns import MailboxMessages, MessageColumns
from angarium.engine.commands import (
    Command,
    Deliver,
    Done,
    EraseMailboxes,
    PostponeDispatch,
    PurgeMessages,
    RemoveDispatch,
    Result,
    StagedFile,
)
from angarium.engine.delivery import MAIL_TO_SEND, NOTE_STALE_AFTER_S, DispatchRow, MarkKind, MarkRow, dispatches_of
from angarium.engine.interface import NAMES, OUTGOING, SITE, Announcement
from angarium.engine.memory.account import Account, Mailbox
from angarium.engine.memory.annotations import list_annotations
from angarium.engine.memory.delivering import Noted, stands
from angarium.engine.memory.execution import execute
from angarium.engine.memory.files import MemoryMessageFile, MemoryStagedMessage
from angarium.engine.memory.messages import Surroundings
from angarium.engine.memory.moving import move_mailboxes
from angarium.engine.memory.users import Users
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
    MailboxId,
    MailboxRow,
    ModSeq,
    PrunedChanges,
    QuotaRow,
    SearchFields,
    SeenRow,
    SubscriptionRow,
    Uid,
    WorkRow,
)
from angarium.engine.scripts import ScriptRow
from angarium.engine.sources import Sources
from angarium.engine.users import AppPasswordUse, DenialRow, LoginRow, UserChange, UserRow
from angarium.errors import (
    AccountExists,
    AccountNotFound,
    AngariumError,
    MailboxExists,
    MailboxNotFound,
    MessageNotFound,
    PartitionNotFound,
    ScriptNotFound,
    StoreBusy,
)
from angarium.names import MailboxName
from angarium.rights import Acl
from angarium.sequenceset import UidSet


class MemoryEngine:
    """See `interface.Engine`. Every call is answered without waiting, so one after another; nothing survives it."""

    def __init__(self, partitions: Collection[str], sources: Sources) -> None:
        self._sources = sources
        self._staged: dict[str, bytes] = {}
        self._staged_count = 0
        self._surroundings = Surroundings(sources, frozenset(partitions), self._staged)
        self._accounts: dict[AccountId, Account] = {}
        self._names: dict[AccountId, str] = {}
        self._catalogue: dict[AccountId, list[CatalogueRow]] = {}
        self._users = Users(sources)
        self._work: dict[int, WorkRow] = {}
        self._work_count = 0
        self._listeners: list[Announcement] = []
        self._advised: list[tuple[AccountId, Command]] = []
        self._server_annotations: dict[str, bytes] = {}
        self._site_scripts: dict[str, ScriptRow] = {}
        self._site_changes = 0
        self._is_closed = False

    # Writes

    async def write(self, account: AccountId, command: Command) -> Result:
        result = (await self.write_batch(account, [command]))[0]
        if isinstance(result, Exception):
            raise result
        return result

    async def write_batch(self, account: AccountId, commands: Sequence[Command]) -> list[Result | Exception]:
        self._refuse_if_closed()
        if account not in self._accounts:
            return [AccountNotFound(f"no account {account}") for _ in commands]
        self._execute_advised(account)
        return self._execute_all(account, commands)

    async def move_mailboxes(self, command: MoveMailboxes) -> Done:
        source, target = self._account(command.source).copy(), self._account(command.target).copy()
        modseq = move_mailboxes(source, target, self._surroundings, command)
        self._accounts[command.source], self._accounts[command.target] = source, target
        for account in (command.source, command.target):
            await self.refresh_catalogue(account)
            self._announce(account)
        return Done(modseq)

    def advise(self, account: AccountId, command: Command) -> None:
        self._advised.append((account, command))
        asyncio.get_running_loop().call_soon(self._execute_advised, account)

    def subscribe(self, listener: Announcement) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # Reads of an account

    async def state(self, account: AccountId) -> AccountState:
        kept = self._account(account)
        return AccountState(kept.modseq, kept.folder_modseq)

    async def account_name(self, account: AccountId) -> str:
        return self._account(account).name

    async def mailboxes(self, account: AccountId) -> list[MailboxRow]:
        kept = self._account(account)
        return sorted((kept.mailbox_row(mailbox) for mailbox in kept.mailboxes.values()), key=lambda row: row.name)

    async def mailbox(self, account: AccountId, mailbox: MailboxId) -> MailboxRow | None:
        kept = self._account(account)
        found = kept.mailboxes.get(mailbox)
        return None if found is None else kept.mailbox_row(found)

    async def messages(
        self, account: AccountId, mailbox: MailboxId, *, changed_since: ModSeq = NO_MODSEQ
    ) -> MailboxMessages:
        kept, found = self._account(account), self._mailbox(account, mailbox)
        if changed_since == NO_MODSEQ:
            rows = [message.row for message in found.present()]
        else:
            rows = [message.row for _, message in sorted(found.messages.items()) if message.row.modseq > changed_since]
        return MailboxMessages(kept.modseq, kept.mailbox_row(found), MessageColumns.of_rows(rows))

    async def contents(self, account: AccountId, contents: Iterable[ContentId]) -> dict[ContentId, Content]:
        kept = self._account(account).contents
        return {content: kept[content][0] for content in contents if content in kept}

    async def search_fields(self, account: AccountId, contents: Iterable[ContentId]) -> dict[ContentId, SearchFields]:
        kept = self._account(account).contents
        return {content: kept[content][1] for content in contents if content in kept}

    async def previews(self, account: AccountId, contents: Iterable[ContentId]) -> dict[ContentId, str]:
        kept = self._account(account).previews
        return {content: kept[content] for content in contents if content in kept}

    async def seen(self, account: AccountId, mailbox: MailboxId, seen_account: AccountId) -> SeenRow | None:
        return self._mailbox(account, mailbox).seen.get(seen_account)

    async def annotations(
        self, account: AccountId, mailbox: MailboxId | None, uids: UidSet | None = None
    ) -> list[AnnotationRow]:
        kept = self._account(account)
        if mailbox is None:
            return list_annotations(kept.annotations, None)
        found = kept.mailboxes.get(mailbox)
        return [] if found is None else list_annotations(found.annotations, uids)

    async def subscriptions(self, account: AccountId) -> list[SubscriptionRow]:
        kept = self._account(account).subscriptions
        return [kept[name] for name in sorted(kept)]

    async def quotas(self, account: AccountId) -> list[QuotaRow]:
        kept = self._account(account)
        return kept.quota_rows()

    async def changes(self, account: AccountId, *, since: ModSeq, limit: int) -> list[ChangeRow]:
        return [change for change in self._account(account).changes if change.modseq > since][:limit]

    async def pruned_changes(self, account: AccountId) -> PrunedChanges:
        return self._account(account).pruned

    async def accounts_changed_since(self, time_s: int) -> AsyncIterator[list[AccountId]]:
        found = [each.id for each in self._accounts.values() if each.changes and each.changes[-1].time_s >= time_s]
        if found:
            yield found

    async def last_change_s(self, account: AccountId, mailbox: MailboxId) -> int | None:
        times = [change.time_s for change in self._account(account).changes if change.mailbox == mailbox]
        return times[-1] if times else None

    async def uidvalidity_of_tombstone(self, account: AccountId, name: str) -> int | None:
        return max(self._account(account).tombstones.get(name, {}).values(), default=None)

    # Deliveries

    async def marks(self, account: AccountId, kind: MarkKind, keys: Iterable[str]) -> frozenset[str]:
        kept, now_s = self._account(account), self._sources.now_s()
        return frozenset([key for key in keys if stands(kept, kind, key, now_s)])

    async def list_marks(
        self, account: AccountId, kind: MarkKind, *, after_key: str = "", limit: int = 1000
    ) -> list[MarkRow]:
        kept = self._account(account).marks
        return [kept[each] for each in sorted(kept) if each[0] is kind and each[1] > after_key][:limit]

    async def scripts(self, account: AccountId) -> list[ScriptRow]:
        kept = self._account(account).scripts
        return [kept[name] for name in sorted(kept)]

    async def script(self, account: AccountId, name: str) -> ScriptRow | None:
        return self._account(account).scripts.get(name)

    async def active_script(self, account: AccountId) -> ScriptRow | None:
        return next((script for script in self._account(account).scripts.values() if script.is_active), None)

    async def dispatches(self, account: AccountId) -> list[DispatchRow]:
        kept = self._account(account).dispatches
        return [kept[number].row for number in sorted(kept)]

    async def dispatch(self, account: AccountId, number: int) -> DispatchRow | None:
        queued = self._account(account).dispatches.get(number)
        return None if queued is None else queued.row

    async def open_dispatch(self, account: AccountId, number: int) -> MemoryMessageFile:
        queued = self._account(account).dispatches.get(number)
        if queued is None or queued.octets is None:
            raise MessageNotFound(f"account {account} has no file to send under number {number}")
        return MemoryMessageFile(queued.octets)

    async def accounts_with_mail(self) -> list[AccountId]:
        """Nothing is noted here of which a line could be missing; others may have noted what never was."""
        self._refuse_if_closed()
        before_s = self._sources.now_s() - NOTE_STALE_AFTER_S
        for number, row in list(self._work.items()):
            if row.kind == MAIL_TO_SEND and row.noted_at_s < before_s and number not in self._works(row.account):
                del self._work[number]
        notes = sorted((number, row) for number, row in self._work.items() if row.kind == MAIL_TO_SEND)
        return list(dict.fromkeys(row.account for _, row in notes))

    # Scripts of the site

    async def site_scripts(self) -> list[ScriptRow]:
        self._refuse_if_closed()
        return [self._site_scripts[name] for name in sorted(self._site_scripts)]

    async def site_script(self, name: str) -> ScriptRow | None:
        self._refuse_if_closed()
        return self._site_scripts.get(name)

    async def put_site_script(self, name: str, content: bytes) -> None:
        self._refuse_if_closed()
        self._site_changes += 1
        modseq = ModSeq(self._site_changes)
        row = ScriptRow(name, content, is_active=False, modseq=modseq, changed_at_s=self._sources.now_s())
        self._site_scripts[name] = row
        self._announce(SITE)

    async def remove_site_script(self, name: str) -> None:
        self._refuse_if_closed()
        if self._site_scripts.pop(name, None) is None:
            raise ScriptNotFound(f"the site has no script {name!r}")
        self._announce(SITE)

    # Message files

    def stage(self, partition: str) -> AbstractAsyncContextManager[MemoryStagedMessage]:
        return self._stage(partition)

    async def open_message(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> MemoryMessageFile:
        message = self._mailbox(account, mailbox).messages.get(uid)
        if message is None:
            raise MessageNotFound(f"mailbox {mailbox} has no message {uid}")
        return MemoryMessageFile(message.octets)

    async def stored_file(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> StagedFile:
        with await self.open_message(account, mailbox, uid) as file:
            path = _stored_path(account, mailbox, uid)
            self._staged[path] = bytes(file.view())
            row = await self.mailbox(account, mailbox)
            assert row is not None
            return StagedFile(row.partition, path, file.size_octets)

    async def mailbox_directory(self, account: AccountId, mailbox: MailboxId) -> str:
        return f"memory:/{self._mailbox(account, mailbox).kept.partition}/{mailbox}"

    # Accounts and catalogue

    async def create_account(self, name: str) -> AccountId:
        self._refuse_taken_name(name)
        account = AccountId(self._sources.random_id())
        self._accounts[account] = Account(account, name)
        self._names[account] = name
        self._announce(SITE)
        return account

    async def account_id(self, name: str) -> AccountId | None:
        self._refuse_if_closed()
        return next((account for account, known in self._names.items() if known == name), None)

    async def accounts(self, *, prefix: str = "") -> list[AccountRow]:
        self._refuse_if_closed()
        rows = [AccountRow(account, name) for account, name in self._names.items() if name.startswith(prefix)]
        return sorted(rows, key=lambda row: row.name)

    async def rename_account(self, account: AccountId, name: str) -> None:
        self._account(account)
        if name != self._names[account]:
            self._refuse_taken_name(name)
            self._names[account] = name
            self._announce(SITE)

    async def forget_account(self, account: AccountId) -> None:
        if self._account(account).mailboxes:
            raise MailboxExists(f"account {account} has mailboxes left")
        if self._account(account).dispatches:
            raise StoreBusy(f"account {account} has mail to send")
        del self._accounts[account], self._names[account]
        self._catalogue.pop(account, None)
        self._announce(SITE)

    async def refresh_catalogue(self, account: AccountId) -> None:
        before = self._shown_to_others(account)
        self._catalogue[account] = [
            CatalogueRow(
                account,
                self._names[account],
                row.id,
                row.name,
                row.partition,
                row.acl,
                row.special_use,
                row.deleted_at_s is not None,
                row.uidvalidity,
            )
            for row in await self.mailboxes(account)
        ]
        self._announce(NAMES)
        if self._shown_to_others(account) != before:
            self._announce(SITE)

    def _shown_to_others(self, account: AccountId) -> list[CatalogueRow]:
        userid = MailboxName.from_internal(self._names[account]).userid
        user = "" if userid is None else str(userid)
        rows = self._catalogue.get(account, [])
        return [row for row in rows if any(entry.identifier != user for entry in Acl.parse(row.acl).entries)]

    async def catalogue(
        self,
        *,
        account: AccountId | None = None,
        identifiers: frozenset[str] | None = None,
        excluding: AccountId | None = None,
    ) -> list[CatalogueRow]:
        self._refuse_if_closed()
        return [
            replace(row, account_name=self._names[shown])
            for shown, rows in self._catalogue.items()
            for row in rows
            if account in (None, shown)
            and shown != excluding
            and (identifiers is None or _grants_to(row.acl, identifiers))
        ]

    async def home_of(self, mailbox: MailboxId) -> AccountId | None:
        rows = [row for shown in self._catalogue.values() for row in shown if row.mailbox == mailbox]
        return rows[0].account if rows else None

    # Annotations of the server

    async def server_annotations(self) -> dict[str, bytes]:
        self._refuse_if_closed()
        return dict(self._server_annotations)

    async def set_server_annotations(self, values: Mapping[str, bytes | None]) -> None:
        self._refuse_if_closed()
        kept = {entry: value for entry, value in self._server_annotations.items() if entry not in values}
        self._server_annotations = kept | {entry: value for entry, value in values.items() if value is not None}
        self._announce(SITE)

    # Users

    async def credential(self, userid: str) -> CredentialRow | None:
        self._refuse_if_closed()
        return self._users.user(userid).credential

    async def credentials(self) -> list[CredentialRow]:
        self._refuse_if_closed()
        return [user.credential for user in self._users.users() if user.credential is not None]

    async def remove_credential(self, userid: str) -> None:
        self._refuse_if_closed()
        self._users.remove(userid)

    async def user(self, userid: str) -> UserRow:
        self._refuse_if_closed()
        return self._users.user(userid)

    async def users(self) -> list[UserRow]:
        self._refuse_if_closed()
        return self._users.users()

    async def denials(self) -> list[DenialRow]:
        self._refuse_if_closed()
        return self._users.all_denials()

    async def change_user(self, change: UserChange) -> bool:
        self._refuse_if_closed()
        return self._users.change(change)

    async def site_secret(self) -> bytes:
        self._refuse_if_closed()
        return self._users.secret()

    def has_shared_secrets(self) -> bool:
        self._refuse_if_closed()
        return self._users.has_shared_secrets()

    def note_login(self, login: LoginRow) -> None:
        self._users.note_login(login)

    async def logins(self, userid: str) -> list[LoginRow]:
        self._refuse_if_closed()
        return self._users.logins(userid)

    async def app_password_uses(self, userid: str) -> dict[int, AppPasswordUse]:
        self._refuse_if_closed()
        return self._users.uses(userid)

    # Work that must not be forgotten

    async def note_work(self, work: WorkRow) -> int:
        self._refuse_if_closed()
        self._work_count += 1
        self._work[self._work_count] = work
        return self._work_count

    async def work(self) -> list[tuple[int, WorkRow]]:
        self._refuse_if_closed()
        return sorted(self._work.items(), key=lambda item: item[0])

    async def work_done(self, number: int) -> None:
        self._refuse_if_closed()
        self._work.pop(number, None)

    # Care

    async def checkpoint(self) -> None:
        self._refuse_if_closed()

    async def close(self) -> None:
        for account in {account for account, _ in self._advised}:
            self._execute_advised(account)
        self._is_closed = True

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise StoreBusy("the engine is closed")

    def _refuse_taken_name(self, name: str) -> None:
        self._refuse_if_closed()
        if name in self._names.values():
            raise AccountExists(f"there is an account {name}")

    def _account(self, account: AccountId) -> Account:
        self._refuse_if_closed()
        if account not in self._accounts:
            raise AccountNotFound(f"no account {account}")
        return self._accounts[account]

    def _mailbox(self, account: AccountId, mailbox: MailboxId) -> Mailbox:
        found = self._account(account).mailboxes.get(mailbox)
        if found is None:
            raise MailboxNotFound(f"no mailbox {mailbox} in account {account}")
        return found

    def _execute_all(self, account: AccountId, commands: Sequence[Command]) -> list[Result | Exception]:
        last_dispatch = self._accounts[account].last_dispatch
        results = [self._execute(account, command) for command in commands]
        if not all(isinstance(result, Exception) for result in results):
            self._announce(account)
        is_asked = any(isinstance(command, PostponeDispatch) and not command.counts for command in commands)
        if is_asked or self._accounts[account].last_dispatch > last_dispatch:
            self._announce(OUTGOING)
        return results

    def _announce(self, account: AccountId) -> None:
        for listener in tuple(self._listeners):
            listener(account)

    def _execute(self, account: AccountId, command: Command) -> Result | Exception:
        working = self._accounts[account].copy()
        noted = self._note(account, command) if isinstance(command, Deliver | RemoveDispatch) else command
        before = self._works(account)
        try:
            result = execute(working, self._surroundings, noted)
            self._accounts[account] = working
        except AngariumError as refusal:
            return refusal
        finally:
            # The lines that went, and those that never came.
            noted_now = before.union(noted.works if isinstance(noted, Noted) else ())
            for number in noted_now - self._works(account):
                self._work.pop(number, None)
        if isinstance(command, PurgeMessages | EraseMailboxes):
            self._forget_stored_files(account)
        return result

    def _note(self, account: AccountId, command: Deliver | RemoveDispatch) -> Noted:
        numbers = []
        for dispatch in dispatches_of(command):
            self._work_count += 1
            row = WorkRow(account, MAIL_TO_SEND, dispatch.message_id, self._sources.now_s())
            self._work[self._work_count] = row
            numbers.append(self._work_count)
        return Noted(command, tuple(numbers))

    def _works(self, account: AccountId) -> set[int]:
        """The numbers of the notes of mail that waits."""
        kept = self._accounts.get(account)
        return set() if kept is None else {queued.row.work for queued in kept.dispatches.values()}

    def _forget_stored_files(self, account: AccountId) -> None:
        """Those that were asked for, of messages that have gone."""
        mailboxes = self._accounts[account].mailboxes
        present = {
            _stored_path(account, MailboxId(mailbox), Uid(uid))
            for mailbox in mailboxes
            for uid in mailboxes[mailbox].messages
        }
        prefix = f"memory:/{account}/"
        for path in [path for path in self._staged if path.startswith(prefix) and path not in present]:
            del self._staged[path]

    def _execute_advised(self, account: AccountId) -> None:
        """Nobody hears of a refusal, nor of an account that is gone."""
        advised = [command for advised_account, command in self._advised if advised_account == account]
        self._advised = [(other, command) for other, command in self._advised if other != account]
        if account in self._accounts:
            self._execute_all(account, advised)

    @asynccontextmanager
    async def _stage(self, partition: str) -> AsyncIterator[MemoryStagedMessage]:
        self._refuse_if_closed()
        if partition not in self._surroundings.partitions:
            raise PartitionNotFound(f"no partition {partition}")
        self._staged_count += 1
        path = f"memory:/{partition}/stage/{self._staged_count}"
        try:
            yield MemoryStagedMessage(partition, path, self._staged)
        finally:
            self._staged.pop(path, None)


def _stored_path(account: AccountId, mailbox: MailboxId, uid: Uid) -> str:
    return f"memory:/{account}/{mailbox}/{uid}"


def _grants_to(acl: str, identifiers: frozenset[str]) -> bool:
    return any(entry.identifier in identifiers for entry in Acl.parse(acl).entries)
