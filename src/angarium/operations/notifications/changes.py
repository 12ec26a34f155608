"""What a client is told of mailboxes that it has not selected, as values (RFC 5465 §5)."""

from dataclasses import dataclass

from angarium.operations.mailboxes import Status

from .events import Event


@dataclass(frozen=True, slots=True)
class NameChange:
    """A name that came, went, or means something else than before (RFC 5465 §5.4, §5.5, §5.9)."""

    external: str
    exists: bool = True
    """False: no mailbox that the actor may know of."""
    is_readable: bool = True
    """Of one that exists."""
    has_children: bool | None = None
    """None where it is not to be told."""
    is_subscribed: bool = False
    special_use: str = ""
    old: str | None = None
    """What the mailbox was called before."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A mailbox in which something happened, or that is told of for the first time (RFC 5465 §3.1, §5.1 to §5.3)."""

    external: str
    status: Status
    events: Event
    """What happened, of what is wanted."""
    tells_unseen: bool
    """Whether the number of unseen messages is another one than was told."""


@dataclass(frozen=True, slots=True)
class MetadataChange:
    """Annotations that were set or taken away (RFC 5465 §5.6, §5.7), by their names as METADATA has them."""

    external: str
    """Empty for the server."""
    entries: tuple[str, ...]


Change = NameChange | StatusChange | MetadataChange
