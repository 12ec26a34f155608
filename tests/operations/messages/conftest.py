"""A small site for operations on messages: alice, bob, a shared board, over each engine."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.engine.contract.conftest import ENGINES, TestSources, open_engine

from angarium.engine.commands import Author, CreateMailboxes, NewMailbox, SetAcl, SetQuota
from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId, InternalDate, MailboxId, QuotaResource
from angarium.fetchitem import BodySection
from angarium.flags import Flags
from angarium.names import MailboxName, UserId
from angarium.operations.messages import (
    AppendedMessage,
    FetchBatch,
    IncomingMessage,
    MessageCache,
    MessageLimits,
    SectionColumn,
    SectionStream,
    append,
    append_target,
    fetch,
)
from angarium.sequenceset import UidSet
from angarium.store import Actor, SelectedMailbox, Store, StorePolicy

AUTHOR = Author("admin")
ANONYMOUS = Actor(None, protocol="lmtp")
STRANGER = Actor(UserId("mallory"), protocol="imap")
DATE = InternalDate(1_600_000_000, 120)

MAIL = (
    b"From: Ann Author <ann@example.org>\r\n"
    b"To: alice@example.net\r\n"
    b"Subject: A report\r\n"
    b"Date: Mon, 1 Jan 2024 10:00:00 +0000\r\n"
    b"Message-ID: <one@example.org>\r\n"
    b"\r\n"
    b"All is well in the north.\r\n"
)


@dataclass(slots=True)
class World:
    """A store with the actors who use it."""

    store: Store
    sources: TestSources
    cache: MessageCache
    accounts: dict[str, AccountId]
    mailboxes: dict[str, MailboxId]
    alice: Actor
    bob: Actor

    @property
    def engine(self) -> Engine:
        return self.store.engine

    async def create(self, name: str, acl: str, *, partition: str = "default") -> None:
        """Make a mailbox by its internal name, and its account where it is the first there."""
        full = MailboxName.from_internal(name)
        path = full.account_path("DELETED")
        if path.account_name not in self.accounts:
            self.accounts[path.account_name] = await self.engine.create_account(path.account_name)
        account = self.accounts[path.account_name]
        new = NewMailbox(MailboxId(self.sources.random_id()), name[len(path.account_name) + 1 :], partition, acl)
        await self.engine.write(account, CreateMailboxes((new,), AUTHOR))
        await self.engine.refresh_catalogue(account)
        self.mailboxes[name] = new.id

    async def set_acl(self, name: str, acl: str) -> None:
        """Replace an ACL, as somebody else might at any moment."""
        account = self.account_of(name)
        row = await self.engine.mailbox(account, self.mailboxes[name])
        assert row is not None
        await self.engine.write(account, SetAcl(row.id, acl, row.acl_version, AUTHOR))

    async def set_quota(self, name: str, limit_kib: int) -> None:
        """A quota root at the top of an account."""
        await self.engine.write(self.account_of(name), SetQuota("", {QuotaResource.STORAGE: limit_kib}, AUTHOR))

    def account_of(self, name: str) -> AccountId:
        return self.accounts[MailboxName.from_internal(name).account_path("DELETED").account_name]

    async def append(
        self,
        name: str,
        octets: bytes = MAIL,
        flags: Sequence[str] = (),
        *,
        actor: Actor | None = None,
        date: InternalDate | None = DATE,
    ) -> int:
        """Append a message; its UID."""
        actor = actor or self.alice
        target = await append_target(self.store, actor, MailboxName.from_internal(name))
        async with IncomingMessage.appended(self.store, target.partition, limits=MessageLimits()) as incoming:
            incoming.write(octets)
            message = AppendedMessage(await incoming.finish(), Flags.of(flags), date)
            return (await append(self.store, actor, target, [message])).uids[0]

    async def select(self, name: str, actor: Actor | None = None, *, examine: bool = False) -> SelectedMailbox:
        """Select a mailbox."""
        actor = actor or self.alice
        mailbox = await self.store.find(actor, MailboxName.from_internal(name))
        return await SelectedMailbox.open(self.store, actor, mailbox, examine=examine)

    async def flags(self, name: str) -> dict[int, set[str]]:
        """The flags of the messages that are there, as their owner sees them."""
        view = await self.store.views.get(self.account_of(name), self.mailboxes[name])
        return {int(view.uid[index]): set(view.flags_at(index).names()) for index in view.live().tolist()}

    async def octets(self, name: str, uid: int) -> bytes:
        """A message, whole, in bob's or alice's eyes."""
        selected = await self.select(name, examine=True)
        (value,) = await self.sections(selected, UidSet.from_numbers([uid]), BodySection(peek=True))
        assert value is not None
        return value

    async def sections(self, selected: SelectedMailbox, uids: UidSet, section: BodySection) -> list[bytes | None]:
        """One section of messages, streams read out."""
        found: list[bytes | None] = []
        async for batch in fetch(self.store, self.cache, selected.actor, selected, uids, [section]):
            found += await read_sections(batch, 0)
        return found


async def read_sections(batch: FetchBatch, column: int) -> list[bytes | None]:
    """A column of sections, streams read out."""
    sections = batch.columns[column]
    assert isinstance(sections, SectionColumn)
    found: list[bytes | None] = []
    for value in sections.values:
        if isinstance(value, SectionStream):
            octets = b"".join([chunk async for chunk in value.chunks()])
            assert len(octets) == value.size_octets
            found.append(octets)
        else:
            found.append(value)
    return found


async def open_world(engine: Engine, sources: TestSources) -> World:
    """The site."""
    policy = StorePolicy(partitions=frozenset({"default", "archive"}))
    store = Store(engine, policy, sources)
    cache = MessageCache(store, limits=MessageLimits())
    world = World(store, sources, cache, {}, {}, ANONYMOUS, ANONYMOUS)
    await world.create("user.alice", "alice\tlrswipkxtea\t")
    await world.create("user.alice.work", "alice\tlrswipkxtea\t")
    await world.create("user.bob", "bob\tlrswipkxtea\t")
    await world.create("board", "anyone\tlrswipte\tanonymous\tp\t")
    world.alice = await store.actor(UserId("alice"), protocol="imap")
    world.bob = await store.actor(UserId("bob"), protocol="imap")
    return world


def uid_set(*numbers: int) -> UidSet:
    return UidSet.from_numbers(numbers)


@pytest.fixture(params=[*sorted(ENGINES), "suspending"])
def world(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Path) -> Iterator[World]:
    """The site over each engine, and over one that suspends at every call."""
    sources = TestSources()
    engine = runner.run(open_engine(request.param, tmp_path, sources))
    yield runner.run(open_world(engine, sources))
    runner.run(engine.close())


@pytest.fixture
def memory_world(runner: asyncio.Runner, tmp_path: Path) -> World:
    """The site over the engine that is fastest to make."""
    sources = TestSources()
    return runner.run(open_world(runner.run(open_engine("memory", tmp_path, sources)), sources))


@pytest.fixture
def exits(runner: asyncio.Runner) -> Iterator[AsyncExitStack]:
    """Contexts that end with the test."""
    stack = AsyncExitStack()
    yield stack
    runner.run(stack.aclose())
