"""A running server with the mail that the rows need; each mailbox is filled when the first row asks for it."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from bench.client import ImapClient, LmtpClient, Pop3Client
from bench.errors import BenchError
from bench.letters import LARGE_OCTETS, SMALL_OCTETS, internal_date, letters
from bench.proctime import cpu_ms
from bench.servers import Server, Users
from bench.storm import Storm, raise_storm

READER: Final = "reader"
LISTER: Final = "lister"
WAITER: Final = "waiter"
WRITERS: Final = tuple(f"writer{number:02d}" for number in range(16))
FILTERED: Final = "filtered"
POPPER: Final = "popper"
HOARDER: Final = "hoarder"
"""Who leaves all her mail on the server."""
RECIPIENTS: Final = tuple(f"recipient{number:02d}" for number in range(50))
USERS: Final = Users(
    logins=(READER, LISTER, WAITER, FILTERED, POPPER, HOARDER, *WRITERS), recipients=RECIPIENTS, filtered=FILTERED
)

LARGE_COUNT: Final = 200
_AT_ONCE: Final = 100
_SETTLE_S: Final = 0.05

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Sample:
    """What one operation took: CPU milliseconds, or what else the row counts; and milliseconds by the clock."""

    value: float
    wall_ms: float | None = None

    def minus(self, other: "Sample") -> "Sample":
        """What one operation took more than another."""
        wall_ms = None
        if self.wall_ms is not None and other.wall_ms is not None:
            wall_ms = self.wall_ms - other.wall_ms
        return Sample(self.value - other.value, wall_ms)


@dataclass(slots=True)
class Bed:
    """`share` is the part of the usual work that is done, 1 or less."""

    server: Server
    share: float
    _filled: set[str] = field(default_factory=set)
    _delivered: int = 0
    _storm: Storm | None = None

    @property
    def python(self) -> Path:
        """The interpreter of Angarium; only rows that are its own ask."""
        assert self.server.python is not None
        return self.server.python

    def count(self, usual: int) -> int:
        """How many of an operation, or messages, where a whole run has so many."""
        return max(1, round(usual * self.share))

    def log_in(self, user: str = READER, *, is_tls: bool = False) -> ImapClient:
        port = self.server.imaps if is_tls else self.server.imap
        return ImapClient(port, user=user, password=self.server.passwords[user], is_tls=is_tls)

    def fetch_mail(self, user: str) -> Pop3Client:
        return Pop3Client(self.server.pop3, user=user, password=self.server.passwords[user])

    def open(self, mailbox: str, user: str = READER) -> ImapClient:
        """Logged in, with the mailbox selected."""
        client = self.log_in(user)
        client.command(f"SELECT {mailbox}")
        return client

    def post(self) -> LmtpClient:
        return LmtpClient(self.server.lmtp)

    def numbers(self, count: int) -> range:
        """Numbers of letters that were not delivered yet; a second letter of a Message-ID may be left out."""
        first = 1_000_000 + self._delivered
        self._delivered += count
        return range(first, first + count)

    def cost(self, operations: int, work: Callable[[], object]) -> Sample:
        """What the server took for one operation of this work, what it does right after its answers included."""
        before = cpu_ms(self.server.pid)
        started = time.perf_counter()
        work()
        wall_ms = (time.perf_counter() - started) * 1000
        time.sleep(_SETTLE_S)
        return Sample((cpu_ms(self.server.pid) - before) / operations, wall_ms / operations)

    def storm(self) -> Storm:
        """What two hundred phones at once have done to a server of their own; they come when the first row asks."""
        if self._storm is None:
            directory = self.server.directory.with_name("storm")
            directory.mkdir()
            directory.chmod(0o755)  # a server that root starts gives it up, and must be able to enter
            self._storm = raise_storm(directory, python=self.python)
        return self._storm

    def small_letters(self, usual: int = 10_000) -> str:
        """The mailbox with so many small letters."""
        count = self.count(usual)
        return self._fill(f"letters{usual}", letters(SMALL_OCTETS, count=count))

    def large_letters(self) -> str:
        """The mailbox with letters of 70 KB."""
        return self._fill("large", letters(LARGE_OCTETS, count=self.count(LARGE_COUNT)))

    def large_maildrop(self) -> str:
        """The user whose INBOX has letters of 70 KB."""
        self._fill("INBOX", letters(LARGE_OCTETS, count=self.count(LARGE_COUNT)), user=POPPER)
        return POPPER

    def full_maildrop(self, usual: int = 100_000) -> str:
        """The user whose INBOX has so many small letters."""
        self._fill("INBOX", letters(SMALL_OCTETS, count=self.count(usual)), user=HOARDER)
        return HOARDER

    def many_mailboxes(self, usual: int = 2_000) -> list[str]:
        """The mailboxes of `LISTER`, forty below each top one."""
        count = self.count(usual)
        names = [f"project{number // 40:03d}/part{number % 40:02d}" for number in range(count)]
        names = [name.removesuffix("/part00") for name in names]
        if "many" not in self._filled:
            with self.log_in(LISTER) as client:
                for chunk in _chunks(iter(names)):
                    client.commands(f"CREATE {name}" for name in chunk)
            self._filled.add("many")
        return names

    def _fill(self, mailbox: str, messages: Iterator[bytes], *, user: str = READER) -> str:
        key = mailbox if user == READER else f"{user} {mailbox}"
        if key in self._filled:
            return mailbox
        with self.log_in(user) as client:
            if mailbox != "INBOX":
                client.command(f"CREATE {mailbox}")
            number = 0
            for chunk in _chunks(messages):
                client.append(mailbox, chunk, dates=[internal_date(number + place) for place in range(len(chunk))])
                number += len(chunk)
            answer = client.command(f"STATUS {mailbox} (MESSAGES)")
        if b"MESSAGES %d" % number not in answer:
            raise BenchError(f"{self.server.name}: {number} messages were appended, and there are: {answer!r}")
        self._filled.add(key)
        return mailbox


def expect(found: int, expected: int, what: str) -> None:
    """BenchError where a server did not do the same work as the others."""
    if found != expected:
        raise BenchError(f"{what}: {found}, not {expected}")


def _chunks(items: Iterator[_Item]) -> Iterator[Sequence[_Item]]:
    while chunk := list(islice(items, _AT_ONCE)):
        yield chunk
