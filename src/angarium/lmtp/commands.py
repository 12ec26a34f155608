"""The commands of LMTP (RFC 2033 §4) as values."""

from dataclasses import dataclass
from enum import Enum


class Body(Enum):
    """What the sender says of the message's octets (RFC 6152 §3); both are taken as they come."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT_MIME = "8BITMIME"


@dataclass(frozen=True, slots=True)
class Lhlo:
    """The client names itself."""

    client_name: str


@dataclass(frozen=True, slots=True)
class Mail:
    """Begins a transaction."""

    return_path: str
    """As it stands between the angle brackets, without a source route; empty for the null path."""
    size_octets: int = 0
    """As the client announced it (RFC 1870 §5); 0 where it did not."""
    body: Body | None = None
    submitter: str = ""
    """AUTH= (RFC 4954 §5): who handed the message in, as far as the client knows; empty where it does not."""


@dataclass(frozen=True, slots=True)
class Rcpt:
    """Adds a recipient."""

    address: str
    """As it stands between the angle brackets, without a source route."""
    ignore_quota: bool = False
    """IGNOREQUOTA, which is Cyrus's: deliver to a full mailbox too."""


@dataclass(frozen=True, slots=True)
class Data:
    """The message is about to come."""


@dataclass(frozen=True, slots=True)
class Rset:
    """Gives the transaction up."""


@dataclass(frozen=True, slots=True)
class Noop:
    """Wants an answer."""


@dataclass(frozen=True, slots=True)
class Help:
    """Wants a hint."""


@dataclass(frozen=True, slots=True)
class Vrfy:
    """Asks whether an address exists, which RCPT alone tells."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Ends the session."""


Command = Lhlo | Mail | Rcpt | Data | Rset | Noop | Help | Vrfy | Quit
