"""A client that keeps a mailbox offline, and synchronises with QRESYNC as RFC 7162 §6 has it do."""

import re
from dataclasses import dataclass, field

from tests.imap.transcript import Connection, log_in

from angarium.imap.services import ImapServices
from angarium.sequenceset import UidSet

_FETCH = re.compile(r"\* (\d+) FETCH \((.*)\)")
_FLAGS = re.compile(r"FLAGS \(([^)]*)\)")
_UID = re.compile(r"\bUID (\d+)")
_MODSEQ = re.compile(r"MODSEQ \((\d+)\)")
_CODE = re.compile(r"\S+ OK \[(UIDVALIDITY|HIGHESTMODSEQ) (\d+)\]")
_VANISHED = re.compile(r"\* VANISHED (\(EARLIER\) )?([0-9:,]+)")

Flags = frozenset[str]


@dataclass(slots=True)
class ResyncClient:
    """`cache` is all that it keeps of the messages while it is offline."""

    services: ImapServices
    user: str
    mailbox: str
    cache: dict[int, Flags] = field(default_factory=dict)
    uidvalidity: int = 0
    highestmodseq: int = 0
    numbers: list[int | None] = field(default_factory=list)
    """The UID of each message number, None for one that it has not learnt."""
    pairs: list[tuple[int, int]] = field(default_factory=list)
    """Numbers and UIDs that belonged together when `highestmodseq` was told (RFC 7162 §3.2.5.2)."""
    connection: Connection | None = None
    modseqs: list[int] = field(default_factory=list)
    """Seen since the last tagged answer."""
    code: int | None = None
    """The last HIGHESTMODSEQ since then."""

    @property
    def is_online(self) -> bool:
        return self.connection is not None

    async def come_back(self, *, known: str = "", pairs: bool = False, breaks_after: int | None = None) -> None:
        """Connect, and select with what it knows; `known` are UIDs, all of the cache among them."""
        self.connection = await log_in(self.services, self.user)
        await self.connection.ask("a ENABLE QRESYNC")
        parameter = ""
        if self.highestmodseq:
            more = f" {known}" if known else ""
            if pairs and self.pairs:
                numbers, uids = [
                    UidSet.from_numbers(each).serialize().decode() for each in zip(*self.pairs, strict=True)
                ]
                more += f" ({numbers} {uids})"
            parameter = f" (QRESYNC ({self.uidvalidity} {self.highestmodseq}{more}))"
        self.numbers = []
        await self.ask(f"SELECT {self.mailbox}{parameter}", breaks_after=breaks_after)
        if self.is_online:
            await self.learn()

    async def go_offline(self) -> None:
        assert self.connection is not None
        await self.connection.close()
        self.connection = None

    async def ask(self, command: str, *, breaks_after: int | None = None) -> None:
        """Send a command and believe the answer; or lose the connection after some lines of it, and the rest."""
        assert self.connection is not None
        lines = await self.connection.ask(f"a {command}")
        assert re.match(r"a (OK|NO)\b", lines[-1]), (command, lines)
        self.modseqs, self.code = [], None
        for line in lines[:breaks_after]:
            self._take(line, command)
        if breaks_after is None or breaks_after >= len(lines):
            self._tagged()
        else:
            await self.go_offline()

    async def learn(self) -> None:
        """Messages that it does not know: new ones, and those of which it was only told that they are there."""
        above = max(self.cache, default=0) + 1
        if self.numbers:
            await self.ask(f"UID FETCH {above}:* (FLAGS)")
        await self.ask("NOOP")
        if None in self.numbers:
            await self.ask("FETCH 1:* (UID FLAGS)")

    def _tagged(self) -> None:
        if self.code is not None:
            self.highestmodseq = self.code
        elif self.modseqs:
            self.highestmodseq = max(self.highestmodseq, *self.modseqs)
        self.pairs = [(place + 1, uid) for place, uid in enumerate(self.numbers) if uid is not None]

    def _take(self, line: str, command: str) -> None:
        if match := _CODE.match(line):
            if match[1] == "HIGHESTMODSEQ":
                self.code = int(match[2])
            else:
                self.uidvalidity = int(match[2])
        elif match := re.fullmatch(r"\* (\d+) EXISTS", line):
            self.numbers += [None] * (int(match[1]) - len(self.numbers))
        elif match := _VANISHED.fullmatch(line):
            self._vanished(UidSet.parse(match[2].encode()), command, earlier=bool(match[1]))
        elif match := _FETCH.fullmatch(line):
            self._fetched(int(match[1]) - 1, match[2])
        else:
            assert not line.endswith(" EXPUNGE"), line

    def _vanished(self, uids: UidSet, command: str, *, earlier: bool) -> None:
        for uid in uids:
            self.cache.pop(uid, None)
        if earlier:
            assert not any(uid in uids for uid in self.numbers if uid is not None)
            return
        assert command.split()[0] not in ("FETCH", "STORE", "SEARCH")
        for uid in uids:
            del self.numbers[self._place_of(uid)]

    def _place_of(self, uid: int) -> int:
        """Where a message is; one whose UID it has not learnt is between those that it knows."""
        if uid in self.numbers:
            return self.numbers.index(uid)
        before = [place for place, other in enumerate(self.numbers) if other is not None and other < uid]
        place = before[-1] + 1 if before else 0
        assert self.numbers[place] is None, f"{uid} vanished, and was never there"
        return place

    def _fetched(self, place: int, items: str) -> None:
        if uid := _UID.search(items):
            assert self.numbers[place] in (None, int(uid[1]))
            self.numbers[place] = int(uid[1])
        if modseq := _MODSEQ.search(items):
            self.modseqs.append(int(modseq[1]))
        known = self.numbers[place]
        flags = _FLAGS.search(items)
        if flags and known is not None:
            self.cache[known] = frozenset(flags[1].split()) - {"\\Recent"}
