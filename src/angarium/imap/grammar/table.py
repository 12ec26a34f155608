"""The one table from a command's name to its grammar: an extension adds a module and a line here.

APPEND is not in it: the parser begins it before its last argument has come (`append.py`).
"""

from typing import Final

from . import acl, fetch, listing, mailboxes, messages, quota, search, session
from .entry import Entry

COMMANDS: Final[dict[bytes, Entry]] = {
    **session.ENTRIES,
    **mailboxes.ENTRIES,
    **listing.ENTRIES,
    **messages.ENTRIES,
    **fetch.ENTRIES,
    **search.ENTRIES,
    **acl.ENTRIES,
    **quota.ENTRIES,
}

UID_COMMANDS: Final[dict[bytes, Entry]] = {
    **messages.UID_ENTRIES,
    **fetch.UID_ENTRIES,
    **search.UID_ENTRIES,
}
"""What may follow UID (RFC 9051 §6.4.9)."""
