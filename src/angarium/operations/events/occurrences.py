"""Lines of the change log as events: which ones, of which mailboxes, messages and flags; no look at anything else.

What came about under one modseq is taken together, so that events that RFC 5423 has implied by others (renames of what
is below, creations of what is above) can be left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from angarium.engine.changelog import Copy, QuotaChange, Room, SeenChange, parse_flags, parse_form
from angarium.engine.rows import ChangeRow, MailboxId, QuotaResource
from angarium.errors import AclInvalid
from angarium.flags import Flags, SystemFlags
from angarium.rights import Acl, serialize_rights
from angarium.sequenceset import UidSet

from .names import EventName
from .placing import Placed

_UIDS_LENGTH: Final = 1500
"""Of the text of a set of UIDs in one event; a datagram holds 8,192 octets, and two such sets."""
_UIDS_AT_ONCE: Final = 130
_NOTHING: Final = UidSet()
_TOLD_RESOURCES: Final = frozenset({QuotaResource.STORAGE.value, QuotaResource.MESSAGE.value})
"""RFC 5423 knows of these alone."""
_SIMPLE: Final = {"\\Deleted": EventName.MESSAGE_TRASH, "\\Seen": EventName.MESSAGE_READ}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event, before anything is looked up for it."""

    name: EventName
    placed: Placed
    uids: UidSet = _NOTHING
    source: MailboxId | None = None
    source_uids: UidSet = _NOTHING
    """Of copies."""
    flags: tuple[str, ...] = ()
    """Set or cleared."""
    subject: str = ""
    """Whose rights are other ones; the root of a quota; what is subscribed."""
    rights: str = ""
    limits: tuple[tuple[str, int], ...] = ()
    """Of the quota root, from here on."""

    @property
    def row(self) -> ChangeRow:
        return self.placed.row


def occurrences(group: Sequence[Placed], *, simple_flags: bool = True) -> list[Occurrence]:
    """The events of lines with one modseq, in their order. With `simple_flags`, `\\Seen` and `\\Deleted` are told of by
    MessageRead and MessageTrash (RFC 5423 §4.2)."""
    return [each for placed in group for each in _of_line(placed, group, simple_flags=simple_flags)]


def _of_line(placed: Placed, group: Sequence[Placed], *, simple_flags: bool) -> Iterator[Occurrence]:
    row = placed.row
    match row.operation:
        case "append" | "deliver":
            is_new = row.operation == "deliver" or row.client.startswith("lmtp")
            name = EventName.MESSAGE_NEW if is_new else EventName.MESSAGE_APPEND
            for uid in UidSet.parse(row.uids.encode()) if row.uids else ():
                yield Occurrence(name, placed, UidSet(((uid, uid),)))
        case "copy":
            yield from _copies(placed)
        case "expunge" | "replace" | "move":
            yield from _gone(placed)
        case "store":
            yield from _flags(placed, simple=simple_flags)
        case "create" if "name" in parse_form(row.before):
            yield Occurrence(EventName.MAILBOX_RENAME, placed)  # of INBOX, which stays, empty
        case "create":
            if not _is_above_another(placed, group):
                yield Occurrence(EventName.MAILBOX_CREATE, placed)
        case "rename" | "arrive":
            if not _is_below_another(placed, group):
                yield Occurrence(EventName.MAILBOX_RENAME, placed)
        case "renameaccount":
            yield Occurrence(EventName.MAILBOX_RENAME, placed)
        case "delete":
            yield Occurrence(EventName.MAILBOX_DELETE, placed)
        case "erase":
            if parse_form(row.before).get("deleted_at") is None:
                yield Occurrence(EventName.MAILBOX_DELETE, placed)
        case "setacl":
            yield from _rights(placed)
        case "setquota":
            yield from _quota(placed)
        case "subscribe" | "unsubscribe":
            subscribed = row.operation == "subscribe"
            name = EventName.MAILBOX_SUBSCRIBE if subscribed else EventName.MAILBOX_UNSUBSCRIBE
            yield Occurrence(name, placed, subject=str(parse_form(row.before).get("name", "")))
        case "restore":
            yield Occurrence(EventName.START_ANEW, placed)


# Messages


def _copies(placed: Placed) -> Iterator[Occurrence]:
    copy = Copy.parse(placed.row.before)
    name = EventName.MESSAGE_MOVE if copy.is_move else EventName.MESSAGE_COPY
    uids = UidSet.parse(placed.row.uids.encode())
    if max(len(placed.row.uids), len(copy.uids.serialize())) <= _UIDS_LENGTH or len(copy.uids) != len(uids):
        yield Occurrence(name, placed, uids, copy.source, copy.uids)
        return
    # Both are in the order of copying.
    numbers, sources = list(uids), list(copy.uids)
    for start in range(0, len(numbers), _UIDS_AT_ONCE):
        some = slice(start, start + _UIDS_AT_ONCE)
        pieces = UidSet.from_numbers(numbers[some]), UidSet.from_numbers(sources[some])
        yield Occurrence(name, placed, pieces[0], copy.source, pieces[1])


def _gone(placed: Placed) -> Iterator[Occurrence]:
    row = placed.row
    if row.operation != "move":  # that is told of where they went to
        is_expiry = row.actor == "cyr_expire" and row.client == "cyr_expire"
        name = EventName.MESSAGE_EXPIRE if is_expiry else EventName.MESSAGE_EXPUNGE
        for uids in _pieces(UidSet.parse(row.uids.encode())):
            yield Occurrence(name, placed, uids)
    room = Room.parse(row.before)
    if room is not None and not _TOLD_RESOURCES.isdisjoint(room.resources):
        yield Occurrence(EventName.QUOTA_WITHIN, placed, subject=room.root)


def _pieces(uids: UidSet) -> Iterator[UidSet]:
    """The set, or several where its text is long."""
    if len(uids.serialize()) <= _UIDS_LENGTH:
        yield uids
        return
    for start in range(0, len(uids.ranges), _UIDS_AT_ONCE // 2):
        yield UidSet(uids.ranges[start : start + _UIDS_AT_ONCE // 2])


# Flags


def _flags(placed: Placed, *, simple: bool) -> Iterator[Occurrence]:
    changes, seen = parse_flags(placed.row.before)
    turned_on: dict[tuple[int, int], UidSet] = {}
    turned_off: dict[tuple[int, int], UidSet] = {}
    for change in changes:
        system, keywords = change.system_before, change.keywords_before
        on = change.system_after & ~system, change.keywords_after & ~keywords
        off = system & ~change.system_after, keywords & ~change.keywords_after
        for bits, found in ((on, turned_on), (off, turned_off)):
            if any(bits):
                found[bits] = found.get(bits, _NOTHING).union(change.uids)
    for bits, uids in turned_on.items():
        yield from _set(placed, _names(placed, *bits), uids, simple=simple)
    for bits, uids in turned_off.items():
        yield from _each(EventName.FLAGS_CLEAR, placed, _names(placed, *bits), uids)
    for each in seen:
        yield from _seen(placed, each, simple=simple)


def _seen(placed: Placed, change: SeenChange, *, simple: bool) -> Iterator[Occurrence]:
    yield from _set(placed, ("\\Seen",), change.seen, simple=simple)
    yield from _each(EventName.FLAGS_CLEAR, placed, ("\\Seen",), change.unseen)


def _set(placed: Placed, flags: tuple[str, ...], uids: UidSet, *, simple: bool) -> Iterator[Occurrence]:
    for flag, name in _SIMPLE.items() if simple else ():
        if flag in flags:
            yield from _each(name, placed, (flag,), uids)
            flags = tuple([each for each in flags if each != flag])
    if flags:
        yield from _each(EventName.FLAGS_SET, placed, flags, uids)


def _each(name: EventName, placed: Placed, flags: tuple[str, ...], uids: UidSet) -> Iterator[Occurrence]:
    for piece in _pieces(uids) if uids else ():
        yield Occurrence(name, placed, piece, flags=flags)


def _names(placed: Placed, system: int, keywords: int) -> tuple[str, ...]:
    """Names of flags by their bits; a keyword keeps its bit as long as there is the mailbox."""
    assert placed.row.mailbox is not None
    known = placed.mailboxes.get(placed.row.mailbox)
    names = [name for bit, name in enumerate(known.keywords if known is not None else ()) if keywords >> bit & 1]
    return Flags(SystemFlags(system), tuple(names)).names()


# Mailboxes


def _is_above_another(placed: Placed, group: Sequence[Placed]) -> bool:
    """Its creation is implied by that of one below it (RFC 5423 §4.4); an INBOX's never is."""
    name = _name(placed)
    return bool(name) and any((_name(other) or "").startswith(f"{name}.") for other in group)


def _name(placed: Placed) -> str | None:
    known = placed.mailboxes.get(placed.row.mailbox) if placed.row.mailbox is not None else None
    return None if known is None else known.name


def _is_below_another(placed: Placed, group: Sequence[Placed]) -> bool:
    """Its renaming is implied by that of one above it (RFC 5423 §4.4)."""
    name = parse_form(placed.row.before).get("name")
    names = {str(parse_form(other.row.before).get("name")) for other in group if other is not placed}
    level = str(name)
    while level:
        level = level.rpartition(".")[0]
        if level in names:
            return True
    return False


def _rights(placed: Placed) -> Iterator[Occurrence]:
    """One event for each whose rights are other ones."""
    form = parse_form(placed.row.before)
    try:
        before, became = [_by_identifier(str(form.get(key, ""))) for key in ("acl", "became")]
    except AclInvalid:
        return
    for identifier in dict.fromkeys([*before, *became]):
        if before.get(identifier) != became.get(identifier):
            yield Occurrence(EventName.ACL_CHANGE, placed, subject=identifier, rights=became.get(identifier, ""))


def _by_identifier(acl: str) -> dict[str, str]:
    return {entry.identifier: serialize_rights(entry.rights) for entry in Acl.parse(acl).entries}


# Quota


def _quota(placed: Placed) -> Iterator[Occurrence]:
    change = QuotaChange.parse(placed.row.before)
    before, became = change.limits or {}, change.became or {}
    limits = tuple(became.items())
    if not any(before.get(each) != became.get(each) for each in _TOLD_RESOURCES):
        return
    yield Occurrence(EventName.QUOTA_CHANGE, placed, subject=change.root, limits=limits)
    full_before, full_after = [_full(change, which) for which in (before, became)]
    if full_before - full_after:
        yield Occurrence(EventName.QUOTA_WITHIN, placed, subject=change.root, limits=limits)


def _full(change: QuotaChange, limits: Mapping[str, int]) -> set[str]:
    units = {resource.value: resource.unit for resource in QuotaResource}
    return {
        each for each in _TOLD_RESOURCES if each in limits and change.used.get(each, 0) >= limits[each] * units[each]
    }
