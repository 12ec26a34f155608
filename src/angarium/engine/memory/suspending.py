"""`Suspending`: an engine behind which every call gives way, as one that has to wait does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from angarium.engine.columns import MailboxMessages
from angarium.engine.commands import Command, Done, Result, StagedFile
from angarium.engine.delivery import DispatchRow, MarkKind, MarkRow
from angarium.engine.interface import Announcement, Engine, MessageFile, StagedMessage
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
from angarium.engine.users import AppPasswordUse, DenialRow, LoginRow, UserChange, UserRow
from angarium.sequenceset import UidSet

T = TypeVar("T")


class Suspending:
    """Lets other tasks run before and after each call of another engine.

    What holds over an engine that answers at once may break over one that waits; a test that passes over both has not
    relied on it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # Writes

    async def write(self, account: AccountId, command: Command) -> Result:
        return await _suspended(lambda: self._engine.write(account, command))

    async def write_batch(self, account: AccountId, commands: Sequence[Command]) -> list[Result | Exception]:
        return await _suspended(lambda: self._engine.write_batch(account, commands))

    async def move_mailboxes(self, command: MoveMailboxes) -> Done:
        return await _suspended(lambda: self._engine.move_mailboxes(command))

    def advise(self, account: AccountId, command: Command) -> None:
        self._engine.advise(account, command)

    def subscribe(self, listener: Announcement) -> Callable[[], None]:
        return self._engine.subscribe(listener)

    # Reads of an account

    async def state(self, account: AccountId) -> AccountState:
        return await _suspended(lambda: self._engine.state(account))

    async def account_name(self, account: AccountId) -> str:
        return await _suspended(lambda: self._engine.account_name(account))

    async def mailboxes(self, account: AccountId) -> list[MailboxRow]:
        return await _suspended(lambda: self._engine.mailboxes(account))

    async def mailbox(self, account: AccountId, mailbox: MailboxId) -> MailboxRow | None:
        return await _suspended(lambda: self._engine.mailbox(account, mailbox))

    async def messages(
        self, account: AccountId, mailbox: MailboxId, *, changed_since: ModSeq = NO_MODSEQ
    ) -> MailboxMessages:
        return await _suspended(lambda: self._engine.messages(account, mailbox, changed_since=changed_since))

    async def contents(self, account: AccountId, contents: Iterable[ContentId]) -> dict[ContentId, Content]:
        return await _suspended(lambda: self._engine.contents(account, contents))

    async def search_fields(self, account: AccountId, contents: Iterable[ContentId]) -> dict[ContentId, SearchFields]:
        return await _suspended(lambda: self._engine.search_fields(account, contents))

    async def previews(self, account: AccountId, contents: Iterable[ContentId]) -> dict[ContentId, str]:
        return await _suspended(lambda: self._engine.previews(account, contents))

    async def seen(self, account: AccountId, mailbox: MailboxId, seen_account: AccountId) -> SeenRow | None:
        return await _suspended(lambda: self._engine.seen(account, mailbox, seen_account))

    async def annotations(
        self, account: AccountId, mailbox: MailboxId | None, uids: UidSet | None = None
    ) -> list[AnnotationRow]:
        return await _suspended(lambda: self._engine.annotations(account, mailbox, uids))

    async def subscriptions(self, account: AccountId) -> list[SubscriptionRow]:
        return await _suspended(lambda: self._engine.subscriptions(account))

    async def quotas(self, account: AccountId) -> list[QuotaRow]:
        return await _suspended(lambda: self._engine.quotas(account))

    async def changes(self, account: AccountId, *, since: ModSeq, limit: int) -> list[ChangeRow]:
        return await _suspended(lambda: self._engine.changes(account, since=since, limit=limit))

    async def pruned_changes(self, account: AccountId) -> PrunedChanges:
        return await _suspended(lambda: self._engine.pruned_changes(account))

    def accounts_changed_since(self, time_s: int) -> AsyncIterator[list[AccountId]]:
        return self._engine.accounts_changed_since(time_s)

    async def last_change_s(self, account: AccountId, mailbox: MailboxId) -> int | None:
        return await _suspended(lambda: self._engine.last_change_s(account, mailbox))

    async def uidvalidity_of_tombstone(self, account: AccountId, name: str) -> int | None:
        return await _suspended(lambda: self._engine.uidvalidity_of_tombstone(account, name))

    # Deliveries

    async def marks(self, account: AccountId, kind: MarkKind, keys: Iterable[str]) -> frozenset[str]:
        return await _suspended(lambda: self._engine.marks(account, kind, keys))

    async def list_marks(
        self, account: AccountId, kind: MarkKind, *, after_key: str = "", limit: int = 1000
    ) -> list[MarkRow]:
        return await _suspended(lambda: self._engine.list_marks(account, kind, after_key=after_key, limit=limit))

    async def scripts(self, account: AccountId) -> list[ScriptRow]:
        return await _suspended(lambda: self._engine.scripts(account))

    async def script(self, account: AccountId, name: str) -> ScriptRow | None:
        return await _suspended(lambda: self._engine.script(account, name))

    async def active_script(self, account: AccountId) -> ScriptRow | None:
        return await _suspended(lambda: self._engine.active_script(account))

    async def dispatches(self, account: AccountId) -> list[DispatchRow]:
        return await _suspended(lambda: self._engine.dispatches(account))

    async def dispatch(self, account: AccountId, number: int) -> DispatchRow | None:
        return await _suspended(lambda: self._engine.dispatch(account, number))

    async def open_dispatch(self, account: AccountId, number: int) -> MessageFile:
        return await _suspended(lambda: self._engine.open_dispatch(account, number))

    async def accounts_with_mail(self) -> list[AccountId]:
        return await _suspended(self._engine.accounts_with_mail)

    # Scripts of the site

    async def site_scripts(self) -> list[ScriptRow]:
        return await _suspended(self._engine.site_scripts)

    async def site_script(self, name: str) -> ScriptRow | None:
        return await _suspended(lambda: self._engine.site_script(name))

    async def put_site_script(self, name: str, content: bytes) -> None:
        await _suspended(lambda: self._engine.put_site_script(name, content))

    async def remove_site_script(self, name: str) -> None:
        await _suspended(lambda: self._engine.remove_site_script(name))

    # Message files

    def stage(self, partition: str) -> AbstractAsyncContextManager[StagedMessage]:
        return self._stage(partition)

    async def open_message(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> MessageFile:
        return await _suspended(lambda: self._engine.open_message(account, mailbox, uid))

    async def stored_file(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> StagedFile:
        return await _suspended(lambda: self._engine.stored_file(account, mailbox, uid))

    async def mailbox_directory(self, account: AccountId, mailbox: MailboxId) -> str:
        return await _suspended(lambda: self._engine.mailbox_directory(account, mailbox))

    # Accounts and catalogue

    async def create_account(self, name: str) -> AccountId:
        return await _suspended(lambda: self._engine.create_account(name))

    async def account_id(self, name: str) -> AccountId | None:
        return await _suspended(lambda: self._engine.account_id(name))

    async def accounts(self, *, prefix: str = "") -> list[AccountRow]:
        return await _suspended(lambda: self._engine.accounts(prefix=prefix))

    async def rename_account(self, account: AccountId, name: str) -> None:
        await _suspended(lambda: self._engine.rename_account(account, name))

    async def forget_account(self, account: AccountId) -> None:
        await _suspended(lambda: self._engine.forget_account(account))

    async def refresh_catalogue(self, account: AccountId) -> None:
        await _suspended(lambda: self._engine.refresh_catalogue(account))

    async def catalogue(
        self,
        *,
        account: AccountId | None = None,
        identifiers: frozenset[str] | None = None,
        excluding: AccountId | None = None,
    ) -> list[CatalogueRow]:
        return await _suspended(
            lambda: self._engine.catalogue(account=account, identifiers=identifiers, excluding=excluding)
        )

    async def home_of(self, mailbox: MailboxId) -> AccountId | None:
        return await _suspended(lambda: self._engine.home_of(mailbox))

    # Annotations of the server

    async def server_annotations(self) -> dict[str, bytes]:
        return await _suspended(self._engine.server_annotations)

    async def set_server_annotations(self, values: Mapping[str, bytes | None]) -> None:
        await _suspended(lambda: self._engine.set_server_annotations(values))

    # Users

    async def credential(self, userid: str) -> CredentialRow | None:
        return await _suspended(lambda: self._engine.credential(userid))

    async def credentials(self) -> list[CredentialRow]:
        return await _suspended(self._engine.credentials)

    async def remove_credential(self, userid: str) -> None:
        await _suspended(lambda: self._engine.remove_credential(userid))

    async def user(self, userid: str) -> UserRow:
        return await _suspended(lambda: self._engine.user(userid))

    async def users(self) -> list[UserRow]:
        return await _suspended(self._engine.users)

    async def denials(self) -> list[DenialRow]:
        return await _suspended(self._engine.denials)

    async def change_user(self, change: UserChange) -> bool:
        return await _suspended(lambda: self._engine.change_user(change))

    async def site_secret(self) -> bytes:
        return await _suspended(self._engine.site_secret)

    def has_shared_secrets(self) -> bool:
        return self._engine.has_shared_secrets()

    def note_login(self, login: LoginRow) -> None:
        self._engine.note_login(login)

    async def logins(self, userid: str) -> list[LoginRow]:
        return await _suspended(lambda: self._engine.logins(userid))

    async def app_password_uses(self, userid: str) -> dict[int, AppPasswordUse]:
        return await _suspended(lambda: self._engine.app_password_uses(userid))

    # Work that must not be forgotten

    async def note_work(self, work: WorkRow) -> int:
        return await _suspended(lambda: self._engine.note_work(work))

    async def work(self) -> list[tuple[int, WorkRow]]:
        return await _suspended(self._engine.work)

    async def work_done(self, number: int) -> None:
        await _suspended(lambda: self._engine.work_done(number))

    # Care

    async def checkpoint(self) -> None:
        await _suspended(self._engine.checkpoint)

    async def close(self) -> None:
        await _suspended(self._engine.close)

    @asynccontextmanager
    async def _stage(self, partition: str) -> AsyncIterator[StagedMessage]:
        await asyncio.sleep(0)
        async with self._engine.stage(partition) as staged:
            yield staged
            await asyncio.sleep(0)


async def _suspended(call: Callable[[], Awaitable[T]]) -> T:
    """Make the call between two turns of the loop."""
    await asyncio.sleep(0)
    result = await call()
    await asyncio.sleep(0)
    return result
