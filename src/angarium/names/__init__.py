"""Mailbox names and user ids: the internal form, what each actor sees of it, spellings on the wire, LIST patterns."""

from angarium.names import modutf7
from angarium.names.entrypattern import EntryPattern, is_entry_pattern
from angarium.names.listpattern import ListPattern
from angarium.names.mailboxname import KEY_SEPARATOR, AccountPath, DeletedName, MailboxName
from angarium.names.namespace import Namespace, Namespaces, SortKey
from angarium.names.rules import MAX_INTERNAL_OCTETS, nfc
from angarium.names.settings import NameSettings, VirtDomains
from angarium.names.userid import UserId, parse_userid

__all__ = [
    "KEY_SEPARATOR",
    "MAX_INTERNAL_OCTETS",
    "AccountPath",
    "DeletedName",
    "EntryPattern",
    "ListPattern",
    "MailboxName",
    "NameSettings",
    "Namespace",
    "Namespaces",
    "SortKey",
    "UserId",
    "VirtDomains",
    "is_entry_pattern",
    "modutf7",
    "nfc",
    "parse_userid",
]
