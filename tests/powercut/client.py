"""A client of a recorded store: it does things, and keeps what it was promised."""

import copy
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

from tests.powercut.record import Record

from angarium.engine.commands import (
    Added,
    AddMessages,
    Author,
    Copied,
    CopyMessages,
    CreateMailboxes,
    EraseMailboxes,
    Expunge,
    FlagOperation,
    ForgetErased,
    MailboxRename,
    MessageOrigin,
    NewMailbox,
    NewMessage,
    PurgeMessages,
    QuotaPolicy,
    RenameMailboxes,
    Replaced,
    ReplaceMessage,
    SetAccountName,
    SetQuota,
    StagedFile,
    StoreFlags,
)
from angarium.engine.moves import MailboxMove, MoveMailboxes
from angarium.engine.rows import AccountId, Content, InternalDate, MailboxId, QuotaResource, SearchFields, Uid
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine
from angarium.flags import Flags, SystemFlags
from angarium.sequenceset import UidSet

AUTHOR = Author("alice")
CONTENT = Content(b"hash", 1, b"(e)", b"(b)", b"(bs)", b"p")
SEARCH = SearchFields("a", "b", "", "", "s", "s", None, "<1@x>")
Key = tuple[MailboxId, int]


@dataclass
class Promised:
    """What has been acknowledged: the model that a store after a cut is held against."""

    account_names: dict[AccountId, str] = field(default_factory=dict)
    homes: dict[MailboxId, AccountId] = field(default_factory=dict)
    names: dict[MailboxId, str] = field(default_factory=dict)
    uidvalidities: dict[MailboxId, int] = field(default_factory=dict)
    messages: dict[Key, bytes] = field(default_factory=dict)
    flags: dict[Key, Flags] = field(default_factory=dict)
    gone: set[Key] = field(default_factory=set)
    limits_kib: dict[tuple[AccountId, str], int] = field(default_factory=dict)
    highest_uid: dict[MailboxId, int] = field(default_factory=dict)
    highest_modseq: dict[AccountId, int] = field(default_factory=dict)


class Client:
    """Does things to a recorded store, and marks what it was promised."""

    def __init__(self, engine: SqliteEngine, record: Record) -> None:
        self.engine = engine
        self.record = record
        self.promised = Promised()

    def acknowledge(self) -> None:
        self.record.mark(copy.deepcopy(self.promised))

    async def create_account(self, name: str) -> AccountId:
        account = await self.engine.create_account(name)
        self.promised.account_names[account] = name
        self.acknowledge()
        return account

    async def rename_account(self, account: AccountId, name: str) -> None:
        await self.engine.rename_account(account, name)
        await self.engine.write(account, SetAccountName(name, AUTHOR))
        await self.engine.refresh_catalogue(account)
        self.promised.account_names[account] = name
        self.acknowledge()

    async def create(self, account: AccountId, name: str) -> MailboxId:
        mailbox = MailboxId(SystemSources().random_id())
        new = NewMailbox(mailbox, name, "default", "alice\tlrswipkxtecdan\t")
        await self.engine.write(account, CreateMailboxes((new,), AUTHOR))
        await self.engine.refresh_catalogue(account)
        row = await self.engine.mailbox(account, mailbox)
        assert row is not None
        self.promised.homes[mailbox] = account
        self.promised.names[mailbox] = name
        self.promised.uidvalidities[mailbox] = row.uidvalidity
        await self._told(account)
        return mailbox

    async def deliver(self, mailbox: MailboxId, text: bytes, flags: Flags | None = None) -> Uid:
        async with self.engine.stage("default") as staged:
            staged.write(text)
            uid = await self.add(mailbox, await staged.finish(), flags=flags or Flags())
        self._has(mailbox, uid, text, flags or Flags())
        await self._told(self.promised.homes[mailbox])
        return uid

    async def add(
        self, mailbox: MailboxId, file: StagedFile, *, flags: Flags, origin: MessageOrigin | None = None
    ) -> Uid:
        message = NewMessage(file, flags, InternalDate(1), CONTENT, SEARCH, origin=origin)
        command = AddMessages(mailbox, (message,), AUTHOR, quota=QuotaPolicy.OVERSHOOT)
        added = await self.engine.write(self.promised.homes[mailbox], command)
        assert isinstance(added, Added)
        return added.uids[0]

    async def append(self, mailbox: MailboxId, *texts: bytes) -> None:
        """Several messages at once, all or none."""
        async with AsyncExitStack() as exits:
            messages = tuple([await self._staged(exits, text) for text in texts])
            added = await self.engine.write(self.promised.homes[mailbox], AddMessages(mailbox, messages, AUTHOR))
        assert isinstance(added, Added)
        for uid, text in zip(added.uids, texts, strict=True):
            self._has(mailbox, uid, text, Flags())
        await self._told(self.promised.homes[mailbox])

    async def replace(self, source: MailboxId, uid: Uid, target: MailboxId, text: bytes) -> Uid:
        account = self.promised.homes[source]
        async with AsyncExitStack() as exits:
            add = AddMessages(target, (await self._staged(exits, text),), AUTHOR)
            replaced = await self.engine.write(account, ReplaceMessage(add, source, uid))
        assert isinstance(replaced, Replaced)
        (new_uid,) = replaced.added.uids
        self._has(target, new_uid, text, Flags())
        self._forget((source, uid))
        await self._told(account)
        return new_uid

    async def _staged(self, exits: AsyncExitStack, text: bytes) -> NewMessage:
        staged = await exits.enter_async_context(self.engine.stage("default"))
        staged.write(text)
        return NewMessage(await staged.finish(), Flags(), InternalDate(1), CONTENT, SEARCH)

    async def copy(self, source: MailboxId, uid: Uid, target: MailboxId, *, move: bool = False) -> None:
        account = self.promised.homes[source]
        copied = await self.engine.write(account, CopyMessages(source, one(uid), target, AUTHOR, move=move))
        assert isinstance(copied, Copied)
        self._has(target, copied.target[0], self.promised.messages[source, uid], self.promised.flags[source, uid])
        if move:
            self._forget((source, uid))
        await self._told(account)

    async def move_between_accounts(self, source: MailboxId, uid: Uid, target: MailboxId) -> None:
        """DESIGN §8: link and commit in the target, then expunge in the source; may be done again after a crash."""
        home = self.promised.homes[source]
        file = await self.engine.stored_file(home, source, uid)
        flags = self.promised.flags[source, uid]
        new_uid = await self.add(target, file, flags=flags, origin=MessageOrigin(source, uid))
        self._has(target, new_uid, self.promised.messages[source, uid], flags)
        await self._told(self.promised.homes[target])
        await self.expunge(source, uid)

    async def move_tree(self, target: AccountId, names: dict[MailboxId, str]) -> None:
        """RENAME into another account."""
        source = self.promised.homes[next(iter(names))]
        moves = tuple([MailboxMove(mailbox, name) for mailbox, name in names.items()])
        await self.engine.move_mailboxes(MoveMailboxes(source, target, moves, AUTHOR))
        for mailbox, name in names.items():
            self.promised.homes[mailbox] = target
            self.promised.names[mailbox] = name
        self.promised.highest_modseq[source] = (await self.engine.state(source)).modseq
        await self._told(target)

    async def flag(self, mailbox: MailboxId, uid: Uid, flags: Flags) -> None:
        account = self.promised.homes[mailbox]
        await self.engine.write(account, StoreFlags(mailbox, one(uid), FlagOperation.REPLACE, flags, AUTHOR))
        self.promised.flags[mailbox, uid] = flags
        await self._told(account)

    async def expunge(self, mailbox: MailboxId, uid: Uid) -> None:
        account = self.promised.homes[mailbox]
        await self.engine.write(account, Expunge(mailbox, AUTHOR, one(uid), only_deleted=False))
        self._forget((mailbox, uid))
        await self._told(account)

    async def rename(self, mailbox: MailboxId, name: str) -> None:
        account = self.promised.homes[mailbox]
        await self.engine.write(account, RenameMailboxes((MailboxRename(mailbox, name),), AUTHOR))
        await self.engine.refresh_catalogue(account)
        self.promised.names[mailbox] = name
        await self._told(account)

    async def erase(self, mailbox: MailboxId, *, limit: int = 1000) -> None:
        account = self.promised.homes[mailbox]
        await self.engine.write(account, EraseMailboxes((mailbox,), AUTHOR, limit=limit))
        await self.engine.refresh_catalogue(account)
        for key in [key for key in self.promised.messages if key[0] == mailbox]:
            self._forget(key)
        del self.promised.names[mailbox]
        await self._told(account)

    async def forget_erased(self, account: AccountId, *, limit: int) -> None:
        await self.engine.write(account, ForgetErased(limit))
        self.acknowledge()

    async def purge(self, mailbox: MailboxId) -> None:
        await self.engine.write(self.promised.homes[mailbox], PurgeMessages(mailbox, 1 << 40))
        self.acknowledge()

    async def limit(self, account: AccountId, root: str, limit_kib: int) -> None:
        await self.engine.write(account, SetQuota(root, {QuotaResource.STORAGE: limit_kib}, AUTHOR))
        self.promised.limits_kib[account, root] = limit_kib
        await self._told(account)

    async def _told(self, account: AccountId) -> None:
        """Acknowledged, with the highest modseq that any answer could have held."""
        self.promised.highest_modseq[account] = (await self.engine.state(account)).modseq
        self.acknowledge()

    def _has(self, mailbox: MailboxId, uid: int, text: bytes, flags: Flags) -> None:
        self.promised.messages[mailbox, uid] = text
        self.promised.flags[mailbox, uid] = replace(flags)
        self.promised.highest_uid[mailbox] = max(self.promised.highest_uid.get(mailbox, 0), uid)

    def _forget(self, key: Key) -> None:
        del self.promised.messages[key], self.promised.flags[key]
        self.promised.gone.add(key)


def one(uid: int) -> UidSet:
    """The set of one."""
    return UidSet(((uid, uid),))


def text_of(number: int, size: int = 1500) -> bytes:
    """A message that tells which one it is."""
    return b"Subject: %d\r\n\r\n" % number + (b"%d " % number * size)[:size]


def flags_of(row_flags: int, mask: int, keywords: tuple[str, ...]) -> Flags:
    """A stored message's flags by name."""
    names = tuple(keyword for bit, keyword in enumerate(keywords) if mask >> bit & 1)
    return Flags(SystemFlags(row_flags), names)
