"""The commands of RFC 9208 §4.1."""

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed
from angarium.imap.dialect import Extension

from .entry import Entry
from .mailboxes import one_mailbox


def parse_setquota(cursor: Cursor) -> c.SetQuota:
    """RFC 9208 §4.1.3."""
    cursor.space()
    root = cursor.astring()
    cursor.space()
    try:
        limits = _parse_limits(cursor)
    except Malformed as error:
        if cursor.at_end():
            raise
        raise Malformed(b"Invalid quota list in Setquota") from error
    cursor.end()
    return c.SetQuota(root, limits)


def _parse_limits(cursor: Cursor) -> tuple[tuple[str, int], ...]:
    limits: dict[str, int] = {}
    for _ in cursor.elements(may_be_empty=True):
        resource = cursor.atom().upper().decode("ascii")
        cursor.space()
        limits[resource] = cursor.number64()
    return tuple(limits.items())


_QUOTA = frozenset({Extension.QUOTA})

ENTRIES = {
    b"GETQUOTA": Entry(b"Getquota", c.GetQuota, one_mailbox(c.GetQuota), _QUOTA),
    b"GETQUOTAROOT": Entry(b"Getquotaroot", c.GetQuotaRoot, one_mailbox(c.GetQuotaRoot), _QUOTA),
    b"SETQUOTA": Entry(b"Setquota", c.SetQuota, parse_setquota, frozenset({Extension.QUOTASET})),
}
