"""Commands on mailboxes as a whole (RFC 9051 §6.3.2 to §6.3.8, §6.3.11), LIST left out."""

from collections.abc import Callable

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed

from .entry import Entry

_STATUS_ITEMS = {item.value: item for item in c.StatusItem}


def _parse_selecting(cursor: Cursor) -> tuple[bytes, bool]:
    """Arguments of SELECT and EXAMINE: the mailbox, and whether CONDSTORE was asked for."""
    cursor.space()
    mailbox = cursor.astring()
    condstore = False
    if cursor.take(b" "):
        for _ in cursor.elements():
            parameter = cursor.atom()
            if parameter.upper() != b"CONDSTORE":
                raise Malformed(b"Invalid " + cursor.name + b" modifier " + parameter[:64])
            condstore = True
    cursor.end()
    return mailbox, condstore


def parse_select(cursor: Cursor) -> c.Select:
    """RFC 9051 §6.3.2."""
    return c.Select(*_parse_selecting(cursor))


def parse_examine(cursor: Cursor) -> c.Examine:
    """RFC 9051 §6.3.3."""
    return c.Examine(*_parse_selecting(cursor))


def parse_create(cursor: Cursor) -> c.Create:
    """RFC 9051 §6.3.4."""
    cursor.space()
    mailbox = cursor.astring()
    partition = cursor.astring() if cursor.take(b" ") else None
    cursor.end()
    return c.Create(mailbox, partition)


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
        if item is None:
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
