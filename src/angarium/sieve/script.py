"""A script that was read and checked: immutable, and good for any number of runs."""

from dataclasses import dataclass

from angarium.sieve.facts import Mistake
from angarium.sieve.position import Position
from angarium.sieve.run import Block


@dataclass(frozen=True, slots=True)
class MailboxReference:
    """A mailbox that a script files into, named by a constant."""

    position: Position
    mailbox: str
    creates: bool
    """The script asks for it to be created where it is missing (RFC 5490 §3.2)."""


@dataclass(frozen=True, slots=True)
class ScriptReference:
    """A script that another one includes by a constant name (RFC 6609 §3.2)."""

    position: Position
    name: str
    is_global: bool


@dataclass(frozen=True, slots=True)
class Script:
    """What `parse_script` gives."""

    name: str
    """As it was given; actions carry it as their origin."""
    requires: tuple[str, ...]
    """All capabilities that it requires, in its order, each once."""
    block: Block
    mailboxes: tuple[MailboxReference, ...]
    """In the order in which they stand in the script."""
    includes: tuple[ScriptReference, ...]
    needs_body: bool
    """Whether a test or command may look below the header of the message."""
    hints: tuple[Mistake, ...]
    """What is no mistake by the standard, and yet hardly meant."""
