"""A batch in the making on one account: numbers it gives, links it makes, headers it owes, and the log it writes.

Theory of operation. A batch runs under the account's lock file, in one SQLite transaction, with a savepoint for each
command where there are several. Files are linked while commands execute; before COMMIT, every directory that got an
entry is synced once and every header that is owed is replaced durably, so that what COMMIT makes visible stands on
stable storage already. A crash before COMMIT leaves links that no row names: their UIDs are found taken (EEXIST) and
burnt. Nothing is unlinked before COMMIT.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import apsw

from angarium.engine.commands import Author
from angarium.engine.disk import Directories, Disk, replace_file
from angarium.engine.rows import (
    KEYWORD_LIMIT,
    AccountId,
    AccountState,
    ContentId,
    MailboxId,
    MailboxRow,
    MailboxState,
    ModSeq,
    Uid,
    UidValidity,
)
from angarium.engine.sources import Sources
from angarium.engine.spool import CEILING_STEP, HEADER_NAME, Layout, MailboxHeader, message_name, queued_name
from angarium.engine.sqlite.remembered import Freshness
from angarium.errors import (
    AclChanged,
    DiskFailed,
    KeywordLimitExceeded,
    MailboxMoving,
    MailboxNotFound,
    MessageFileMissing,
    StoreDamaged,
    UidsExhausted,
)

_BURNT_LIMIT = 10_000
_MAXIMUM_UID = 0xFFFFFFFF

MAILBOX_COLUMNS = (
    "number, uid_ceiling, id, name, partition, state, deleted_at, uidvalidity, acl, acl_version, special_use,"
    " shared_seen, quota_root, keywords, created_modseq, folder_modseq, highestmodseq, purged_modseq, uidnext,"
    " recent_uid, messages, unseen, deleted, octets, created_at, annotation_octets"
)


@dataclass(frozen=True, slots=True)
class Storage:
    """What a transaction needs of the machine; shared by all accounts of an engine."""

    disk: Disk
    directories: Directories
    layout: Layout
    sources: Sources
    single_instance: bool


@dataclass(slots=True)
class Mailbox:
    """A mailbox within a transaction: its row, as it is being changed."""

    number: int
    uid_ceiling: int
    id: MailboxId
    name: str
    partition: str
    state: int
    deleted_at_s: int | None
    uidvalidity: int
    acl: str
    acl_version: int
    special_use: str
    shared_seen: int
    quota_root: str | None
    keywords: str
    created_modseq: int
    folder_modseq: int
    highestmodseq: int
    purged_modseq: int
    uidnext: int
    recent_uid: int
    messages: int
    unseen: int
    deleted: int
    octets: int
    created_at_s: int
    annotation_octets: int
    has_new_keywords: bool = False

    def row(self) -> MailboxRow:
        """The row as readers get it."""
        return MailboxRow(
            self.id,
            self.name,
            self.partition,
            MailboxState(self.state),
            self.deleted_at_s,
            UidValidity(self.uidvalidity),
            self.acl,
            self.acl_version,
            self.special_use,
            bool(self.shared_seen),
            self.quota_root,
            tuple(self.keywords.split()),
            ModSeq(self.created_modseq),
            ModSeq(self.folder_modseq),
            ModSeq(self.highestmodseq),
            ModSeq(self.purged_modseq),
            Uid(self.uidnext),
            Uid(self.recent_uid),
            self.messages,
            self.unseen,
            self.deleted,
            self.octets,
            self.created_at_s,
            self.annotation_octets,
        )


@dataclass(slots=True)
class Transaction:
    """The account's numbers, and what the batch owes the file system."""

    connection: apsw.Connection
    storage: Storage
    account: AccountId
    now_s: int
    name: str = ""
    modseq: int = 0
    folder_modseq: int = 0
    settings_modseq: int = 0
    last_uidvalidity: int = 0
    modseq_ceiling: int = 0
    last_content: int = 0
    links: list[str] = field(default_factory=list)
    """Files (their names end with a dot) and directories that were made for commands that were not refused."""
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    """What may only be done once the batch is durable: unlinking."""
    has_queued: bool = False
    """Whether there may be mail to send that nobody has looked at yet."""
    _unsynced: set[str] = field(default_factory=set)
    _headers: set[MailboxId] = field(default_factory=set)
    _touched: MailboxId | None = None
    _before: tuple[int, int] = (0, 0)

    def begin(self) -> None:
        """Take the write lock and load the account's numbers."""
        self.connection.execute("BEGIN IMMEDIATE")
        row = self.connection.execute(
            "SELECT name, modseq, folder_modseq, settings_modseq, last_uidvalidity, modseq_ceiling, last_content"
            " FROM account"
        ).fetchone()
        if row is None:
            raise StoreDamaged(f"the file of account {self.account} has no account row")
        self.name, self.modseq, self.folder_modseq, self.settings_modseq = row[:4]
        self.last_uidvalidity, self.modseq_ceiling, self.last_content = row[4:]
        self._before = self.connection.total_changes(), self.modseq

    @property
    def freshness(self) -> Freshness:
        """How the account stands behind this batch."""
        state = AccountState(ModSeq(self.modseq), ModSeq(self.folder_modseq))
        return Freshness(state, ModSeq(self.settings_modseq))

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to commit: a row, or a number that an answer may hold."""
        return (self.connection.total_changes(), self.modseq) != self._before

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """One command: whole, or without a trace but for a gap in the numbers."""
        links, after = len(self.links), len(self.after_commit)
        name, folder_modseq, settings_modseq = self.name, self.folder_modseq, self.settings_modseq
        touched = self._touched
        headers, unsynced = set(self._headers), set(self._unsynced)
        self.connection.execute("SAVEPOINT command")
        try:
            yield
            self.connection.execute("RELEASE command")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK TO command")
                self.connection.execute("RELEASE command")
            self.remove_links(self.links[links:])
            del self.links[links:], self.after_commit[after:]
            self.name, self.folder_modseq, self.settings_modseq = name, folder_modseq, settings_modseq
            self._touched = touched
            self._headers, self._unsynced = headers, unsynced
            raise

    def prepare_commit(self) -> None:
        """Write the account row, and make durable all that the transaction stands on."""
        if self.modseq >= self.modseq_ceiling:
            self.modseq_ceiling = self.modseq + CEILING_STEP
            if self._touched is not None:
                self._headers.add(self._touched)
            else:
                self.owe_any_header()
        self.connection.execute(
            "UPDATE account SET name = ?, modseq = ?, folder_modseq = ?, settings_modseq = ?, last_uidvalidity = ?,"
            " modseq_ceiling = ?, last_content = ?",
            (
                self.name,
                self.modseq,
                self.folder_modseq,
                self.settings_modseq,
                self.last_uidvalidity,
                self.modseq_ceiling,
                self.last_content,
            ),
        )
        for mailbox in self._headers:
            self._write_header(mailbox)
        for directory in self._unsynced:
            self.storage.disk.fsync_directory(directory)

    def remove_links(self, links: list[str]) -> None:
        """Take back files, and directories of mailboxes with their headers, whose rows will not be."""
        disk = self.storage.disk
        for path in reversed(links):
            try:
                if path.endswith("."):
                    disk.unlink(path)
                else:
                    self.storage.directories.removed(path)
                    for name in disk.listdir(path):
                        if name.startswith(HEADER_NAME):
                            disk.unlink(f"{path}/{name}")
                    disk.rmdir(path)
            except OSError:
                pass  # an orphan: its UID is found taken, and reconstruct puts it aside

    # Numbers

    def next_modseq(self) -> ModSeq:
        """Taken before the first write, so that a crash leaves a gap, which is legal, and never one used twice."""
        self.modseq += 1
        return ModSeq(self.modseq)

    def next_folder_modseq(self) -> ModSeq:
        """A modseq of a change of names, rights, options, subscriptions or quota limits."""
        self.folder_modseq = self.next_modseq()
        return ModSeq(self.folder_modseq)

    def next_content(self) -> ContentId:
        """Never given again, also where the content with the highest was forgotten: views remember contents by it."""
        self.last_content += 1
        return ContentId(self.last_content)

    def next_uidvalidity(self) -> UidValidity:
        """Above every one this account has given, so that no name ever gets a lower or equal one again."""
        self.last_uidvalidity = max(self.storage.sources.now_s(), self.last_uidvalidity + 1)
        return UidValidity(self.last_uidvalidity)

    # Mailboxes

    def mailbox(
        self,
        mailbox: MailboxId,
        *,
        acl_version: int | None = None,
        writing: bool = True,
        deleted_too: bool = False,
    ) -> Mailbox:
        """A mailbox that is there, or waits for its expiry where `deleted_too`.

        MailboxNotFound, MailboxMoving, AclChanged.
        """
        found = self.connection.execute(f"SELECT {MAILBOX_COLUMNS} FROM mailbox WHERE id = ?", (mailbox,)).fetchone()
        if found is None:
            raise MailboxNotFound(f"no mailbox {mailbox} in account {self.account}")
        record = Mailbox(*found)
        if record.deleted_at_s is not None and not deleted_too:
            raise MailboxNotFound(f"mailbox {record.name} of account {self.account} was deleted")
        if writing and record.state == MailboxState.MOVING:
            raise MailboxMoving(f"mailbox {record.name} of account {self.account} is being moved")
        if acl_version is not None and record.acl_version != acl_version:
            raise AclChanged(f"the ACL of {record.name} has version {record.acl_version}, not {acl_version}")
        if record.state != MailboxState.MOVING:
            self._touched = record.id
        return record

    def all_mailboxes(self) -> list[Mailbox]:
        """Every mailbox, deleted ones too."""
        return [Mailbox(*row) for row in self.connection.execute(f"SELECT {MAILBOX_COLUMNS} FROM mailbox")]

    def save_counters(self, mailbox: Mailbox) -> None:
        """Write what changes of messages change."""
        self.save_keywords(mailbox)
        self.connection.execute(
            "UPDATE mailbox SET uid_ceiling = ?, highestmodseq = ?, purged_modseq = ?, uidnext = ?, messages = ?,"
            " unseen = ?, deleted = ?, octets = ? WHERE number = ?",
            (
                mailbox.uid_ceiling,
                mailbox.highestmodseq,
                mailbox.purged_modseq,
                mailbox.uidnext,
                mailbox.messages,
                mailbox.unseen,
                mailbox.deleted,
                mailbox.octets,
                mailbox.number,
            ),
        )

    def owe_header(self, mailbox: MailboxId) -> None:
        """Have the mailbox's header written before COMMIT."""
        self._headers.add(mailbox)

    def owe_any_header(self) -> None:
        """Have one of the headers say the modseq ceiling: not one that is, or may be, another account's by now."""
        stays = self.connection.execute("SELECT id FROM mailbox WHERE state = ? LIMIT 1", (int(MailboxState.LIVE),)).get
        if stays is not None:
            self._headers.add(MailboxId(stays))

    def forgive_header(self, mailbox: MailboxId) -> None:
        """The mailbox goes away, and its header with it."""
        self._headers.discard(mailbox)
        self.untouch(mailbox)

    def untouch(self, mailbox: MailboxId) -> None:
        """The mailbox's header is not to be written for the ceiling's sake."""
        if self._touched == mailbox:
            self._touched = None

    def keyword_bits(self, mailbox: Mailbox, keywords: tuple[str, ...], *, create: bool) -> tuple[int, int]:
        """The masks of keywords; those new to the mailbox get the next bits where `create`, else are passed over.

        New ones are in `mailbox` only, until `save_keywords` writes them. KeywordLimitExceeded.
        """
        if not keywords:
            return 0, 0
        known = mailbox.keywords.split()
        place = {keyword.lower(): bit for bit, keyword in enumerate(known)}
        mask = 0
        for keyword in keywords:
            bit = place.get(keyword.lower())
            if bit is None:
                if not create:
                    continue
                if len(known) == KEYWORD_LIMIT:
                    raise KeywordLimitExceeded(f"{mailbox.name} has {KEYWORD_LIMIT} keywords already")
                bit = place[keyword.lower()] = len(known)
                known.append(keyword)
                mailbox.has_new_keywords = True
            mask |= 1 << bit
        mailbox.keywords = " ".join(known)
        return mask & 0xFFFFFFFFFFFFFFFF, mask >> 64

    def save_keywords(self, mailbox: Mailbox) -> None:
        """Write keywords that have become the mailbox's, in its header too."""
        if mailbox.has_new_keywords:
            mailbox.has_new_keywords = False
            self.connection.execute(
                "UPDATE mailbox SET keywords = ? WHERE number = ?", (mailbox.keywords, mailbox.number)
            )
            self.owe_header(mailbox.id)

    # Files

    def directory(self, mailbox: Mailbox) -> str:
        """Where the mailbox's files are."""
        return self.storage.layout.directory(mailbox.partition, mailbox.id)

    def take_uid(self, mailbox: Mailbox) -> Uid:
        """The next UID; the ceiling is raised ahead of it."""
        uid = mailbox.uidnext
        if uid > _MAXIMUM_UID:
            raise UidsExhausted(f"{mailbox.name} has given its last UID")
        mailbox.uidnext = uid + 1
        if uid >= mailbox.uid_ceiling:
            mailbox.uid_ceiling = uid + CEILING_STEP
            self.owe_header(mailbox.id)
        return Uid(uid)

    def place_file(self, mailbox: Mailbox, source: str, partition: str) -> Uid:
        """Link a file, which is durable already, into the mailbox under the next free UID, and give that.

        A real copy is made where links are not wanted or the file system has no room for another (EMLINK).
        """
        directory = self.directory(mailbox)
        can_link = self.storage.single_instance and partition == mailbox.partition
        for _ in range(_BURNT_LIMIT):
            uid = self.take_uid(mailbox)
            target = f"{directory}/{message_name(uid)}"
            try:
                self._link_or_copy(source, target, can_link=can_link)
            except FileExistsError:
                continue  # left by a crash or a restored backup: that UID is burnt
            except FileNotFoundError as error:
                if self.storage.disk.exists(directory):
                    raise MessageFileMissing(f"{source} is gone") from error
                raise StoreDamaged(f"{directory} is missing") from error
            self.links.append(target)
            self._unsynced.add(directory)
            return uid
        raise DiskFailed(f"{directory} has {_BURNT_LIMIT} files above its last known UID")

    def place_in_queue(self, source: str, partition: str, number: int) -> int:
        """Link a file, which is durable already, into the queue under `number` or the next that is free, and give that.

        The directory is made durable with those above it; a real copy as of `place_file`.
        """
        directory = self.storage.layout.queue(partition, self.account)
        self.storage.directories.make(directory)
        for free in range(number, number + _BURNT_LIMIT):
            target = f"{directory}/{queued_name(self.account, free)}"
            try:
                self._link_or_copy(source, target, can_link=self.storage.single_instance)
            except FileExistsError:
                continue  # left by a crash: that number is burnt
            except FileNotFoundError as error:
                raise MessageFileMissing(f"{source} is gone") from error
            self.links.append(target)
            self._unsynced.add(directory)
            return free
        raise DiskFailed(f"{directory} has {_BURNT_LIMIT} files above the last known number")

    def unlink_from_queue(self, partition: str, number: int) -> None:
        """Remove a file of the queue, once the batch is durable; one on a partition that is not configured any more is
        an orphan when it is again."""
        if partition in self.storage.layout.partitions:
            disk, directory = self.storage.disk, self.storage.layout.queue(partition, self.account)
            self.after_commit.append(lambda: disk.unlink(f"{directory}/{queued_name(self.account, number)}"))

    def _link_or_copy(self, source: str, target: str, *, can_link: bool) -> None:
        if can_link:
            try:
                self.storage.disk.link(source, target)
                return
            except OSError as error:
                if error.errno not in (errno.EMLINK, errno.EXDEV, errno.EPERM):
                    raise
        self.storage.disk.copy(source, target)

    def make_mailbox_directory(self, mailbox: Mailbox) -> None:
        """The directory and its parents, durable; the header follows at commit.

        One that was there already (a mailbox is being restored) is not taken back with the command.
        """
        directory = self.directory(mailbox)
        if self.storage.directories.make(directory):
            self.links.append(directory)
        self.owe_header(mailbox.id)

    def remove_mailbox_directory(self, directory: str) -> None:
        """Remove the directory with all that is in it, once the batch is durable."""
        disk, directories = self.storage.disk, self.storage.directories

        def remove() -> None:
            directories.removed(directory)
            for name in disk.listdir(directory):
                disk.unlink(f"{directory}/{name}")
            disk.rmdir(directory)

        self.after_commit.append(remove)

    def unlink_message(self, mailbox: Mailbox, uid: Uid) -> None:
        """Remove a message's file, once the batch is durable."""
        disk, path = self.storage.disk, f"{self.directory(mailbox)}/{message_name(uid)}"
        self.after_commit.append(lambda: disk.unlink(path))

    def _write_header(self, mailbox_id: MailboxId) -> None:
        mailbox = self.mailbox(mailbox_id, writing=False, deleted_too=True)
        header = MailboxHeader(
            self.account,
            self.name,
            mailbox.id,
            mailbox.name,
            mailbox.deleted_at_s,
            UidValidity(mailbox.uidvalidity),
            mailbox.acl,
            mailbox.special_use,
            tuple(mailbox.keywords.split()),
            Uid(mailbox.uid_ceiling),
            ModSeq(self.modseq_ceiling),
        )
        path = os.path.join(self.directory(mailbox), HEADER_NAME)
        replace_file(self.storage.disk, path, header.serialize(), f"{path}.new")

    # The log

    def log_change(
        self,
        author: Author,
        operation: str,
        modseq: int,
        *,
        mailbox: MailboxId | None = None,
        uids: str = "",
        before: str = "",
    ) -> None:
        """Append to the change log."""
        self.connection.execute(
            "INSERT INTO change (modseq, time, actor, client, session, operation, mailbox, uids, before)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (modseq, self.now_s, author.actor, author.client, author.session, operation, mailbox, uids, before),
        )


def signed(mask: int) -> int:
    """A 64-bit mask as SQLite's signed integer."""
    return mask - (1 << 64) if mask >= 1 << 63 else mask


def unsigned(number: int) -> int:
    """SQLite's signed integer as a 64-bit mask."""
    return number + (1 << 64) if number < 0 else number
