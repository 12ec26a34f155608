"""Several sessions over one store, that are told anything, and what must hold of them all the while.

Each command has one tagged answer, or BYE; what a session says can be read by `responsereader`; nothing but clean
answers comes of anything; nothing is left in a session behind its answer; what a client was told is what there is.
"""

import asyncio
import logging
import zlib
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, TypeVar

from tests.errorlog import ErrorLog
from tests.imap.responsereader import Line, read_responses
from tests.imap.transcript import Connection, log_in, open_services
from tests.server.clientmodel import Contradiction, Picture, check
from tests.server.imapwire import Value

from angarium.imap.services import ImapServices
from angarium.imap.session import ImapSession

SETTINGS: Final = """\
allowanonymouslogin: yes
annotation_enable_legacy_commands: yes
maxmessagesize: 100000
maxliteral: 20000
maxquoted: 20000
maxword: 20000
max_command_arguments: 500
"""

_HANGS_S: Final = 60.0
_GOADS: Final = 8
"""Lines that a client sends to get an unfinished command over with."""
_GOAD: Final = b"x" * 60 + b"\r\n"
_TELL_ALL: Final = b"NOTIFY SET (selected (MessageNew MessageExpunge FlagChange AnnotationChange))"
_RIGHTS: Final = b"lrswipkxte"
_MAIL: Final = b"Subject: %d\r\nFrom: a@example.org\r\nMessage-ID: <%d@x>\r\n\r\nhello\r\n"

_ResultT = TypeVar("_ResultT")


@dataclass(slots=True)
class Client:
    """One connection, and what its client knows."""

    number: int
    user: str
    connection: Connection
    tags: int = 0
    idling: bytes = b""
    """The tag of an IDLE that goes on."""
    picture: Picture | None = None
    is_lost: bool = False
    """In the middle of something that no client would send."""
    compressor: "zlib._Compress | None" = None
    decompressor: "zlib._Decompress | None" = None
    said: list[bytes] = field(default_factory=list)

    @property
    def session(self) -> ImapSession:
        return self.connection.session

    def is_closed(self) -> bool:
        return self.session.close_after_answer

    def is_idling(self) -> bool:
        return bool(self.idling)

    def new_tag(self) -> bytes:
        self.tags += 1
        return b"T%d-%d" % (self.number, self.tags)


class FuzzedSessions:
    """The sessions; a coroutine machine that is driven from outside of any loop."""

    def __init__(self, kind: str, directory: Path, options: str = SETTINGS) -> None:
        self._runner = asyncio.Runner()
        self._exits = AsyncExitStack()
        self._errors = ErrorLog()
        self._loop_errors: list[str] = []
        self._opened = 0
        self._appended = 0
        self.is_sound = True
        """Nothing was found that must not be; what follows upon that is no finding of its own."""
        self.clients: list[Client] = []
        logging.getLogger().addHandler(self._errors)
        self.services: ImapServices = self.run(self._open(kind, directory, options))

    async def _open(self, kind: str, directory: Path, options: str) -> ImapServices:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self._loop_errors.append(repr(context)))
        services = await self._exits.enter_async_context(open_services(kind, directory, options))
        for user, other in (("alice", "bob"), ("bob", "alice")):
            connection = await log_in(services, user)
            for line in (
                b"s SETACL INBOX %b %b" % (other.encode(), _RIGHTS),
                b"s CREATE Work",
                b"s CREATE Work/Sub",
                b"s CREATE Drafts (USE (\\Drafts))",
                *[self._append_text(b"INBOX") for _ in range(3)],
                self._append_text(b"Work"),
            ):
                (*_, answer) = await connection.ask(line)
                assert answer.startswith("s OK"), answer
            await connection.close()
        return services

    def _append_text(self, mailbox: bytes) -> bytes:
        self._appended += 1
        mail = _MAIL % (self._appended, self._appended)
        return b"s APPEND %b {%d+}\r\n%b" % (mailbox, len(mail), mail)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()

    def abandon(self) -> None:
        """Let go of everything, whatever was found."""
        logging.getLogger().removeHandler(self._errors)
        self.run(self._exits.aclose())
        self._runner.close()

    def run(self, work: Coroutine[object, object, _ResultT]) -> _ResultT:
        async def in_time() -> _ResultT:
            async with asyncio.timeout(_HANGS_S):
                return await work

        with self._watching():
            return self._runner.run(in_time())

    @contextmanager
    def _watching(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.is_sound = False
            raise

    # What clients do

    def open(self, user: str = "") -> Client:
        """A new connection, logged in where a user is named."""
        self._opened += 1
        name = f"{user}-{self._opened}"
        client = Client(self._opened, user, Connection(self.services, name, is_tls=False, by_octet=False))
        self.clients.append(client)
        self._read(client)
        if user:
            (*_, answer) = self.say(client, b"LOGIN %b secret" % user.encode())
            assert answer.name == "OK", answer
        return client

    def say(self, client: Client, text: bytes) -> list[Line]:
        """A command from its beginning to its tagged answer; IDLE goes on until the next one."""
        return self.run(self._say(client, text))

    def say_together(self, *commands: tuple[Client, bytes]) -> None:
        """Commands of several clients at one time."""

        async def together() -> None:
            async with asyncio.TaskGroup() as tasks:
                for client, text in commands:
                    tasks.create_task(self._say(client, text))

        self.run(together())
        self.check()

    def say_hostile(self, client: Client, octets: bytes) -> None:
        """What is perhaps no command at all, and then a NOOP, which is answered."""
        self.run(self._say_hostile(client, octets))
        self.check()

    def drop(self, client: Client, unfinished: bytes = b"") -> None:
        """The connection is lost, perhaps in the middle of a command."""

        async def drop() -> None:
            if unfinished and not client.is_closed():
                await self._send(client, unfinished)
            await client.connection.close()

        self.run(drop())
        self.clients.remove(client)

    # What must hold

    def check(self) -> None:
        """Between commands."""
        with self._watching():
            self._check()

    def _check(self) -> None:
        assert not self._errors.lines, self._errors.lines
        assert not self._loop_errors, self._loop_errors
        for client in list(self.clients):
            self.run(client.connection.tell())
            self._take(client, self._read(client))
            if client.is_closed():
                self.drop(client)
            elif not client.is_lost:
                self._check_rest(client)

    def _check_rest(self, client: Client) -> None:
        session = client.session
        assert session.parser.buffered_octets == 0, session.parser.buffered_octets
        assert session.append is None
        assert session.flags_told is None
        assert session.after_answer is None
        assert (session.line_handler is not None) == client.is_idling()
        assert session.is_idling == client.is_idling()
        assert session.output._octets == 0
        selected = session.selected
        if client.picture is not None:
            assert selected is not None
            assert len(client.picture.messages) == len(selected._told)
            assert selected._view is None, "an idle session holds a view"

    def settle(self) -> None:
        """Nobody changes anything now: each client knows what a new one is told."""
        self.check()
        for client in list(self.clients):
            if client in self.clients and not client.is_lost:
                if client.session.notification is not None:
                    self.say(client, _TELL_ALL)
                self.say(client, b"NOOP")
                self.check()
        for client in list(self.clients):
            if client in self.clients and not client.is_lost and client.picture is not None:
                self._compare(client)
        for client in list(self.clients):
            self.drop(client)
        assert not self.services.watchers.accounts
        assert not self._errors.lines, self._errors.lines

    def _compare(self, client: Client) -> None:
        session = client.session
        assert session.actor is not None
        if session.actor.userid is None or client.picture is None:
            return
        name = session.encode_name(session.mailbox.mailbox.name)
        user = str(session.actor.userid)
        known = self._flags_by_uid(client, told=client.picture)
        other = self.open(user)
        utf8 = b" UTF8=ACCEPT" if not name.isascii() else b""
        if utf8:
            self.say(other, b"ENABLE IMAP4rev2")
        self.say(other, b"EXAMINE {%d+}\r\n%b" % (len(name), name))
        assert other.picture is not None, f"{user} has {name!r} selected, and cannot select it"
        there = self._flags_by_uid(other, told=None)
        assert known == there, (client.said, known, there)
        self.drop(other)

    def _flags_by_uid(self, client: Client, *, told: Picture | None) -> dict[int, frozenset[bytes]]:
        before = [(each.uid, each.flags) for each in told.messages] if told is not None else []
        lines = self.say(client, b"UID FETCH 1:* (FLAGS)")
        found: dict[int, frozenset[bytes]] = {}
        for line in lines:
            if line.name in ("FETCH", "UIDFETCH"):
                uid = line.number if line.name == "UIDFETCH" else line.items["UID"]
                flags = line.items["FLAGS"]
                assert isinstance(uid, int)
                assert isinstance(flags, list)
                found[uid] = frozenset(flags) - {b"\\Recent"}
        assert list(found) == sorted(found)
        for (uid, flags), (now_uid, now_flags) in zip(before, found.items(), strict=bool(told)):
            check(uid in (None, now_uid), f"{client.said[-8:]}: UID {uid} is {now_uid}")
            names = frozenset([flag.decode() for flag in now_flags])
            check(flags in (None, names), f"UID {uid} has {names}, and {flags} was told: {client.said[-8:]}")
        return found

    # One client

    async def _say(self, client: Client, text: bytes) -> list[Line]:
        if client.is_closed():
            return []
        if client.is_idling():
            await self._end_idle(client)
            if client.is_closed():
                return []
        tag = client.new_tag()
        client.said.append(text)
        before = client.session.selected
        lines = await self._send(client, b"%b %b\r\n" % (tag, text))
        while not (self._is_answered(lines, tag) or client.is_closed()):
            assert lines, f"{text!r} is not answered"
            assert any(line.tag == "+" for line in lines), (text, lines)
            if client.session.is_idling:
                client.idling = tag
                break
            lines += await self._send(client, b"*\r\n")
        answers = [line for line in lines if line.tag not in "*+"]
        assert [line.tag for line in answers] == [tag.decode()] * (0 if client.is_idling() else len(answers))
        assert len(answers) <= 1, answers
        assert answers or client.is_idling() or self._has_bye(lines), (text, lines)
        self._follow(client, text, lines, before)
        self._switch_compression(client)
        return lines

    async def _end_idle(self, client: Client) -> None:
        tag, client.idling = client.idling, b""
        before = client.session.selected
        lines = await self._send(client, b"DONE\r\n")
        assert self._is_answered(lines, tag) or self._has_bye(lines), lines
        self._follow(client, b"", lines, before)

    async def _say_hostile(self, client: Client, octets: bytes) -> None:
        if client.is_closed():
            return
        if client.is_idling():
            await self._end_idle(client)
        was_compressed = client.session.inflater is not None
        client.said.append(octets)
        tag, last = client.new_tag(), client.new_tag()
        lines = await self._send(client, b"%b %b\r\n" % (tag, octets), is_odd=True)
        for _ in range(_GOADS):
            if client.is_closed() or (client.session.inflater is not None) != was_compressed:
                break
            if not self._is_answered(lines, last):
                lines += await self._send(client, b"DONE\r\n%b NOOP\r\n" % last + _GOAD, is_odd=True)
        is_other = (client.session.inflater is not None) != was_compressed
        if is_other or not (client.is_closed() or self._is_answered(lines, last)):
            # A literal of any size may have been announced, or the octets that follow be compressed ones.
            assert is_other or b"{" in octets, (octets, lines)
            client.is_lost = True
            client.picture = None
            return
        count = len([line for line in lines if line.tag == tag.decode()])
        assert count <= 1, (octets, lines)
        client.idling = b""
        if not client.is_closed():
            self._picture_anew(client)

    async def _send(self, client: Client, octets: bytes, *, is_odd: bool = False) -> list[Line]:
        if client.compressor is not None:
            octets = client.compressor.compress(octets) + client.compressor.flush(zlib.Z_SYNC_FLUSH)
        session = client.session
        is_utf8, has_utf8_texts = session.parser.dialect.quotes_utf8, session.language is not None or session.is_rev2
        await client.connection.send(octets)
        return self._read(client, is_utf8=is_utf8, has_utf8_texts=has_utf8_texts, is_odd=is_odd)

    def _read(
        self, client: Client, *, is_utf8: bool = False, has_utf8_texts: bool = False, is_odd: bool = False
    ) -> list[Line]:
        octets = client.connection.take_written()
        if client.decompressor is not None:
            octets = client.decompressor.decompress(octets) + client.decompressor.unused_data
            if client.decompressor.eof:
                client.compressor = client.decompressor = None
        if client.is_lost or (is_odd and (client.session.inflater is None) != (client.decompressor is None)):
            return []
        return read_responses(
            octets,
            is_utf8=is_utf8 or client.session.parser.dialect.quotes_utf8,
            has_utf8_texts=has_utf8_texts or client.session.language is not None or client.session.is_rev2,
        )

    def _switch_compression(self, client: Client) -> None:
        if client.session.inflater is not None and client.compressor is None:
            client.compressor = zlib.compressobj(wbits=-15)
            client.decompressor = zlib.decompressobj(wbits=-15)

    def _is_answered(self, lines: Sequence[Line], tag: bytes) -> bool:
        return any(line.tag == tag.decode() for line in lines)

    def _has_bye(self, lines: Iterable[Line]) -> bool:
        return any(line.name == "BYE" for line in lines)

    # The selected mailbox

    def _follow(self, client: Client, text: bytes, lines: list[Line], before: object) -> None:
        """Take in what a command told of the selected mailbox."""
        selected = client.session.selected
        if selected is None:
            client.picture = None
        elif selected is not before or client.picture is None:
            self._picture_anew(client)
        else:
            self._take(client, lines)
            if b".SILENT" in text.upper():
                for told in client.picture.messages:
                    told.flags = told.flags_modseq = None

    def _picture_anew(self, client: Client) -> None:
        selected = client.session.selected
        client.picture = None
        if selected is not None:
            client.picture = Picture(selected.mailbox.name.internal)
            client.picture.exists(len(selected._told))

    def _take(self, client: Client, lines: Iterable[Line]) -> None:
        picture = client.picture
        if picture is None:
            return
        try:
            for line in lines:
                self._take_line(picture, line)
        except Contradiction as error:
            error.add_note(f"said: {client.said[-5:]}\n{lines}")
            raise

    def _take_line(self, picture: Picture, line: Line) -> None:
        match line.name:
            case "EXISTS":
                picture.exists(line.number)
            case "EXPUNGE":
                picture.expunge(line.number)
            case "VANISHED" if not line.is_earlier:
                picture.vanished(line.numbers)
            case "FETCH":
                picture.fetched(line.number, _values(line))


def _values(line: Line) -> dict[str, Value]:
    """The items that a picture holds, as the model takes them."""
    found: dict[str, Value] = {}
    uid, flags, modseq = (line.items.get(name) for name in ("UID", "FLAGS", "MODSEQ"))
    if isinstance(uid, int):
        found["UID"] = b"%d" % uid
    if isinstance(flags, list):
        found["FLAGS"] = list(flags)
    if isinstance(modseq, list):
        found["MODSEQ"] = [b"%d" % each for each in modseq]
    return found
