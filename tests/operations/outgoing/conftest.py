"""A queue over each engine, with a transport that answers as it is told."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.store.world import AUTHOR, ENGINES, World

from angarium.compose import Reporter, Rewriter
from angarium.engine.commands import Deliver
from angarium.engine.delivery import Dispatch, DispatchRow
from angarium.engine.interface import MessageFile
from angarium.engine.lease import Lease
from angarium.engine.rows import AccountId
from angarium.operations.outgoing import (
    Answer,
    Counters,
    Letter,
    Outcome,
    QueueOptions,
    QueueRunner,
    Sending,
)

SENDER = "other@example.net"
RECIPIENT = "bob@example.com"
HEAD = b"Subject: away\r\nMessage-ID: <1@mail.example.org>\r\n\r\nGone.\r\n"
REPORTER = Reporter("postmaster@mail.example.org", "mail.example.org", "Angarium 1.0")
DAY_S = 86_400

Plan = Callable[[Letter], Sending]


def all_sent(letter: Letter) -> Sending:
    return Sending(dict.fromkeys(letter.recipients, Answer(Outcome.SENT, "250 ok")))


def all_later(letter: Letter) -> Sending:
    return Sending(dict.fromkeys(letter.recipients, Answer(Outcome.LATER, "451 try again")))


def all_refused(letter: Letter) -> Sending:
    answer = Answer(Outcome.NEVER, "550 5.1.1 no such user", "5.1.1", "mx.example.com")
    return Sending(dict.fromkeys(letter.recipients, answer))


@dataclass(slots=True)
class SentLetter:
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    parameters: dict[str, str]
    userid: str


class FakeTransport:
    """Keeps what it was given, and answers by `plan`."""

    def __init__(self) -> None:
        self.plan: Plan = all_sent
        self.letters: list[SentLetter] = []
        self.gate: asyncio.Event | None = None
        """Where it is set, a letter waits for it."""
        self.most_at_once = 0
        self._at_once = 0

    async def send(self, letter: Letter) -> Sending:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            rest = b""
            if letter.file is not None:
                rest = await letter.file.read(letter.offset, 1 << 30)
            content = letter.head + rest
            assert len(content) == letter.size_octets
            self.letters.append(
                SentLetter(letter.sender, letter.recipients, content, dict(letter.parameters), letter.userid)
            )
            if self.gate is not None:
                await self.gate.wait()
            return self.plan(letter)
        finally:
            self._at_once -= 1

    def close(self) -> None: ...


@dataclass(slots=True)
class Queue:
    """A world, its runner, and short words for what tests do with them."""

    world: World
    lease_path: str
    transport: FakeTransport = field(default_factory=FakeTransport)
    counted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("sent", "postponed", "failed"), 0))
    options: QueueOptions = field(default_factory=lambda: QueueOptions(reporter=REPORTER))
    kept: list[bytes] = field(default_factory=list)
    """What came back with nobody to be told of it."""

    def runner(self, *, rescan_s: float = 60) -> QueueRunner:
        def count(what: str) -> Callable[[], None]:
            def raise_it() -> None:
                self.counted[what] += 1

            return raise_it

        return QueueRunner(
            self.world.engine,
            lambda: self.transport,
            self.world.sources,
            lambda: self.options,
            lease=Lease(self.lease_path, look_s=0.01),
            counters=Counters(count("sent"), count("postponed"), count("failed")),
            keep=self._keep,
            rescan_s=rescan_s,
        )

    async def _keep(self, account: AccountId, row: DispatchRow, file: MessageFile) -> None:
        assert await self.world.engine.dispatch(account, row.number) is not None, "it is somewhere all the time"
        self.kept.append(await file.read(0, file.size_octets))

    def rewriting(self) -> Rewriter:
        rewriter = Rewriter(domain="mail.example.org", secrets=("s",))
        self.options = QueueOptions(reporter=REPORTER, rewriter=rewriter)
        return rewriter

    async def account(self, user: str = "alice") -> AccountId:
        found = await self.world.engine.account_id(f"user.{user}")
        assert found is not None
        return found

    async def put(
        self,
        user: str = "alice",
        *,
        sender: str = SENDER,
        recipients: tuple[str, ...] = (RECIPIENT,),
        purpose: str = "redirect",
        parameters: tuple[tuple[str, str], ...] = (),
        lifetime_s: int = 5 * DAY_S,
        octets: bytes | None = None,
        offset: int = 0,
        head: bytes = HEAD,
    ) -> DispatchRow:
        """Queue a mail."""
        engine = self.world.engine
        account = await self.account(user)
        async with AsyncExitStack() as stack:
            file = None
            if octets is not None:
                staged = await stack.enter_async_context(engine.stage("default"))
                staged.write(octets)
                file = await staged.finish()
            dispatch = Dispatch(
                sender=sender,
                recipients=recipients,
                head=head,
                purpose=purpose,
                message_id="1@mail.example.org",
                expires_at_s=self.world.sources.now_s() + lifetime_s,
                file=file,
                offset=offset,
                parameters=parameters,
            )
            await engine.write(account, Deliver(AUTHOR, dispatches=(dispatch,)))
        return (await engine.dispatches(account))[-1]

    async def rows(self, user: str = "alice") -> list[DispatchRow]:
        return await self.world.engine.dispatches(await self.account(user))

    async def run(self, runner: QueueRunner) -> None:
        """Have all be done that is due."""
        runner.wake()
        await runner.look()
        runner.start_due()
        await runner.drained()

    def pass_time(self, seconds: int) -> None:
        self.world.sources.time_s += seconds


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what tasks and threads do; no event tells of it."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


async def until_empty(queue: Queue, user: str = "alice") -> None:
    """Wait until all mail of a user has gone."""
    async with asyncio.timeout(20):
        while await queue.rows(user):  # noqa: ASYNC110
            await asyncio.sleep(0.002)


@pytest.fixture(params=sorted(ENGINES))
def queue(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Path) -> Iterator[Queue]:
    """A queue over each engine, with the users alice and bob."""
    world = runner.run(World.open(request.param, tmp_path))
    yield Queue(world, str(tmp_path / "outgoing.lock"))
    runner.run(world.engine.close())


@pytest.fixture
def plain_queue(runner: asyncio.Runner, tmp_path: Path) -> Iterator[Queue]:
    """In memory."""
    world = runner.run(World.open("memory", tmp_path))
    yield Queue(world, str(tmp_path / "outgoing.lock"))
    runner.run(world.engine.close())
