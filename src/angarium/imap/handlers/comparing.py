"""COMPARATOR: by which collation SEARCH, SORT and THREAD compare texts (RFC 5255 §4.7)."""

from typing import Final

from angarium.collation import COLLATIONS, ComparatorInvalid, select_comparator
from angarium.imap import commands as c
from angarium.imap.errors import Answer
from angarium.imap.responses import Condition
from angarium.imap.serializer import serialize_comparator
from angarium.imap.session import COMPLETED, CommandFailed, Completion, ImapSession

_OFFERED: Final = tuple(collation for collation in COLLATIONS if collation.has_substring)
"""All that can search as well as sort: a server with SORT must offer no others (RFC 5255 §4.4), and so not
`i;ascii-numeric`, which has no substring operation (RFC 4790 §9.1)."""


async def comparator(session: ImapSession, command: c.Comparator) -> Completion:
    """COMPARATOR."""
    matching: tuple[str, ...] = ()
    if command.orders:
        try:
            selection = select_comparator(command.orders, installed=_OFFERED)
        except ComparatorInvalid as error:
            raise CommandFailed(Answer(b"Invalid comparator", condition=Condition.BAD)) from error
        if selection is None:
            raise CommandFailed(Answer(b"No matching comparator", b"BADCOMPARATOR"))
        session.comparator = selection.active
        matching = tuple(collation.name for collation in selection.matching)
    session.output.write(serialize_comparator(session.comparator.name, matching if len(matching) > 1 else ()))
    return COMPLETED
