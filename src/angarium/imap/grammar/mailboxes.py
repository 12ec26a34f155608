"""Commands on mailboxes as a whole (RFC 9051 §6.3.2 to §6.3.8, §6.3.11), LIST left out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed, UidRequired
from angarium.imap.dialect import Extension
from angarium.sequenceset import SequenceSet

from .entry import Entry
from .fetch import require_qresync

_STATUS_ITEMS: Final = {item.value: item for item in c.StatusItem}
_STATUS_EXTENSIONS: Final = {
    c.StatusItem.MAILBOXID: Extension.OBJECTID,
    c.StatusItem.APPENDLIMIT: Extension.APPENDLIMIT,
    c.StatusItem.DELETED_STORAGE: Extension.QUOTA_STORAGE,
    c.StatusItem.HIGHESTMODSEQ: Extension.CONDSTORE,
    c.StatusItem.SIZE: Extension.STATUS_SIZE,
}


@dataclass(slots=True)
class _Selecting:
    """Arguments of SELECT and EXAMINE, as far as they have been read."""

    mailbox: bytes
    condstore: bool = False
    qresync: c.QuickResync | None = None
    annotate: bool = False


def _parse_selecting(cursor: Cursor) -> _Selecting:
    cursor.space()
    selecting = _Selecting(cursor.astring())
    if cursor.take(b" "):
        for _ in cursor.elements():
            _parse_parameter(cursor, selecting)
    cursor.end()
    return selecting


def _parse_parameter(cursor: Cursor, selecting: _Selecting) -> None:
    """`select-param` (RFC 4466 §2.1)."""
    name = cursor.atom()
    match name.upper():
        case b"CONDSTORE" if cursor.serves(Extension.CONDSTORE):
            selecting.condstore = True
        case b"QRESYNC" if selecting.qresync is None and cursor.serves(Extension.QRESYNC):
            cursor.space()
            selecting.qresync = _parse_qresync(cursor)
            require_qresync(cursor)
        case b"ANNOTATE" if cursor.serves(Extension.ANNOTATE):
            selecting.annotate = True
        case _:
            raise Malformed(b"Invalid " + cursor.name + b" modifier " + name[:64])


def _parse_qresync(cursor: Cursor) -> c.QuickResync:
    """`"(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"` (RFC 7162 §7)."""
    cursor.expect(b"(")
    uidvalidity = cursor.nz_number()
    cursor.space()
    modseq = cursor.number64()
    if not modseq:
        raise Malformed(b"Number out of range in " + cursor.name)
    known_uids: SequenceSet | None = None
    known_pairs: tuple[SequenceSet, SequenceSet] | None = None
    more = cursor.take(b" ")
    if more and cursor.next_octet() != b"(":
        known_uids = _parse_known(cursor)
        more = cursor.take(b" ")
    if more:
        known_pairs = _parse_known_pairs(cursor)
    cursor.expect(b")")
    return c.QuickResync(uidvalidity, modseq, known_uids, known_pairs)


def _parse_known_pairs(cursor: Cursor) -> tuple[SequenceSet, SequenceSet]:
    """`"(" known-sequence-set SP known-uid-set ")"`."""
    cursor.expect(b"(")
    numbers = _parse_known(cursor)
    cursor.space()
    uids = _parse_known(cursor)
    cursor.expect(b")")
    if cursor.dialect.uid_only:
        # RFC 9586 §3.7
        raise UidRequired
    return numbers, uids


def _parse_known(cursor: Cursor) -> SequenceSet:
    known = cursor.sequence_set()
    if not known.is_resolved:
        raise Malformed(b"Invalid sequence in " + cursor.name)
    return known


def parse_select(cursor: Cursor) -> c.Select:
    """RFC 9051 §6.3.2."""
    selecting = _parse_selecting(cursor)
    return c.Select(selecting.mailbox, selecting.condstore, selecting.qresync, selecting.annotate)


def parse_examine(cursor: Cursor) -> c.Examine:
    """RFC 9051 §6.3.3."""
    selecting = _parse_selecting(cursor)
    return c.Examine(selecting.mailbox, selecting.condstore, selecting.qresync, selecting.annotate)


def parse_create(cursor: Cursor) -> c.Create:
    """RFC 9051 §6.3.4."""
    cursor.space()
    mailbox = cursor.astring()
    if cursor.data.startswith(b" (", cursor.position) and cursor.serves(Extension.CREATE_SPECIAL_USE):
        cursor.space()
        partition, special_use = _parse_create_parameters(cursor)
        cursor.end()
        return c.Create(mailbox, partition, special_use)
    partition = cursor.astring() if cursor.take(b" ") else None
    cursor.end()
    return c.Create(mailbox, partition)


def _parse_create_parameters(cursor: Cursor) -> tuple[bytes | None, tuple[str, ...]]:
    """`"(" create-param *(SP create-param) ")"` (RFC 4466 §2.2): USE, and Cyrus's PARTITION."""
    partition: bytes | None = None
    special_use: tuple[str, ...] | None = None
    for _ in cursor.elements():
        name = cursor.atom()
        match name.upper():
            case b"USE" if special_use is None:
                cursor.space()
                uses = [_parse_use_attribute(cursor) for _ in cursor.elements(may_be_empty=True)]
                special_use = tuple(dict.fromkeys(uses))
            case b"PARTITION" if partition is None:
                cursor.space()
                partition = cursor.astring()
            case _:
                raise Malformed(b"Invalid Create parameter " + name[:64])
    return partition, special_use or ()


def _parse_use_attribute(cursor: Cursor) -> str:
    r"""`use-attr`; the backslash may be missing, as from cyradm behind a shell."""
    backslash = "\\" if cursor.take(b"\\") else ""
    return backslash + cursor.atom().decode("ascii")


def parse_rename(cursor: Cursor) -> c.Rename:
    """RFC 9051 §6.3.6."""
    cursor.space()
    source = cursor.astring()
    cursor.space()
    target = cursor.astring()
    partition = cursor.astring() if cursor.take(b" ") else None
    cursor.end()
    return c.Rename(source, target, partition)


def one_mailbox(make: Callable[[bytes], c.Command]) -> Callable[[Cursor], c.Command]:
    """The parse function of a command with a mailbox, or another astring, as its only argument."""

    def parse(cursor: Cursor) -> c.Command:
        cursor.space()
        mailbox = cursor.astring()
        cursor.end()
        return make(mailbox)

    return parse


def parse_status_items(cursor: Cursor) -> tuple[c.StatusItem, ...]:
    """`(status-att …)`, also of LIST's return option STATUS (RFC 5819)."""
    if cursor.next_octet() != b"(" or cursor.data.startswith(b"()", cursor.position):
        raise cursor.invalid() if cursor.at_end() else Malformed(b"Bad status string")
    items: dict[c.StatusItem, None] = {}
    for _ in cursor.elements():
        name = cursor.atom()
        item = _STATUS_ITEMS.get(name.upper())
        if item is None or (item in _STATUS_EXTENSIONS and not cursor.serves(_STATUS_EXTENSIONS[item])):
            raise Malformed(b"Invalid Status attributes " + name[:64].lower())
        items[item] = None
    return tuple(items)


def parse_status(cursor: Cursor) -> c.Status:
    """RFC 9051 §6.3.11."""
    cursor.space()
    mailbox = cursor.astring()
    cursor.space()
    items = parse_status_items(cursor)
    cursor.end()
    return c.Status(mailbox, items)


ENTRIES = {
    b"SELECT": Entry(b"Select", c.Select, parse_select),
    b"EXAMINE": Entry(b"Examine", c.Examine, parse_examine),
    b"CREATE": Entry(b"Create", c.Create, parse_create),
    b"DELETE": Entry(b"Delete", c.Delete, one_mailbox(c.Delete)),
    b"RENAME": Entry(b"Rename", c.Rename, parse_rename),
    b"SUBSCRIBE": Entry(b"Subscribe", c.Subscribe, one_mailbox(c.Subscribe)),
    b"UNSUBSCRIBE": Entry(b"Unsubscribe", c.Unsubscribe, one_mailbox(c.Unsubscribe)),
    b"STATUS": Entry(b"Status", c.Status, parse_status),
}
