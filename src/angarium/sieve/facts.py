"""What a script can ask about the world outside the message, as values.

An interpreter knows nothing by itself: it yields a question, and is sent the answer. What it was told it does not ask
again in the same run. `None` between questions means that it has worked for some time, and that others may have a turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from angarium.sieve.filterstatus import FilterStatus
from angarium.sieve.position import Position


@dataclass(frozen=True, slots=True)
class MailboxExists:
    """Whether the user can deliver into a mailbox of this name (RFC 5490 §3.1). Answer: bool."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class MailboxIdExists:
    """The same of a mailbox with this MAILBOXID (RFC 9042 §3). Answer: bool."""

    mailbox_id: str


@dataclass(frozen=True, slots=True)
class SpecialUseExists:
    """Whether a mailbox has all these uses (RFC 8579 §3). Answer: bool."""

    mailbox: str | None
    """None: any of the user's."""
    uses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MetadataOf:
    """The value of an annotation (RFC 5490 §3.3, §3.5). Answer: str, or None where there is none."""

    mailbox: str | None
    """None: the server's."""
    entry: str


@dataclass(frozen=True, slots=True)
class SeenBefore:
    """Whether a message was tracked by this key and that has not expired (RFC 7352 §3). Answer: bool."""

    key: str


@dataclass(frozen=True, slots=True)
class ListKnown:
    """Whether there is an external list of this name (RFC 6134 §2.8). Answer: bool."""

    name: str


@dataclass(frozen=True, slots=True)
class ListHolds:
    """Whether an external list has a member that equals one of these (RFC 6134 §2.2). Answer: the member, or None."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IncludedScript:
    """A script to be included (RFC 6609 §3.2). Answer: a `Script` that was checked, or None where there is none; a
    ScriptInvalid where it cannot be used."""

    name: str
    is_global: bool


@dataclass(frozen=True, slots=True)
class NotifyMethodOnline:
    """What is known of who would be told (RFC 5435 §5: `notify_method_capability`). Answer: str."""

    method: str
    capability: str


Question = (
    MailboxExists
    | MailboxIdExists
    | SpecialUseExists
    | MetadataOf
    | SeenBefore
    | ListKnown
    | ListHolds
    | IncludedScript
    | NotifyMethodOnline
)


@dataclass(frozen=True, slots=True)
class LongWork:
    """Nothing is asked: what comes next may take longer than a loop can wait."""


Step = Question | LongWork | None
"""Where a run pauses: to ask, before it works for long, or so that others have their turn."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What SMTP said of the message."""

    from_: str
    """Without angle brackets; empty for the null reverse-path."""
    to: str
    """The recipient that this run is for, as it was given, subaddress and all."""
    auth: str = ""
    """Who the sender is authenticated as; empty for nobody."""
    dsn: Mapping[str, str] = field(default_factory=dict)
    """By `notify`, `ret`, `orcpt`, `envid` (RFC 6009 §2) and `bytimeabsolute`, `bytimerelative`, `bymode`, `bytrace`
    (RFC 6009 §3), those that were given."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a run happens in."""

    now: datetime
    """Aware, in the zone of the server."""
    items: Mapping[str, str] = field(default_factory=dict)
    """By name in lower case, as `domain`, `host`, `location`, `phase`, `name`, `version`, `remote-host`, `remote-ip`
    (RFC 5183 §4.1), `imap.user` and its like (RFC 6785 §4)."""
    initial_flags: tuple[str, ...] = ()
    """The message's own, where it is a message of a mailbox (RFC 6785 §3.9)."""
    spam_status: FilterStatus | None = None
    """Where spamtest finds its result; None: nothing was ever tested (RFC 5235)."""
    virus_status: FilterStatus | None = None
    """The same of virustest."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a script, and where."""

    position: Position
    text: str
    """One sentence without a full stop; says what was expected, and names the missing `require` where that is it."""

    def __str__(self) -> str:
        return f"{self.position}: {self.text}"


class ScriptInvalid(Exception):
    """A script that cannot be used; it has one mistake at the least."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = mistakes
