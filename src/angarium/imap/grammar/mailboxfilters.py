"""`filter-mailboxes` of NOTIFY (RFC 5465 §8) and ESEARCH (RFC 7377 §4)."""

from typing import Final

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed

_KINDS: Final = {kind.value: kind for kind in c.FilterKind}
_TAKE_NAMES: Final = frozenset({c.FilterKind.SUBTREE, c.FilterKind.SUBTREE_ONE, c.FilterKind.MAILBOXES})


def parse_filter(cursor: Cursor, but_not: c.FilterKind) -> c.MailboxFilter:
    """One filter; `but_not` is the one that the command lacks."""
    name = cursor.atom()
    kind = _KINDS.get(name.upper())
    if kind is None or kind is but_not:
        raise Malformed(b"Invalid mailbox filter " + name[:64])
    if kind not in _TAKE_NAMES:
        return c.MailboxFilter(kind)
    cursor.space()
    if cursor.next_octet() == b"(":
        return c.MailboxFilter(kind, tuple([cursor.astring() for _ in cursor.elements()]))
    return c.MailboxFilter(kind, (cursor.astring(),))
