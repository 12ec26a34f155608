"""The commands of RFC 4314 §3."""

from collections.abc import Callable

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor
from angarium.imap.dialect import Extension

from .entry import Entry
from .mailboxes import one_mailbox

_MODES = {mode.value: mode for mode in (c.RightsMode.ADD, c.RightsMode.REMOVE)}


def _mailbox_and_identifier(make: Callable[[bytes, bytes], c.Command]) -> Callable[[Cursor], c.Command]:
    def parse(cursor: Cursor) -> c.Command:
        cursor.space()
        mailbox = cursor.astring()
        cursor.space()
        identifier = cursor.astring()
        cursor.end()
        return make(mailbox, identifier)

    return parse


def parse_setacl(cursor: Cursor) -> c.SetAcl:
    """RFC 4314 §3.1."""
    cursor.space()
    mailbox = cursor.astring()
    cursor.space()
    identifier = cursor.astring()
    cursor.space()
    rights = cursor.astring()
    cursor.end()
    mode = _MODES.get(rights[:1])
    if mode is None:
        return c.SetAcl(mailbox, identifier, c.RightsMode.REPLACE, rights)
    return c.SetAcl(mailbox, identifier, mode, rights[1:])


_ACL = frozenset({Extension.ACL})

ENTRIES = {
    b"GETACL": Entry(b"Getacl", c.GetAcl, one_mailbox(c.GetAcl), _ACL),
    b"SETACL": Entry(b"Setacl", c.SetAcl, parse_setacl, _ACL),
    b"DELETEACL": Entry(b"Deleteacl", c.DeleteAcl, _mailbox_and_identifier(c.DeleteAcl), _ACL),
    b"LISTRIGHTS": Entry(b"Listrights", c.ListRights, _mailbox_and_identifier(c.ListRights), _ACL),
    b"MYRIGHTS": Entry(b"Myrights", c.MyRights, one_mailbox(c.MyRights), _ACL),
}
