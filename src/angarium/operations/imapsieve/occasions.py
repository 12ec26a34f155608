"""Lines of the change log as occasions to run a script: a message that was appended, copied, or flagged otherwise
(RFC 6785 §2.2).

What somebody does in IMAP is an occasion, and nothing else is: deliveries are none, and neither is what a script has
done (RFC 6785 §2.2.3, §6). Both are told by the protocol in the line.
"""

import enum
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from angarium.engine.changelog import Source, parse_flags
from angarium.engine.rows import ChangeRow, Uid
from angarium.flags import Flags, SystemFlags
from angarium.sequenceset import UidSet

PROTOCOL: Final = "imapsieve"
"""Of what scripts do, in the change log."""
_OPERATIONS: Final = frozenset({"append", "copy", "store"})
_NOTHING: Final = UidSet()


class Cause(enum.StrEnum):
    """RFC 6785 §4.3."""

    APPEND = "APPEND"
    COPY = "COPY"
    FLAG = "FLAG"


@dataclass(frozen=True, slots=True)
class Occasion:
    """One message that something has happened to."""

    uid: Uid
    cause: Cause
    changed_flags: tuple[str, ...] = ()
    flags: Flags | None = None
    """All flags behind the change, but for what its user alone has seen; None: as they are."""
    is_seen: bool | None = None
    """Whether the user who made the change has seen the message, where the line tells."""


def is_event(row: ChangeRow, protocols: Collection[str]) -> bool:
    """Whether a line tells of occasions; `protocols` are those of IMAP."""
    if row.operation not in _OPERATIONS or row.mailbox is None:
        return False
    protocol = row.client.partition(" ")[0]
    return protocol in protocols and protocol != PROTOCOL


def came_from_elsewhere(row: ChangeRow) -> bool:
    """Whether the messages were copied from another account, which may be taken back."""
    return row.operation == "append" and Source.parse(row.before) is not None


def occasions(row: ChangeRow, keywords: Sequence[str]) -> Iterator[Occasion]:
    """Those of a line that is an event; `keywords` are those of its mailbox, by their bits."""
    if row.operation == "store":
        yield from _of_flags(row, keywords)
        return
    # RFC 8508 §4.4: REPLACE is an APPEND; RFC 6851 §4.5: MOVE is a COPY.
    is_copy = row.operation == "copy" or came_from_elsewhere(row)
    for uid in UidSet.parse(row.uids.encode()) if row.uids else _NOTHING:
        yield Occasion(Uid(uid), Cause.COPY if is_copy else Cause.APPEND)


def _of_flags(row: ChangeRow, keywords: Sequence[str]) -> Iterator[Occasion]:
    changes, newly = parse_flags(row.before)
    seen = newly[0].seen if newly else _NOTHING
    unseen = newly[0].unseen if newly else _NOTHING
    of_reader = seen.union(unseen)
    for change in changes:
        system = SystemFlags(change.system_before ^ change.system_after)
        masks = change.keywords_before ^ change.keywords_after
        changed = Flags(system, named(masks, keywords)).names()
        flags = Flags(SystemFlags(change.system_after), named(change.keywords_after, keywords))
        for uid in change.uids:
            if uid in of_reader:
                yield Occasion(Uid(uid), Cause.FLAG, (*changed, "\\Seen"), flags, uid in seen)
            else:
                yield Occasion(Uid(uid), Cause.FLAG, changed, flags)
        of_reader = of_reader.difference(change.uids)
    for uid in of_reader:
        yield Occasion(Uid(uid), Cause.FLAG, ("\\Seen",), None, uid in seen)


def named(mask: int, keywords: Sequence[str]) -> tuple[str, ...]:
    """Keywords by their bits."""
    return tuple([name for bit, name in enumerate(keywords) if mask >> bit & 1])
