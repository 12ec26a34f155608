"""Searches of a session whose results the client is kept told of (RFC 5267 §4.3), by the tags of their commands."""

from dataclasses import dataclass
from typing import Final

from angarium.fetchitem import FetchItem
from angarium.operations.messages import SearchContext

CONTEXTS_MAX: Final = 16
"""In one session (RFC 5267 §4.3.1)."""
OCTETS_MAX: Final = 4 << 20
"""Of all of them together when one more is begun: a million UIDs, or fewer and what is searched for."""


@dataclass(frozen=True, slots=True)
class UpdatedSearch:
    """A search that goes on, and how its client is told."""

    context: SearchContext
    by_uid: bool
    names_mailbox: bool
    """As the answer to the command ESEARCH does (RFC 7377 §2.1)."""
    items: tuple[FetchItem, ...] = ()
    """What to fetch of new messages that it finds (RFC 5465 §7)."""


Contexts = dict[bytes, UpdatedSearch]


def has_room(contexts: Contexts, context: SearchContext) -> bool:
    """Whether one more can be kept."""
    kept = sum(each.context.octets for each in contexts.values())
    return len(contexts) < CONTEXTS_MAX and kept + context.octets <= OCTETS_MAX
