"""What is known of a script while it is checked."""

from collections.abc import Collection
from dataclasses import dataclass, field

from angarium.sieve.facts import Mistake
from angarium.sieve.limits import Limits
from angarium.sieve.position import Position
from angarium.sieve.script import MailboxReference, ScriptReference


class Wrong(Exception):
    """A test or a command cannot be used as it stands; the checker goes on behind it."""

    def __init__(self, position: Position, text: str) -> None:
        self.mistake = Mistake(position, text)


@dataclass(slots=True)
class Context:
    """Of one script."""

    name: str
    limits: Limits
    available: Collection[str]
    """Capabilities that a script may require here."""
    traced: bool
    requires: dict[str, None] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    hints: list[Mistake] = field(default_factory=list)
    mailboxes: list[MailboxReference] = field(default_factory=list)
    includes: list[ScriptReference] = field(default_factory=list)
    needs_body: bool = False
    loops: list[str] = field(default_factory=list)
    """Names of the blocks that are executed repeatedly around what is being checked, innermost last."""

    @property
    def defers(self) -> bool:
        """Whether capabilities are checked when a command is executed, and not before (RFC 5463 §4)."""
        return "ihave" in self.requires
