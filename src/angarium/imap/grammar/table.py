"""The one table from a command's name to its grammar: an extension adds a module and a line here.

A command of an extension that is not served is in it and is refused all the same (`entry.is_served`).
"""

from typing import Final

from . import (
    acl,
    append,
    context,
    fetch,
    listing,
    mailboxes,
    messages,
    metadata,
    notify,
    quota,
    search,
    session,
    sort,
    thread,
)
from .entry import AppendEntry, Entry

COMMANDS: Final[dict[bytes, Entry | AppendEntry]] = {
    **session.ENTRIES,
    **mailboxes.ENTRIES,
    **listing.ENTRIES,
    **append.ENTRIES,
    **messages.ENTRIES,
    **fetch.ENTRIES,
    **search.ENTRIES,
    **sort.ENTRIES,
    **thread.ENTRIES,
    **context.ENTRIES,
    **notify.ENTRIES,
    **acl.ENTRIES,
    **quota.ENTRIES,
    **metadata.ENTRIES,
}

UID_COMMANDS: Final[dict[bytes, Entry | AppendEntry]] = {
    **append.UID_ENTRIES,
    **messages.UID_ENTRIES,
    **fetch.UID_ENTRIES,
    **search.UID_ENTRIES,
    **sort.UID_ENTRIES,
    **thread.UID_ENTRIES,
}
"""What may follow UID (RFC 9051 §6.4.9)."""
