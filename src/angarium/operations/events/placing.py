"""What mailboxes were called when a line of the change log was written.

The index knows the names of now. Who tells of an older line goes back through the renames that came after it, each of
which says what was before; so a message that came before a rename is told of under the old name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from angarium.engine.changelog import parse_form
from angarium.engine.rows import ChangeRow, MailboxId

_NAMING = frozenset({"rename", "delete", "erase", "depart", "renameaccount"})


@dataclass(frozen=True, slots=True)
class Known:
    """A mailbox as it was at some time, by its name relative to the account."""

    name: str
    uidvalidity: int | None
    deleted_at_s: int | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A line of the log with the names of its time."""

    row: ChangeRow
    account_name: str
    """Behind the change."""
    old_account_name: str
    mailboxes: Mapping[MailboxId, Known]
    """Behind the change."""
    before: Known | None = None
    """The mailbox of the line, before it was renamed or went."""


def changes_names(row: ChangeRow) -> bool:
    """Whether a mailbox, or all of them, had another name before the line."""
    return row.operation in _NAMING


def place(
    rows: Sequence[ChangeRow], later: Iterable[ChangeRow], now: Mapping[MailboxId, Known], account_name: str
) -> list[Placed]:
    """The lines with the names of their times: `later` are the lines behind them that changed names, oldest first, and
    `now` is what mailboxes are called behind these."""
    names = _Names(dict(now), account_name)
    for row in reversed(list(later)):
        names.undo(row)
    placed: list[Placed] = []
    for row in reversed(rows):
        behind, account_behind = names.known, names.account_name
        before = names.undo(row) if changes_names(row) else None
        placed.append(Placed(row, account_behind, names.account_name, behind, before))
    return placed[::-1]


@dataclass(slots=True)
class _Names:
    known: Mapping[MailboxId, Known]
    """Never changed in place: lines of equal names share one."""
    account_name: str

    def undo(self, row: ChangeRow) -> Known | None:
        """Go back to before a line; gives what the mailbox of the line was called."""
        form = parse_form(row.before)
        if row.operation == "renameaccount":
            self.account_name = str(form.get("account_name", self.account_name))
        if row.mailbox is None or "name" not in form:
            return None
        present = self.known.get(row.mailbox)
        uidvalidity = form.get("uidvalidity", None if present is None else present.uidvalidity)
        keywords = () if present is None else present.keywords
        before = Known(str(form["name"]), uidvalidity, form.get("deleted_at"), keywords)
        self.known = {**self.known, row.mailbox: before}
        return before
