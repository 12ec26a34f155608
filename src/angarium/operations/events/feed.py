"""`AccountFeed`: the change log of one account, read on from a position, as lines with the names of their times.

Lines of one modseq come about together, and are given together: a position is the modseq of lines that were all told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from angarium.engine.changelog import Copy
from angarium.engine.interface import Engine
from angarium.engine.rows import NO_MODSEQ, AccountId, ChangeRow, MailboxId, ModSeq

from .placing import Known, Placed, changes_names, place

_LINES: Final = 250
"""At once; the loop reads as many itself, without a thread."""
_LINES_OF_NAMES: Final = 5000
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Batch:
    """What comes next."""

    groups: tuple[tuple[Placed, ...], ...]
    """Each of one modseq."""
    until: ModSeq
    """The position behind them."""
    has_more: bool
    lost_before: ModSeq | None = None
    """Not None: lines behind the position were pruned, up to this modseq."""


class AccountFeed:
    """Reads on; keeps what was renamed later while there is much to read."""

    def __init__(self, engine: Engine, account: AccountId, position: ModSeq | None, *, began_s: int) -> None:
        """Without a position, from what happened at `began_s` or later."""
        self._engine = engine
        self._account = account
        self._position = position
        self._began_s = began_s
        self._later: list[ChangeRow] = []
        """Lines that change names, behind the batch that was given last."""
        self._later_until = NO_MODSEQ

    async def next(self) -> Batch:
        """AccountNotFound."""
        lost = await self._what_was_lost()
        since = await self._start() if self._position is None else self._position
        rows, has_more = await self._read(since, _LINES)
        until = rows[-1].modseq if rows else since
        if self._position is None:
            rows = [row for row in rows if row.time_s >= self._began_s]
        placed = await self._place(rows, until)
        self._position = until
        return Batch(_grouped(placed), until, has_more, lost)

    async def _what_was_lost(self) -> ModSeq | None:
        pruned = await self._engine.pruned_changes(self._account)
        if self._position is None:
            return pruned.modseq if pruned.modseq and pruned.time_s >= self._began_s else None
        if pruned.modseq <= self._position:
            return None
        self._position = pruned.modseq
        return pruned.modseq

    async def _start(self) -> ModSeq:
        """A modseq before the first line of `began_s` or later: found from the end of the log, which may be long."""
        state = await self._engine.state(self._account)
        window = _LINES
        while state.modseq > window:
            since = ModSeq(state.modseq - window)
            rows = await self._engine.changes(self._account, since=since, limit=window)
            if rows and rows[0].time_s < self._began_s:
                return since
            window *= 4
        return NO_MODSEQ

    async def _read(self, since: ModSeq, limit: int) -> tuple[list[ChangeRow], bool]:
        """Lines with all of their modseq, and whether there are more behind them."""
        while True:
            rows = await self._engine.changes(self._account, since=since, limit=limit)
            if len(rows) < limit:
                return rows, False
            whole = [row for row in rows if row.modseq != rows[-1].modseq]
            if whole:
                return whole, True
            limit *= 4

    async def _place(self, rows: list[ChangeRow], until: ModSeq) -> list[Placed]:
        """Read what mailboxes are called now, and all that changed names before that."""
        if not rows:
            return []
        self._later = [row for row in self._later if row.modseq > until]
        self._later_until = max(self._later_until, until)
        wanted = _mailboxes_of(rows)
        for _ in range(_ATTEMPTS):
            before = await self._engine.state(self._account)
            await self._read_later()
            known = await self._known(wanted)
            account_name = await self._engine.account_name(self._account)
            behind = await self._engine.state(self._account)
            if behind.folder_modseq == before.folder_modseq:
                break
        return place(rows, self._later, known, account_name)

    async def _read_later(self) -> None:
        while True:
            rows, has_more = await self._read(self._later_until, _LINES_OF_NAMES)
            self._later += [row for row in rows if changes_names(row)]
            if rows:
                self._later_until = rows[-1].modseq
            if not has_more:
                return

    async def _known(self, mailboxes: Sequence[MailboxId]) -> dict[MailboxId, Known]:
        known: dict[MailboxId, Known] = {}
        for mailbox in mailboxes:
            row = await self._engine.mailbox(self._account, mailbox)
            if row is not None:
                known[mailbox] = Known(row.name, row.uidvalidity, row.deleted_at_s, row.keywords)
        return known


def _mailboxes_of(rows: Sequence[ChangeRow]) -> list[MailboxId]:
    """Those that the lines name."""
    found: dict[MailboxId, None] = {}
    for row in rows:
        if row.mailbox is not None:
            found[row.mailbox] = None
        if row.operation == "copy":
            found[Copy.parse(row.before).source] = None
    return list(found)


def _grouped(placed: Sequence[Placed]) -> tuple[tuple[Placed, ...], ...]:
    groups: list[list[Placed]] = []
    for each in placed:
        if groups and groups[-1][0].row.modseq == each.row.modseq:
            groups[-1].append(each)
        else:
            groups.append([each])
    return tuple([tuple(group) for group in groups])
