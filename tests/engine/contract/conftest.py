"""What the contract tests stand on: engines to run over, sources of time and chance, and a site with one account.

Tests are coroutines; each runs to its end on the loop on which its engine was opened.

Where the interface leaves room, the contract is this:

- A mailbox in delayed delete is not live: only renaming, erasing and purging find it. It is under no quota root, and
  its name collides with nothing. Reads find it.
- What changes nothing takes no modseq and leaves no trace, not even a keyword's bit; subscribing twice is such.
  `\\Recent` claims, marks, mail to send, purging and pruning take none either.
- A delivery puts its messages one after another, each with a modseq and a line in the log of its own.
- An account with mail to send is not forgotten: StoreBusy, since it will be.
- A move has two modseqs, the copies' and then the expunge's, and two lines in the log: `copy` in the target and `move`
  in the source. It needs no room where source and target are under one quota root.
- A rename keeps UIDVALIDITY, asks no quota and leaves roots where they are. A name keeps its tombstone from the moment
  it is given up, through delayed delete and erasing.
- UNCHANGEDSINCE holds against a reader's own seen state as a whole, as she is told her MODSEQs (DESIGN §7).
- A message joins the thread of the first message-id that is known under the same base subject: its own, then those it
  refers to, newest first. Ids only referred to are known from then on.
- A message of a known origin is answered while its first copy is there; once that is expunged it is added again.
- Ceilings of a restored mailbox are above every number given: the next may be equal to them.
- An expunged message can be opened until it is purged.
- A mailbox that goes into another account has one line in the log of each: `depart` and `arrive`. Its messages' modseqs
  need not be equal, and are above all that either account had given.
- A closed engine refuses by a class of the tree, and may be closed again.
"""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest
from tests.engine.announcements import Announcements
from tests.engine.rows import message_rows

from angarium.engine.commands import (
    Added,
    AddMessages,
    Author,
    Command,
    CreateMailboxes,
    MessageOrigin,
    NewMailbox,
    NewMessage,
    QuotaPolicy,
    Result,
    StagedFile,
)
from angarium.engine.delivery import MarkKind
from angarium.engine.interface import Engine
from angarium.engine.memory import MemoryEngine, Suspending
from angarium.engine.rows import (
    AccountId,
    Content,
    EmailId,
    InternalDate,
    MailboxId,
    MailboxRow,
    MessageRow,
    QuotaResource,
    SearchFields,
    ThreadId,
)
from angarium.engine.sources import ID_ALPHABET, Sources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.errors import AngariumError
from angarium.flags import NO_FLAGS, Flags, SystemFlags
from angarium.sequenceset import UidSet

R = TypeVar("R", bound=Result)

AUTHOR = Author("smith", "imap 192.0.2.7", "session-1")
PARTITIONS = ("default", "archive")
START_S = 1_700_000_000
DATE = InternalDate(1_600_000_000, 120)
OWNER_ACL = "smith\tlrswipkxtea\t"


class TestSources:
    """A clock that stands until it is moved, and the same chance in each run."""

    __test__ = False

    def __init__(self) -> None:
        self.time_s = START_S
        self._random = random.Random(4711)

    def now_s(self) -> int:
        return self.time_s

    def random_id(self) -> str:
        return "".join(self._random.choice(ID_ALPHABET) for _ in range(24))

    def random_63(self) -> int:
        return self._random.randrange(1, 1 << 63)


Opener = Callable[[Path, Sources], Awaitable[Engine]]


async def open_memory(_: Path, sources: Sources) -> Engine:
    return MemoryEngine(PARTITIONS, sources)


async def open_sqlite(directory: Path, sources: Sources) -> Engine:
    partitions = {name: str(directory / "partitions" / name) for name in PARTITIONS}
    for path in partitions.values():
        Path(path).mkdir(parents=True)
    (directory / "config").mkdir()
    options = SqliteOptions(str(directory / "config"), partitions, advisory_delay_s=0.05)
    engine = await SqliteEngine.open(options, sources)
    Announcements().join(engine)
    return engine


ENGINES: dict[str, Opener] = {"memory": open_memory, "sqlite": open_sqlite}


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as a test wants it; what is parsed of it is told, not true."""

    octets: bytes = b"Subject: News\r\n\r\nAll is well.\r\n"
    flags: Flags = NO_FLAGS
    date: InternalDate = DATE
    message_id: str = ""
    references: tuple[str, ...] = ()
    is_reply: bool | None = None
    base_subject: str = "news"
    email_id: EmailId | None = None
    thread_id: ThreadId | None = None
    saved_at_s: int | None = None
    origin: MessageOrigin | None = None

    def content(self) -> Content:
        digest = hashlib.sha256(self.octets).digest()
        return Content(digest, 1, b"(envelope)", b"(body)", b"(bodystructure)", b"\x00parts")

    def search(self) -> SearchFields:
        return SearchFields(
            from_="ann ann@example.org",
            to="bob@example.org",
            cc="",
            bcc="",
            subject=f"re: {self.base_subject}",
            base_subject=self.base_subject,
            sent_s=1_600_000_000,
            message_id=self.message_id,
            first_from="ann",
            first_to="bob",
            references=self.references,
            is_reply=self.is_reply,
        )

    def message(self, file: StagedFile) -> NewMessage:
        """The message, of a file that was staged."""
        return NewMessage(
            file,
            self.flags,
            self.date,
            self.content(),
            self.search(),
            self.email_id,
            self.thread_id,
            self.saved_at_s,
            self.origin,
        )


@dataclass(slots=True)
class Site:
    """An engine with the account of one user, who has an INBOX."""

    engine: Engine
    sources: TestSources
    account: AccountId
    inbox: MailboxId

    async def do(self, command: Command, kind: type[R], *, account: AccountId | None = None) -> R:
        """Execute a command whose result is of this kind."""
        result = await self.engine.write(account or self.account, command)
        assert isinstance(result, kind)
        return result

    async def refuse(self, command: Command, refusal: type[AngariumError]) -> None:
        """Execute a command that must be refused and leave everything as it was."""
        before = await self.dump()
        with pytest.raises(refusal):
            await self.engine.write(self.account, command)
        assert await self.dump() == before

    async def dump(self) -> list[object]:
        """All rows of the account, and the work that is noted."""
        engine, account = self.engine, self.account
        mailboxes = await engine.mailboxes(account)
        return [
            mailboxes,
            [await message_rows(engine, account, row.id) for row in mailboxes],
            [await self.changed(row.id) for row in mailboxes],
            await engine.subscriptions(account),
            await engine.quotas(account),
            await engine.changes(account, since=mailboxes[0].created_modseq, limit=10_000) if mailboxes else [],
            [await engine.list_marks(account, kind) for kind in MarkKind],
            await engine.scripts(account),
            await engine.dispatches(account),
            await engine.work(),
        ]

    def new_mailbox(self, name: str, *, partition: str = "default", special_use: str = "") -> NewMailbox:
        """A mailbox to create, with an id of its own."""
        return NewMailbox(MailboxId(self.sources.random_id()), name, partition, OWNER_ACL, special_use)

    async def create(self, *names: str, partition: str = "default") -> list[MailboxId]:
        """Create mailboxes, in one command."""
        new = tuple(self.new_mailbox(name, partition=partition) for name in names)
        await self.engine.write(self.account, CreateMailboxes(new, AUTHOR))
        return [mailbox.id for mailbox in new]

    async def stage(self, exits: AsyncExitStack, octets: bytes, partition: str = "default") -> StagedFile:
        """A staged message that lasts until `exits` are taken."""
        staged = await exits.enter_async_context(self.engine.stage(partition))
        staged.write(octets)
        return await staged.finish()

    async def add_command(
        self,
        exits: AsyncExitStack,
        mailbox: MailboxId,
        *drafts: Draft,
        quota: QuotaPolicy = QuotaPolicy.STRICT,
        acl_version: int | None = None,
        seen_account: AccountId | None = None,
    ) -> AddMessages:
        """AddMessages with its files staged."""
        messages = [draft.message(await self.stage(exits, draft.octets)) for draft in drafts]
        return AddMessages(mailbox, tuple(messages), AUTHOR, quota, acl_version, seen_account)

    async def add(
        self,
        mailbox: MailboxId,
        *drafts: Draft,
        quota: QuotaPolicy = QuotaPolicy.STRICT,
        seen_account: AccountId | None = None,
    ) -> Added:
        """Add messages."""
        async with AsyncExitStack() as exits:
            command = await self.add_command(exits, mailbox, *drafts, quota=quota, seen_account=seen_account)
            return await self.do(command, Added)

    async def row(self, mailbox: MailboxId) -> MailboxRow:
        """A mailbox that is there."""
        row = await self.engine.mailbox(self.account, mailbox)
        assert row is not None
        return row

    async def messages(self, mailbox: MailboxId) -> list[MessageRow]:
        """The messages that are there."""
        return await message_rows(self.engine, self.account, mailbox)

    async def changed(self, mailbox: MailboxId) -> list[MessageRow]:
        """All rows since the mailbox was made, expunged ones too."""
        row = await self.row(mailbox)
        return await message_rows(self.engine, self.account, mailbox, changed_since=row.created_modseq)

    async def uids(self, mailbox: MailboxId) -> list[int]:
        """UIDs of messages that are there."""
        return [row.uid for row in await self.messages(mailbox)]

    async def flags(self, mailbox: MailboxId) -> dict[int, set[str]]:
        """The names of each message's flags."""
        keywords = (await self.row(mailbox)).keywords
        return {row.uid: flag_names(row, keywords) for row in await self.messages(mailbox)}

    async def check_counters(self) -> None:
        """Every counter equals what the messages say."""
        for row in await self.engine.mailboxes(self.account):
            messages = await self.messages(row.id)
            assert row.messages == len(messages)
            assert row.unseen == sum(not message.system_flags & SystemFlags.SEEN for message in messages)
            assert row.deleted == sum(bool(message.system_flags & SystemFlags.DELETED) for message in messages)
            assert row.octets == sum(message.size_octets for message in messages)
        mailboxes = await self.engine.mailboxes(self.account)
        for quota in await self.engine.quotas(self.account):
            governed = [row for row in mailboxes if row.quota_root == quota.root]
            assert quota.used == {
                QuotaResource.STORAGE: sum(row.octets for row in governed),
                QuotaResource.MESSAGE: sum(row.messages for row in governed),
                QuotaResource.ANNOTATION_STORAGE: sum(row.annotation_octets for row in governed),
                QuotaResource.MAILBOX: len(governed),
            }


def flag_names(row: MessageRow, keywords: tuple[str, ...]) -> set[str]:
    """Names of a message's flags."""
    mask = row.keywords_low | row.keywords_high << 64
    names = tuple(keyword for bit, keyword in enumerate(keywords) if mask >> bit & 1)
    return set(Flags(SystemFlags(row.system_flags), names).names())


def uid_set(*numbers: int) -> UidSet:
    """A UidSet of these."""
    return UidSet.from_numbers(numbers)


async def open_site(engine: Engine, sources: TestSources, *, inbox: MailboxId | None = None) -> Site:
    """A site with an account that has an INBOX."""
    account = await engine.create_account("user.smith")
    site = Site(engine, sources, account, inbox or MailboxId(sources.random_id()))
    new = replace(site.new_mailbox(""), id=site.inbox)
    await engine.write(account, CreateMailboxes((new,), AUTHOR))
    return site


@pytest.fixture(params=sorted(ENGINES))
def direct_site(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Path) -> Iterator[Site]:
    """A site over each engine."""
    sources = TestSources()
    engine = runner.run(open_engine(request.param, tmp_path, sources))
    yield runner.run(open_site(engine, sources))
    runner.run(engine.close())


@pytest.fixture(params=[*sorted(ENGINES), "suspending"])
def site(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Path) -> Iterator[Site]:
    """A site over each engine, and over one that suspends at every call."""
    sources = TestSources()
    engine = runner.run(open_engine(request.param, tmp_path, sources))
    yield runner.run(open_site(engine, sources))
    runner.run(engine.close())


async def open_engine(kind: str, directory: Path, sources: Sources) -> Engine:
    """An engine of a kind, new and empty."""
    if kind == "suspending":
        return Suspending(await open_memory(directory, sources))
    return await ENGINES[kind](directory, sources)
