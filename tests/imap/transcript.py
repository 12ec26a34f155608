"""Transcripts: what clients send and what they are answered, as data files, run against sessions without sockets.

A file holds, line by line:

    # …                     a comment
    set OPTION: VALUE       a line of imapd.conf; all stand before the first step
    each NAME: A B C        the whole transcript is run with <NAME> as A, as B and as C: the answers are the same
    login CONNECTION USER   a new connection, logged in; its greeting and the answers are not compared
    tls CONNECTION          a new connection under TLS, not logged in
    script USER LINE        the user's active script, called "filter", gets one more line
    C: LINE                 the first client sends a line; CRLF follows it
    C| LINE                 a line of the literal that `{}` or `{+}` at the end of the line before announces: the number
                            of octets is put there. Where the literal is over, the command goes on with `C: `, perhaps
                            with an empty line.
    S: LINE                 what it is told, all of it and in this order

`C2:`, `C2|` and `S2:` are another connection's, and so on; one that was not opened by `login` or `tls` begins with its
greeting. In `S` lines `<name>` stands for a word that is not known before; where the same name comes again, also in `C`
lines, it is the same word. `<secs>` is a time, another one each time; `<...>` is any text; `<sp>` is a space that
editors would not keep. All users have the password "secret"; alice and bob have an INBOX, cyrus is the administrator.

Each line of a client is sent when all that stands before it was answered.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.operations.logins.plainlogins import PASSWORD, PlainLogins
from tests.store.world import PARTITIONS, World

from angarium.config import parse_settings
from angarium.engine.commands import Author, PutScript
from angarium.imap import dispatch
from angarium.imap.output import Output
from angarium.imap.services import ImapServices
from angarium.imap.session import ImapSession
from angarium.imap.watchers import Watchers
from angarium.names import parse_userid
from angarium.operations.delivery import DeliveryContext
from angarium.operations.logins import Peer
from angarium.operations.messages import MessageCache, MessageLimits
from angarium.operations.scripts import CheckedScripts
from angarium.store import StorePolicy
from angarium.worker import MessageFiles, Telemetry

VERSION = "1.0"

_BASE_SETTINGS = """\
configdirectory: {0}
partition-default: {0}/nowhere
partition-archive: {0}/nowhere/archive
defaultpartition: default
servername: mail.example.org
allowplaintext: yes
"""

_STEP = re.compile(r"(?P<side>[CS])(?P<number>[2-9]?)(?P<kind>[:|]) ?(?P<text>.*)")
_PLACEHOLDER = re.compile(r"<([a-z][a-z0-9]*|\.\.\.)>")
_LITERAL = re.compile(r"\{(\+?)\}$")
_ANNOUNCED_S = 5.0
_FRESH = {"secs": r"\d+\.\d{3}", "sp": " ", "...": ".*"}
_WORD = r"[^\s()<>\[\]]+"


class TranscriptError(AssertionError):
    """The session answered something else, or the file cannot be read."""


# The file


@dataclass(frozen=True, slots=True)
class Send:
    """A client sends a line; `literal` are the lines of the literal that it announces."""

    line_number: int
    connection: str
    text: str
    literal: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SendLiteral:
    """A client sends the lines of a literal."""

    line_number: int
    connection: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expect:
    """A client is told a line."""

    line_number: int
    connection: str
    text: str


@dataclass(frozen=True, slots=True)
class Connect:
    """A new connection, of a user who logs in where `user` is not empty."""

    line_number: int
    connection: str
    user: str = ""
    is_tls: bool = False


@dataclass(frozen=True, slots=True)
class AddToScript:
    """A line more in a user's active script."""

    line_number: int
    user: str
    text: str


Step = Send | SendLiteral | Expect | Connect | AddToScript


@dataclass(frozen=True, slots=True)
class Transcript:
    """A file, with one value for each name of an `each` line."""

    name: str
    settings: str
    steps: tuple[Step, ...]
    values: dict[str, str]


def read_transcripts(path: Path) -> list[Transcript]:
    """The transcripts of a file: one, or one for each value of its `each` line."""
    settings: list[str] = []
    steps: list[Step] = []
    variants: list[dict[str, str]] = [{}]
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        word, _, rest = line.partition(" ")
        if not line.strip() or line.startswith("#"):
            continue
        if word == "set":
            settings.append(rest)
        elif word == "each":
            name, _, texts = rest.partition(":")
            variants = [{**variant, name: text} for variant in variants for text in texts.split()]
        elif word == "login":
            connection, user = rest.split()
            steps.append(Connect(number, connection, user))
        elif word == "script":
            user, _, text = rest.partition(" ")
            steps.append(AddToScript(number, user, text))
        elif word == "tls":
            steps.append(Connect(number, rest.strip(), is_tls=True))
        else:
            _add_step(steps, number, line)
    text = "".join([f"{line}\n" for line in settings])
    return [Transcript("-".join([path.stem, *variant.values()]), text, tuple(steps), variant) for variant in variants]


def _add_step(steps: list[Step], number: int, line: str) -> None:
    match = _STEP.fullmatch(line)
    if match is None:
        raise TranscriptError(f"line {number} is no line of a transcript: {line}")
    connection = f"C{match['number']}"
    text = match["text"]
    if match["kind"] == ":":
        steps.append(Expect(number, connection, text) if match["side"] == "S" else Send(number, connection, text))
        return
    announcing = _last_line_sent(steps, connection)
    if match["side"] == "S" or announcing is None:
        raise TranscriptError(f"line {number}: no literal was announced")
    index, send = announcing
    literal = (*(send.literal or ()), text)
    steps[index] = Send(send.line_number, connection, send.text, literal)
    if isinstance(steps[-1], SendLiteral):
        steps.pop()
    steps.append(SendLiteral(number, connection, literal))


def _last_line_sent(steps: list[Step], connection: str) -> tuple[int, Send] | None:
    for index in reversed(range(len(steps))):
        step = steps[index]
        if isinstance(step, Send) and step.connection == connection:
            return index, step
    return None


# The sessions


class MemoryTransport(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False


class Nowhere:
    """A place in no table of sessions."""

    def log_in(self, userid: str) -> None: ...

    def acted_by(self, userid: str) -> None: ...

    def wake_at(self, time_s: float) -> None: ...

    def log_out(self) -> None: ...

    def select(self, mailbox: str) -> None: ...


class Connection:
    """A client's connection: octets in, lines out."""

    def __init__(self, services: ImapServices, name: str, *, is_tls: bool, by_octet: bool) -> None:
        self._transport = MemoryTransport()
        self._by_octet = by_octet
        self._woken = asyncio.Event()
        peer = Peer("192.0.2.7", "imap", f"session-{name}", is_tls)
        self.session = ImapSession(services, peer, Output(self._transport), Nowhere(), self._woken.set)
        dispatch.greet(self.session)

    async def send(self, octets: bytes) -> None:
        """Execute what the client sends, whole or octet by octet."""
        for start in range(len(octets)) if self._by_octet else (0,):
            self.session.receive(octets[start : start + 1] if self._by_octet else octets)
            await dispatch.run(self.session)
        await self.tell()

    async def tell(self) -> None:
        """What the session wants to say of its own accord."""
        while self._woken.is_set():
            self._woken.clear()
            await dispatch.tell_changes(self.session)

    async def next_line(self) -> str | None:
        """The next line that the client is told, None where there is none even after an announcement's time."""
        is_told = self.session.is_idling or self.session.notification is not None
        if not self._transport.written and is_told:
            await asyncio.wait_for(self._woken.wait(), _ANNOUNCED_S)
            await self.tell()
        return self.pending_line()

    def pending_line(self) -> str | None:
        """The next line, where it was written already."""
        line, ending, rest = bytes(self._transport.written).partition(b"\r\n")
        if not ending:
            return line.decode("utf-8", "backslashreplace") or None
        self._transport.written = bytearray(rest)
        return line.decode("utf-8", "backslashreplace")

    def take_written(self) -> bytes:
        """The octets that were written already."""
        written, self._transport.written = bytes(self._transport.written), bytearray()
        return written

    async def ask(self, line: str | bytes) -> list[str]:
        """Send a line, and give all that is answered."""
        await self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.pending_lines()

    def pending_lines(self) -> list[str]:
        """All lines that were written already."""
        lines = []
        while (line := self.pending_line()) is not None:
            lines.append(line)
        return lines

    async def close(self) -> None:
        await dispatch.end(self.session)


async def log_in(services: ImapServices, user: str) -> Connection:
    """A connection of a user who has logged in."""
    connection = Connection(services, user, is_tls=False, by_octet=False)
    (*_, answer) = await connection.ask(f'login LOGIN "{user}" {PASSWORD}')
    if not answer.startswith("login OK "):
        raise TranscriptError(answer)
    return connection


@dataclass(slots=True)
class Play:
    """A transcript while it runs."""

    services: ImapServices
    words: dict[str, str]
    by_octet: bool
    connections: dict[str, Connection] = field(default_factory=dict)

    async def take(self, step: Step) -> None:
        """Do one step; TranscriptError where it goes another way."""
        match step:
            case Connect():
                await self._connect(step)
            case Send() | SendLiteral():
                connection = self._connection(step.connection)
                self._expect_silence(connection, step)
                await connection.send(self._octets(step))
            case Expect():
                line = await self._connection(step.connection).next_line()
                self._compare(step, line)
            case AddToScript():
                await self._add_to_script(step)

    async def _add_to_script(self, step: AddToScript) -> None:
        store = self.services.store
        account = (await store.actor(parse_userid(step.user, store.policy.names))).account
        assert account is not None
        present = await store.engine.active_script(account)
        content = (b"" if present is None else present.content) + step.text.encode() + b"\r\n"
        await store.engine.write(account, PutScript("filter", content, Author("a test"), activate=True))

    async def finish(self) -> None:
        """Nobody was told more than the file says."""
        for name, connection in self.connections.items():
            await connection.tell()
            self._expect_silence(connection, Expect(0, name, "the end"))

    async def close(self) -> None:
        for connection in self.connections.values():
            await connection.close()

    def _connection(self, name: str, *, is_tls: bool = False) -> Connection:
        if name not in self.connections:
            self.connections[name] = Connection(self.services, name, is_tls=is_tls, by_octet=self.by_octet)
        return self.connections[name]

    async def _connect(self, step: Connect) -> None:
        old = self.connections.pop(step.connection, None)
        if old is not None:
            self._expect_silence(old, step)
            await old.close()
        connection = self._connection(step.connection, is_tls=step.is_tls)
        if step.user:
            (*_, answer) = await connection.ask(f'login LOGIN "{step.user}" {PASSWORD}')
            if not answer.startswith("login OK "):
                raise TranscriptError(f"line {step.line_number}: {answer}")

    def _expect_silence(self, connection: Connection, step: Step) -> None:
        line = connection.pending_line()
        if line is not None:
            raise TranscriptError(f"before line {step.line_number} ({step}) came also: {line}")

    def _octets(self, step: Send | SendLiteral) -> bytes:
        if isinstance(step, SendLiteral):
            return self._literal(step.lines)
        text = self._filled(step.text)
        if step.literal is not None:
            text, count = _LITERAL.subn(rf"{{{len(self._literal(step.literal))}\1}}", text)
            if not count:
                raise TranscriptError(f"line {step.line_number} announces no literal")
        return f"{text}\r\n".encode()

    def _literal(self, lines: tuple[str, ...]) -> bytes:
        return "".join([f"{self._filled(line)}\r\n" for line in lines]).encode()

    def _filled(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: self.words.get(match[1], match[0]), text)

    def _compare(self, step: Expect, line: str | None) -> None:
        names: list[str] = []
        match = re.fullmatch("".join(self._pattern(step.text, names)), line) if line is not None else None
        if match is None:
            raise TranscriptError(f"line {step.line_number}\nexpected: {self._filled(step.text)}\ncame:     {line}")
        self.words.update({name: match[f"w{index}"] for index, name in enumerate(names)})

    def _pattern(self, text: str, names: list[str]) -> Iterator[str]:
        end = 0
        for match in _PLACEHOLDER.finditer(text):
            yield re.escape(text[end : match.start()])
            end = match.end()
            name = match[1]
            if name in _FRESH:
                yield _FRESH[name]
            elif name in self.words:
                yield re.escape(self.words[name])
            elif name in names:
                yield f"(?P=w{names.index(name)})"
            else:
                yield f"(?P<w{len(names)}>{_WORD})"
                names.append(name)
        yield re.escape(text[end:])


@asynccontextmanager
async def open_services(kind: str, directory: Path, options: str = "") -> AsyncIterator[ImapServices]:
    """What sessions need, over an engine of `kind`, with alice and bob; `options` are lines of imapd.conf."""
    given = {line.partition(":")[0] for line in options.splitlines()}
    base = [line for line in _BASE_SETTINGS.format(directory).splitlines() if line.partition(":")[0] not in given]
    text = "\n".join([*base, options])
    if directory.is_dir():  # an engine in memory needs none
        (directory / "msg").mkdir(exist_ok=True)
    settings = parse_settings(text, file=directory / "imapd.conf").settings
    policy = StorePolicy.from_settings(settings)
    assert policy.partitions == set(PARTITIONS)
    world = await World.open(kind, directory, policy)
    watchers = Watchers()
    unsubscribe = watchers.listen_to(world.engine)
    try:
        yield ImapServices(
            store=world.store,
            cache=MessageCache(world.store, limits=MessageLimits.from_settings(settings.limits)),
            logins=PlainLogins(world.store, settings),
            watchers=watchers,
            settings=settings,
            version=VERSION,
            alerts=MessageFiles(),
            telemetry=Telemetry(),
            delivery=DeliveryContext(store=world.store, settings=settings, scripts=CheckedScripts(settings.sieve)),
        )
    finally:
        unsubscribe()
        await world.engine.close()


async def play(transcript: Transcript, kind: str, directory: Path, *, by_octet: bool = False) -> None:
    """Run a transcript over an engine; TranscriptError where a session answers something else."""
    async with open_services(kind, directory, transcript.settings) as services:
        running = Play(services, dict(transcript.values), by_octet)
        try:
            for step in transcript.steps:
                await running.take(step)
            await running.finish()
        finally:
            await running.close()
