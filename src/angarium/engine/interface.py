"""What every engine offers (DESIGN §5, §6): writes as values, reads of rows, message files, and the site's databases.

All methods are coroutines, also where an engine answers without waiting, so that an engine of many machines can stand
behind the same calls; one contract suite runs over every engine. No read leaves a transaction open. An engine belongs
to one event loop; several processes may each have an engine on the same store.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from angarium.engine.columns import MailboxMessages
from angarium.engine.commands import Command, Done, Result, StagedFile
from angarium.engine.delivery import DispatchRow, MarkKind, MarkRow
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
from angarium.engine.users import AppPasswordUse, DenialRow, LoginRow, UserChange, UserRow
from angarium.sequenceset import UidSet

Announcement = Callable[[AccountId], None]
"""Called on the engine's loop after an account changed, by this process or (hastened by a datagram) by another."""

SITE: Final = AccountId("site")
"""What is announced as an account is, and is none: which accounts there are, what the catalogue shows to others than
their users, and the server's annotations."""
NAMES: Final = AccountId("names")
"""Likewise: the catalogue shows an account anew, if only to its user."""
OUTGOING: Final = AccountId("outgoing")
"""Likewise: an account has mail to send that nobody has looked at yet, or some that an administrator wants to be tried
now."""


class StagedMessage(Protocol):
    """A message on its way in: written in chunks, made durable once, linked into mailboxes by writes."""

    @property
    def size_octets(self) -> int: ...

    def write(self, data: bytes | memoryview) -> None:
        """Append; goes to the page cache and is no waiting. DiskFull, DiskFailed."""

    async def finish(self) -> StagedFile:
        """Make what was written durable (fsync in a thread) and give it to be linked. It can be neither written nor
        viewed after that, and holds no descriptor."""

    def view(self) -> memoryview:
        """The whole message as a read-only mapping, not a copy; to be asked for before `finish` is called, and released
        before the context ends."""


class MessageFile(Protocol):
    """An open message file; a context manager that closes it."""

    @property
    def size_octets(self) -> int: ...

    @property
    def written_at_s(self) -> int:
        """When the file was written: the nearest to an internal date where the index is lost."""

    async def read(self, offset: int, size_octets: int) -> bytes:
        """At most `size_octets` from `offset`: inline where the page cache has them, else from a thread."""

    def view(self) -> memoryview:
        """The whole file as a read-only mapping; to be released before `close`."""

    def close(self) -> None: ...


class Engine(Protocol):
    """A store's index, message files and databases."""

    # Writes

    async def write(self, account: AccountId, command: Command) -> Result:
        """Execute a command; it is durable when this returns, and announced.

        The result has the type that the command's docstring names (`Done` where it names none). Cancelling the waiter
        does not cancel the write. Refusals: what the command says; AccountNotFound; MailboxNotFound where a mailbox id
        is not live; StoreBusy where queues are full; DiskFull, DiskFailed, StoreDamaged.
        """

    async def write_batch(self, account: AccountId, commands: Sequence[Command]) -> list[Result | Exception]:
        """Execute commands of one account in order and as one commit where it can be; each succeeds or is refused on
        its own, and its refusal stands in its place. Not atomic as a whole: a batch is for speed."""

    def advise(self, account: AccountId, command: Command) -> None:
        """Queue an advisory write: it rides with the account's next commit, or is made within some seconds; nobody
        waits for it, and its refusal is only logged."""

    async def move_mailboxes(self, command: MoveMailboxes) -> Done:
        """Move a tree of mailboxes into another account; durable, in both accounts and in the catalogue, when this
        returns. The modseq is that of the arrival.

        Meanwhile writes to them are refused with MailboxMoving. Cancelling the waiter does not stop it, and a move that
        a crash has stopped is gone on with (or undone) when the store is opened again: then as before the mailboxes are
        in one of the accounts, with all that was acknowledged. MailboxNotFound, MailboxExists, AclChanged,
        QuotaExceeded, MailboxMoving; StoreBusy where others are moved for long; DiskFull, DiskFailed.
        """

    def subscribe(self, listener: Announcement) -> Callable[[], None]:
        """Call `listener` after changes of any account; gives what ends it."""

    # Reads of an account; AccountNotFound where there is none

    async def state(self, account: AccountId) -> AccountState:
        """The account's freshness, always true; the cheapest read."""

    async def account_name(self, account: AccountId) -> str: ...

    async def mailboxes(self, account: AccountId) -> list[MailboxRow]:
        """All mailboxes with their counters, those in delayed delete too, in the order of their names."""

    async def mailbox(self, account: AccountId, mailbox: MailboxId) -> MailboxRow | None: ...

    async def messages(
        self, account: AccountId, mailbox: MailboxId, *, changed_since: ModSeq = NO_MODSEQ
    ) -> MailboxMessages:
        """The mailbox, and its messages whose modseq is above `changed_since`, expunged ones that are not purged
        included (with 0, only those that are there). Read off the loop where there are many. MailboxNotFound."""

    async def contents(self, account: AccountId, contents: Iterable[ContentId]) -> dict[ContentId, Content]:
        """Parsed contents by id; one that is gone is missing in the answer."""

    async def search_fields(self, account: AccountId, contents: Iterable[ContentId]) -> dict[ContentId, SearchFields]:
        """Folded search text by content id."""

    async def previews(self, account: AccountId, contents: Iterable[ContentId]) -> dict[ContentId, str]:
        """Previews that are remembered (RememberPreviews), by content id; they go with the contents."""

    async def seen(self, account: AccountId, mailbox: MailboxId, seen_account: AccountId) -> SeenRow | None:
        """Another user's seen state of a mailbox of this account."""

    async def annotations(
        self, account: AccountId, mailbox: MailboxId | None, uids: UidSet | None = None
    ) -> list[AnnotationRow]:
        """Annotations of messages (expunged ones too), of a mailbox itself, or without one of the account; by UID,
        entry and owner. Empty where there is no such mailbox."""

    async def subscriptions(self, account: AccountId) -> list[SubscriptionRow]:
        """By name; tombstones included."""

    async def quotas(self, account: AccountId) -> list[QuotaRow]: ...

    async def changes(self, account: AccountId, *, since: ModSeq, limit: int) -> list[ChangeRow]:
        """The change log above `since`, oldest first; a few late changes are found without reading the others."""

    async def pruned_changes(self, account: AccountId) -> PrunedChanges:
        """How far PruneChanges has forgotten the change log; modseq 0 where it is whole."""

    def accounts_changed_since(self, time_s: int) -> AsyncIterator[list[AccountId]]:
        """Every account that changed at or after a time, in slices, and perhaps others; opens none of them. It looks at
        each account there is, in a thread."""

    async def last_change_s(self, account: AccountId, mailbox: MailboxId) -> int | None:
        """When something in the mailbox, or of it, changed last; None where the change log does not know any more."""

    async def uidvalidity_of_tombstone(self, account: AccountId, name: str) -> int | None:
        """The highest UIDVALIDITY that a mailbox of this relative name has had."""

    # Deliveries: marks, scripts, mail to send; AccountNotFound where there is no account

    async def marks(self, account: AccountId, kind: MarkKind, keys: Iterable[str]) -> frozenset[str]:
        """Those of `keys` whose marks stand, and have not expired; meant for a few keys."""

    async def list_marks(
        self, account: AccountId, kind: MarkKind, *, after_key: str = "", limit: int = 1000
    ) -> list[MarkRow]:
        """Marks whose key is above `after_key`, by key; those that have expired too, until they are pruned."""

    async def scripts(self, account: AccountId) -> list[ScriptRow]:
        """By name."""

    async def script(self, account: AccountId, name: str) -> ScriptRow | None: ...

    async def active_script(self, account: AccountId) -> ScriptRow | None:
        """The active one; cheap enough to be asked at each delivery. The same row while nobody has changed it."""

    async def dispatches(self, account: AccountId) -> list[DispatchRow]:
        """Mail that waits to be sent, by number."""

    async def dispatch(self, account: AccountId, number: int) -> DispatchRow | None: ...

    async def open_dispatch(self, account: AccountId, number: int) -> MessageFile:
        """The file of mail to send, whole: what goes out begins at its `offset`. MessageNotFound where there is no such
        mail, or it has no file; MessageFileMissing where the spool has lost it."""

    async def accounts_with_mail(self) -> list[AccountId]:
        """Accounts that have, or may have, mail to send: those that have waited longest first.

        By what `work` says (MAIL_TO_SEND). Lines that a crash has left between the note and the delivery are known by
        their age of more than ten minutes, since no delivery waits so long, and go here.
        """

    # Scripts of the site

    async def site_scripts(self) -> list[ScriptRow]:
        """By name; none of them is active, and `modseq` is another number at each change."""

    async def site_script(self, name: str) -> ScriptRow | None:
        """As cheap as `active_script`."""

    async def put_site_script(self, name: str, content: bytes) -> None:
        """Make or replace, durably; announced as a change of SITE."""

    async def remove_site_script(self, name: str) -> None:
        """ScriptNotFound; announced as a change of SITE."""

    # Message files

    def stage(self, partition: str) -> AbstractAsyncContextManager[StagedMessage]:
        """Begin a message on a partition; leaving the context removes the staged name (links made of it stay).

        PartitionNotFound, DiskFull, DiskFailed.
        """

    async def open_message(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> MessageFile:
        """MessageNotFound where the index knows none, MessageFileMissing where the spool has lost it."""

    async def stored_file(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> StagedFile:
        """A stored message as a file to be linked into a mailbox of another account (DESIGN §8). It is not removed by
        whoever asks; a write that names it is refused with MessageFileMissing once it was purged. Refusals as of
        `open_message`."""

    async def mailbox_directory(self, account: AccountId, mailbox: MailboxId) -> str:
        """The path of a mailbox's directory, for administrators."""

    # Accounts and catalogue

    async def create_account(self, name: str) -> AccountId:
        """A new, empty account, durable; AccountExists."""

    async def account_id(self, name: str) -> AccountId | None: ...

    async def accounts(self, *, prefix: str = "") -> list[AccountRow]:
        """By name, those whose name begins with `prefix`."""

    async def rename_account(self, account: AccountId, name: str) -> None:
        """Give an account another name, durably; AccountExists."""

    async def forget_account(self, account: AccountId) -> None:
        """Remove an account that has no mailbox left: name, file, lock. StoreBusy while it has mail to send."""

    async def refresh_catalogue(self, account: AccountId) -> None:
        """Make the catalogue show the account as it is now, durably; after every write of names or rights.

        Announced as a change of NAMES, and of SITE where others than the account's user may see something of it.
        """

    async def catalogue(
        self,
        *,
        account: AccountId | None = None,
        identifiers: frozenset[str] | None = None,
        excluding: AccountId | None = None,
    ) -> list[CatalogueRow]:
        """Mailboxes of one account, or of all, or those whose ACL names one of the identifiers (positive entries);
        without those of the account `excluding`."""

    async def home_of(self, mailbox: MailboxId) -> AccountId | None:
        """The account that has a mailbox, as the catalogue shows it."""

    # Annotations of the server that all share

    async def server_annotations(self) -> dict[str, bytes]:
        """By entry."""

    async def set_server_annotations(self, values: Mapping[str, bytes | None]) -> None:
        """Set or take away (None), all or none, durably; announced as a change of SITE, also where there are none."""

    # Users

    async def credential(self, userid: str) -> CredentialRow | None: ...

    async def credentials(self) -> list[CredentialRow]: ...

    async def remove_credential(self, userid: str) -> None:
        """With the credential go the user's app passwords, second factor, shared secrets and last logins, so that a
        successor of the same name gets none of them; denials stay. UserNotFound where there was none of it but
        logins."""

    async def user(self, userid: str) -> UserRow:
        """All that logins ask of a user; sessions ask at each command, so it is remembered."""

    async def users(self) -> list[UserRow]:
        """Everybody of whom anything is stored, by user id; only who has nothing but a denial is left out."""

    async def denials(self) -> list[DenialRow]:
        """By user id."""

    async def change_user(self, change: UserChange) -> bool:
        """Durable on return; the change says when it is False, and then nothing was changed."""

    async def site_secret(self) -> bytes:
        """32 random octets, made once for the store."""

    def has_shared_secrets(self) -> bool:
        """Whether anybody has one; mechanisms are announced by it, so it is answered without a wait."""

    def note_login(self, login: LoginRow) -> None:
        """Advisory: it is written within seconds, or lost with the process."""

    async def logins(self, userid: str) -> list[LoginRow]:
        """The last LOGINS_KEPT, newest first."""

    async def app_password_uses(self, userid: str) -> dict[int, AppPasswordUse]:
        """By number of the app password."""

    # Work that must not be forgotten

    async def note_work(self, work: WorkRow) -> int:
        """Durable on return; gives its number."""

    async def work(self) -> list[tuple[int, WorkRow]]: ...

    async def work_done(self, number: int) -> None: ...

    # Care

    async def checkpoint(self) -> None:
        """Fold write-ahead logs into their files, truncate idle ones, and write rotated snapshots of the catalogue and
        of the users (DESIGN §4)."""

    async def close(self) -> None:
        """Finish queued writes, close everything; the engine refuses from here on."""


class SpoolRepair(Protocol):
    """What an engine with a spool offers to rebuild accounts whose file was lost."""

    async def found_mailboxes(self) -> list[FoundMailbox | UnreadableDirectory]:
        """Every mailbox directory on every partition, with what its header says; reads all headers, in a thread."""

    async def open_found(self, mailbox: FoundMailbox, uid: Uid) -> MessageFile:
        """A message file of a directory that was found; MessageFileMissing, DiskFailed."""

    async def recreate_account(self, account: AccountId, name: str) -> str | None:
        """Put an account's file aside, where there is one, and make an empty one of the same id; the catalogue gets
        the name back where it had lost it. Gives the path of what was put aside.

        Scripts, marks and mail to send are in that file. Files of mail to send are put aside where they are, and
        nobody sends or removes them any more.
        """
