"""How mail leaves: what a transport is given, and what it says of each recipient."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from angarium.engine.interface import MessageFile


class TransportUnavailable(Exception):
    """Nothing could be sent, and another mail could not be either: `str()` says why."""


class Outcome(enum.Enum):
    """What became of a mail for one recipient."""

    SENT = "sent"
    LATER = "later"
    """Another attempt may succeed."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of a recipient."""

    outcome: Outcome
    text: str = ""
    """One line."""
    status: str = ""
    """RFC 3463; empty where nobody told."""
    remote: str = ""
    """The server that said so; empty for a program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail as it is handed to a transport."""

    sender: str
    recipients: tuple[str, ...]
    head: bytes
    file: MessageFile | None
    """What follows the head, from `offset` on; whoever made the letter closes it."""
    offset: int
    size_octets: int
    parameters: Mapping[str, str]
    userid: str
    """On whose behalf it is sent."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What an attempt gave."""

    answers: Mapping[str, Answer]
    """For each recipient."""
    deliver_by_lost: bool = False
    """A time of delivery was asked for, and the server knows none (RFC 2852 §4.1.4)."""


class Transport(Protocol):
    """Sends a letter at a time, several at once."""

    async def send(self, letter: Letter) -> Sending:
        """Ends within a bounded time. TransportUnavailable; other errors are those of the store."""

    def close(self) -> None:
        """Break off what is under way."""
