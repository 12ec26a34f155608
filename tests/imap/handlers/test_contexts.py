"""UPDATE: clients that keep the results they were told of, by what they are told."""

import asyncio
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.imap.transcript import Connection, log_in, open_services

from angarium.errors import StoreBusy
from angarium.imap import contexts
from angarium.imap.dialect import Dialect, Extension
from angarium.imap.handlers import contexts as handler
from angarium.sequenceset import SequenceSet

_MESSAGE = b"a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n"
_UPDATE = re.compile(r'\* ESEARCH \(TAG "(\w+)"\)( UID)?((?: (?:REMOVEFROM|ADDTO) \([^)]*\))+)')
_CHANGE = re.compile(r" (REMOVEFROM|ADDTO) \(([^)]*)\)")
_FOUND = re.compile(r"\* ESEARCH \(TAG \"\w+\"\)(?: UID)?(?: ALL (\S+))?")


def _numbers(text: str) -> list[int]:
    """In the order in which they stand."""
    ranges = SequenceSet.parse(text.encode()).ranges
    return [number for first, last in ranges for number in range(first, last + 1)]


@dataclass
class _Search:
    """A search that is kept up to date, and its result as the client believes it."""

    command: str
    tag: str
    result: list[int] = field(default_factory=list)

    @property
    def by_uid(self) -> bool:
        return self.command.startswith("UID")

    def change(self, change: str, payload: str) -> None:
        words = payload.split()
        for position, text in zip(map(int, words[::2]), words[1::2], strict=True):
            numbers = _numbers(text)
            if change == "REMOVEFROM" and position:
                assert self.result[position - 1 : position - 1 + len(numbers)] == numbers
                del self.result[position - 1 : position - 1 + len(numbers)]
            elif change == "REMOVEFROM":
                assert set(numbers) <= set(self.result)
                self.result = [number for number in self.result if number not in numbers]
            elif position:
                self.result[position - 1 : position - 1] = numbers
            else:
                self.result = sorted(self.result + numbers)


@dataclass
class _Client:
    """A connection whose client keeps results of searches, by message numbers and by UIDs."""

    connection: Connection
    exists: int = 0
    searches: dict[str, _Search] = field(default_factory=dict)

    async def ask(self, command: str, tag: str = "a") -> list[str]:
        lines = await self.connection.ask(f"{tag} {command}")
        assert lines[-1].startswith((f"{tag} OK", f"{tag} NO")), lines
        for line in lines[:-1]:
            self.take(line)
        return lines

    def take(self, line: str) -> None:
        if match := re.fullmatch(r"\* (\d+) EXISTS", line):
            self.exists = int(match[1])
        elif match := re.fullmatch(r"\* (\d+) EXPUNGE", line):
            self._take_expunge(int(match[1]))
        elif match := _UPDATE.fullmatch(line):
            search = self.searches[match[1]]
            assert bool(match[2]) == search.by_uid
            for change, payload in _CHANGE.findall(match[3]):
                search.change(change, payload)
            assert search.by_uid or all(0 < number <= self.exists for number in search.result)

    def _take_expunge(self, number: int) -> None:
        self.exists -= 1
        for search in self.searches.values():
            if not search.by_uid:
                assert number not in search.result, "it goes out before"
                search.result = [kept - (kept > number) for kept in search.result]

    async def begin(self, command: str, tag: str) -> None:
        search = _Search(command, tag)
        self.searches[tag] = search
        for line in await self.connection.ask(f"{tag} {command.replace('()', '(UPDATE ALL)')}"):
            if match := _FOUND.fullmatch(line):
                search.result = _numbers(match[1]) if match[1] else []
            else:
                self.take(line)

    async def compare(self) -> None:
        """All results are those of searches made now."""
        await self.ask("NOOP")
        for search in self.searches.values():
            expected = _Search(search.command, "z")
            for line in await self.ask(search.command.replace("()", "(ALL)"), "z"):
                if match := _FOUND.fullmatch(line):
                    expected.result = _numbers(match[1]) if match[1] else []
            assert search.result == expected.result, search.command


_SEARCHES = (
    "SEARCH RETURN () UNSEEN",
    "SEARCH RETURN () OR FLAGGED NOT DELETED",
    "UID SEARCH RETURN () KEYWORD $Work",
    "UID SEARCH RETURN () UID 3:*",
    "SORT RETURN () (SUBJECT) UTF-8 NOT FLAGGED",
    "UID SORT RETURN () (REVERSE ARRIVAL) UTF-8 ALL",
    "UID SORT RETURN () (MODSEQ) UTF-8 UNSEEN",
    "SORT RETURN () (REVERSE UID) UTF-8 UNDELETED",
)


def _command(rng: random.Random, client: _Client) -> str:
    number = rng.randint(1, client.exists) if client.exists else 1
    flag = rng.choice(("\\Seen", "\\Flagged", "\\Deleted", "$Work"))
    sign = rng.choice("+-")
    subject = rng.choice("abc")
    return rng.choice(
        (
            f"APPEND INBOX {{14+}}\r\nSubject: {subject}\r\n\r\n",
            f"APPEND INBOX (\\Seen) {{14+}}\r\nSubject: {subject}\r\n\r\n",
            "NOOP",
            "EXPUNGE",
            f"UID EXPUNGE 1:{number}",
            f"FETCH {number} BODY[TEXT]",
            f"FETCH {number}:* (UID FLAGS)",
            f"STORE {number} {sign}FLAGS ({flag})",
            f"STORE {number}:* {sign}FLAGS.SILENT ({flag})",
            f"UID STORE {number}:* {sign}FLAGS ({flag})",
            f"UID STORE {number} {sign}FLAGS.SILENT ({flag})",
            "SEARCH ALL",
            f"MOVE {number} INBOX",
        )
    )


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("seed", range(6))
def test_a_client_has_what_a_new_search_would_find(kind: str, seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)

    async def talk() -> None:
        async with open_services(kind, tmp_path) as services:
            clients = [_Client(await log_in(services, "alice")) for _ in range(2)]
            for client in clients:
                await client.ask("SELECT INBOX")
            for number in range(120):
                client = rng.choice(clients)
                if number % 15 == 0:
                    await client.begin(rng.choice(_SEARCHES), f"t{number}")
                await client.ask(_command(rng, client))
                if number % 20 == 0:
                    await client.compare()
            for client in clients:
                assert client.searches
                await client.compare()

    asyncio.run(talk())


async def _update(connection: Connection, tag: str) -> list[str]:
    return await connection.ask(f"{tag} UID SEARCH RETURN (UPDATE COUNT) ALL")


def _refusal(tag: str) -> str:
    return f'* NO [NOUPDATE "{tag}"] Too many contexts'


def test_only_so_many_searches_are_kept_up_to_date(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask(_MESSAGE)
            await alice.ask("a SELECT INBOX")
            for number in range(contexts.CONTEXTS_MAX):
                assert len(await _update(alice, f"t{number}")) == 2
            for _ in range(2):  # a tag that was refused is not in use
                told = await _update(alice, "more")
                assert told[:2] == ['* ESEARCH (TAG "more") UID COUNT 1', _refusal("more")]
                assert told[2].startswith("more OK ")
            await alice.ask('a CANCELUPDATE "t0"')
            assert len(await _update(alice, "more")) == 2

    asyncio.run(talk())


def test_results_and_searches_take_only_so_much_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "OCTETS_MAX", 415)

    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            for _ in range(2):
                await alice.ask(_MESSAGE)
            await alice.ask("a SELECT INBOX")
            assert len(await _update(alice, "one")) == 2
            assert (await _update(alice, "two"))[1] == _refusal("two")
            await alice.ask('a CANCELUPDATE "one"')
            ranges = ",".join([str(uid) for uid in range(10, 30, 2)])
            told = await alice.ask(f"two UID SEARCH RETURN (UPDATE) UID 1:2,{ranges}")
            assert told[1] == _refusal("two")
            told = await alice.ask(f"two UID SEARCH RETURN (UPDATE) SUBJECT {'x' * 400}")
            assert told[1] == _refusal("two")

    asyncio.run(talk())


def test_message_numbers_are_told_no_more_once_they_are_refused(tmp_path: Path) -> None:
    """ENABLE UIDONLY while a search by message numbers goes on (RFC 9586 §3)."""

    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, other = await log_in(services, "alice"), await log_in(services, "alice")
            for _ in range(3):
                await alice.ask(_MESSAGE)
            await other.ask("b SELECT INBOX")
            await other.ask("b STORE 1 +FLAGS (\\Deleted)")
            await other.ask("b EXPUNGE")
            await alice.ask("a SELECT INBOX")
            await alice.ask("s SEARCH RETURN (UPDATE) UNFLAGGED")
            await other.ask("b STORE 1 +FLAGS.SILENT (\\Flagged)")
            assert '* ESEARCH (TAG "s") REMOVEFROM (0 1)' in await alice.ask("a NOOP")
            await alice.ask("a ENABLE UIDONLY")
            await other.ask("b STORE 2 +FLAGS.SILENT (\\Flagged)")
            assert '* ESEARCH (TAG "s") UID REMOVEFROM (0 3)' in await alice.ask("a NOOP")

    asyncio.run(talk())


def test_what_is_new_can_be_fetched_before_it_is_put_in(tmp_path: Path) -> None:
    """RFC 5465 §7; what joins a result by its flags is not fetched."""

    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, other = await log_in(services, "alice"), await log_in(services, "alice")
            dialect = alice.session.parser.dialect
            alice.session.parser.dialect = Dialect(dialect.served | {Extension.NOTIFY}, dialect.enabled)
            await alice.ask(_MESSAGE)
            await alice.ask("a SELECT INBOX")
            await alice.ask("s SEARCH RETURN (UPDATE (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])) FLAGGED")
            await other.ask(_MESSAGE.replace(b"INBOX", b"INBOX (\\Flagged)"))
            assert (await alice.ask("a NOOP"))[:-1] == [
                "* 2 EXISTS",
                "* 2 RECENT",
                "* 2 FETCH (UID 2 BODY[HEADER.FIELDS (SUBJECT)] {16}",
                "Subject: One",
                "",
                ")",
                '* ESEARCH (TAG "s") ADDTO (0 2)',
            ]
            await other.ask("a SELECT INBOX")
            await other.ask("a STORE 1 +FLAGS.SILENT (\\Flagged)")
            assert (await alice.ask("a NOOP"))[:-1] == [
                "* 1 FETCH (FLAGS (\\Recent \\Flagged))",
                '* ESEARCH (TAG "s") ADDTO (0 1)',
            ]

    asyncio.run(talk())


def test_a_result_is_told_though_what_is_in_it_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: object) -> None:
        raise StoreBusy

    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, other = await log_in(services, "alice"), await log_in(services, "alice")
            dialect = alice.session.parser.dialect
            alice.session.parser.dialect = Dialect(dialect.served | {Extension.NOTIFY}, dialect.enabled)
            await alice.ask("a SELECT INBOX")
            await alice.ask("s SEARCH RETURN (UPDATE (UID)) ALL")
            await other.ask(_MESSAGE)
            monkeypatch.setattr(handler, "send_fetch", busy)
            assert (await alice.ask("a NOOP"))[2:] == ['* ESEARCH (TAG "s") ADDTO (0 1)', "a OK Completed"]

    asyncio.run(talk())


def test_what_is_fetched_of_new_messages_is_looked_at_before(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, other = await log_in(services, "alice"), await log_in(services, "alice")
            dialect = alice.session.parser.dialect
            alice.session.parser.dialect = Dialect(dialect.served | {Extension.NOTIFY}, dialect.enabled)
            await alice.ask("a SELECT INBOX")
            refused = await alice.ask("s SEARCH RETURN (UPDATE (ANNOTATION (/comment nosuch))) ALL")
            assert refused == ["s BAD Invalid annotation attribute"]
            told = await alice.ask("s SEARCH RETURN (UPDATE (MODSEQ)) ALL")
            assert told[0].endswith("CONDSTORE enabled by MODSEQ fetch")
            await other.ask(_MESSAGE)
            told = await alice.ask("a NOOP")
            assert re.fullmatch(r"\* 1 FETCH \(UID 1 MODSEQ \(\d+\)\)", told[2])
            assert told[3] == '* ESEARCH (TAG "s") ADDTO (0 1)'

    asyncio.run(talk())


def test_nothing_is_kept_for_who_does_not_ask(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")

            async def keeps(command: str) -> bool:
                await alice.ask(command)
                return alice.session.contexts is not None

            assert not await keeps("a SELECT INBOX")
            assert not await keeps("a SEARCH RETURN (CONTEXT COUNT) ALL")
            assert await keeps("s SEARCH RETURN (UPDATE) ALL")
            assert not await keeps('a CANCELUPDATE "s"')
            assert await keeps("s SEARCH RETURN (UPDATE) ALL")
            assert not await keeps("a CLOSE")

    asyncio.run(talk())
