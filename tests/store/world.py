"""A store over an engine with users who have INBOXes, and short words for what tests do to them."""

import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.engine.announcements import Announcements

from angarium.engine.commands import (
    Added,
    AddMessages,
    Author,
    Command,
    CreateMailboxes,
    Expunge,
    FlagOperation,
    FlagsStored,
    NewMailbox,
    NewMessage,
    SetAcl,
    StoreFlags,
)
from angarium.engine.interface import Engine
from angarium.engine.memory import MemoryEngine, Suspending
from angarium.engine.rows import AccountId, Content, InternalDate, MailboxId, SearchFields, Uid
from angarium.engine.sources import ID_ALPHABET, Sources
from angarium.flags import Flags
from angarium.names import MailboxName, UserId
from angarium.rights import Acl
from angarium.sequenceset import UidSet
from angarium.store import Actor, Mailbox, SelectedMailbox, Store, StorePolicy
from angarium.store.tree import relative_name

PARTITIONS = ("default", "archive")
AUTHOR = Author("test")
START_S = 1_700_000_000
DATE = InternalDate(1_600_000_000, 120)
CONTENT = Content(b"\x00" * 32, 1, b"(envelope)", b"(body)", b"(bodystructure)", b"parts")
SEARCH = SearchFields("", "", "", "", "news", "news", None, "")


class WorldSources:
    """A clock that stands until it is moved, and the same chance in each run."""

    def __init__(self) -> None:
        self.time_s = START_S
        self._random = random.Random(4711)

    def now_s(self) -> int:
        return self.time_s

    def random_id(self) -> str:
        return "".join(self._random.choice(ID_ALPHABET) for _ in range(24))

    def random_63(self) -> int:
        return self._random.randrange(1, 1 << 63)


async def _open_memory(_: Path, sources: Sources) -> Engine:
    return MemoryEngine(PARTITIONS, sources)


async def _open_suspending(_: Path, sources: Sources) -> Engine:
    return Suspending(MemoryEngine(PARTITIONS, sources))


async def _open_sqlite(directory: Path, sources: Sources) -> Engine:
    from angarium.engine.sqlite import SqliteEngine, SqliteOptions

    partitions = {name: str(directory / "partitions" / name) for name in PARTITIONS}
    for path in partitions.values():
        Path(path).mkdir(parents=True)
    (directory / "config").mkdir()
    engine = await SqliteEngine.open(SqliteOptions(str(directory / "config"), partitions), sources)
    Announcements().join(engine)
    return engine


ENGINES: dict[str, Callable[[Path, Sources], Awaitable[Engine]]] = {
    "memory": _open_memory,
    "suspending": _open_suspending,
    "sqlite": _open_sqlite,
}


def name(text: str) -> MailboxName:
    """A name by its internal form."""
    return MailboxName.from_internal(text)


@dataclass(slots=True)
class World:
    """A store with the users alice and bob."""

    store: Store
    sources: WorldSources
    actors: dict[str, Actor] = field(default_factory=dict)

    @classmethod
    async def open(cls, kind: str, directory: Path, policy: StorePolicy | None = None) -> "World":
        sources = WorldSources()
        engine = await ENGINES[kind](directory, sources)
        policy = policy or StorePolicy(partitions=frozenset(PARTITIONS))
        world = cls(Store(engine, policy, sources), sources)
        for user in ("alice", "bob"):
            await world.add_user(user)
        return world

    @property
    def engine(self) -> Engine:
        return self.store.engine

    @property
    def admin(self) -> Actor:
        return Actor(UserId("cyrus"), is_admin=True, protocol="imap")

    @property
    def anonymous(self) -> Actor:
        return Actor(None, protocol="imap")

    def user(self, user: str) -> Actor:
        """A user with an account, or else one without."""
        return self.actors.get(user) or Actor(UserId(user), protocol="imap")

    async def add_user(self, user: str) -> None:
        """A user with an INBOX that is hers alone."""
        await self.create(f"user.{user}", f"{user} lrswipkxtean")
        self.actors[user] = await self.store.actor(UserId(user), protocol="imap")

    async def create(self, internal: str, acl: str = "") -> MailboxId:
        """A mailbox, its account too where there is none; nobody's rights are asked."""
        account_name = self.store.account_name_of(name(internal))
        account = await self.engine.account_id(account_name.internal)
        if account is None:
            account = await self.engine.create_account(account_name.internal)
        relative = relative_name(name(internal), account_name, deletedprefix="DELETED")
        mailbox = NewMailbox(
            MailboxId(self.sources.random_id()), relative, "default", Acl.parse_setting(acl).serialize()
        )
        await self.engine.write(account, CreateMailboxes((mailbox,), AUTHOR))
        await self.engine.refresh_catalogue(account)
        return mailbox.id

    async def set_acl(self, internal: str, acl: str) -> None:
        """Replace an ACL behind everybody's back."""
        tree, entry = await self.store.locate(name(internal))
        text = Acl.parse_setting(acl).serialize()
        await self.engine.write(tree.account, SetAcl(entry.row.id, text, entry.row.acl_version, AUTHOR))
        await self.engine.refresh_catalogue(tree.account)

    async def found(self, internal: str, actor: Actor | None = None) -> Mailbox:
        """A mailbox as an actor meets it, by default the administrator."""
        return await self.store.find(actor or self.admin, name(internal))

    async def add(self, internal: str, *flags: Sequence[str]) -> tuple[Uid, ...]:
        """Messages with these flags, one for each."""
        tree, entry = await self.store.locate(name(internal))
        async with AsyncExitStack() as exits:
            messages = []
            for each in flags:
                staged = await exits.enter_async_context(self.engine.stage("default"))
                staged.write(b"Subject: News\r\n\r\nAll is well.\r\n")
                messages.append(NewMessage(await staged.finish(), Flags.of(each), DATE, CONTENT, SEARCH))
            result = await self.engine.write(tree.account, AddMessages(entry.row.id, tuple(messages), AUTHOR))
        assert isinstance(result, Added)
        return result.uids

    async def do(self, internal: str, command: Command) -> object:
        """Write to the account of a mailbox."""
        return await self.engine.write((await self.store.locate(name(internal)))[0].account, command)

    async def flag(
        self,
        internal: str,
        uids: str,
        *flags: str,
        operation: FlagOperation = FlagOperation.ADD,
        seen_account: AccountId | None = None,
        here: bool = False,
    ) -> FlagsStored:
        """STORE, by another worker, or `here` by the one whose views these are."""
        tree, entry = await self.store.locate(name(internal))
        command = StoreFlags(
            entry.row.id, UidSet.parse(uids.encode()), operation, Flags.of(flags), AUTHOR, seen_account=seen_account
        )
        result = await self.engine.write(tree.account, command)
        assert isinstance(result, FlagsStored)
        if here:
            self.store.views.stored(tree.account, command, result)
        return result

    async def expunge(self, internal: str, uids: str) -> None:
        """Expunge these whatever their flags."""
        tree, entry = await self.store.locate(name(internal))
        command = Expunge(entry.row.id, AUTHOR, UidSet.parse(uids.encode()), only_deleted=False)
        await self.engine.write(tree.account, command)

    async def select(self, internal: str, user: str = "alice", *, examine: bool = False) -> SelectedMailbox:
        """A session that has selected a mailbox."""
        actor = self.user(user)
        return await SelectedMailbox.open(self.store, actor, await self.found(internal, actor), examine=examine)
