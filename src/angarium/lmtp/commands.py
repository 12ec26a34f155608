"""The commands of LMTP (RFC 2033 §4) as values."""

from dataclasses import dataclass, field
from enum import Enum


class Body(Enum):
    """What the sender says of the message's octets (RFC 6152 §3, RFC 3030 §3)."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT_MIME = "8BITMIME"
    """Taken as it comes, as is 7BIT."""
    BINARY_MIME = "BINARYMIME"
    """Has parts whose lines and octets are any; it comes by BDAT alone."""


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
    is_utf8: bool = False
    """SMTPUTF8 (RFC 6531 §3.4): the addresses and the header may be other than ASCII."""
    ret: str = ""
    """RET= (RFC 3461 §4.3): `FULL` or `HDRS`; empty where it was not given, as in the others that follow."""
    envid: str = ""
    """ENVID= (RFC 3461 §4.4), decoded."""
    deliver_by: str = ""
    """BY= (RFC 2852 §4), as `600;R`."""


@dataclass(frozen=True, slots=True)
class Rcpt:
    """Adds a recipient."""

    address: str
    """As it stands between the angle brackets, without a source route."""
    ignore_quota: bool = False
    """IGNOREQUOTA, which is Cyrus's: deliver to a full mailbox too."""
    notify: tuple[str, ...] = ()
    """NOTIFY= (RFC 3461 §4.1): `NEVER`, or some of `SUCCESS`, `FAILURE` and `DELAY`; empty where it was not given."""
    orcpt: str = ""
    """ORCPT= (RFC 3461 §4.2), decoded, as `rfc822;ann@example.org`; empty where it was not given."""
    flags: tuple[str, ...] = ()
    """XFLAGS=, of `deliver -F`: what the message is to be marked with."""
    suppress_duplicates: bool | None = None
    """XDUPLICATES=NO or YES, of `deliver -e`: whether a copy that is there already counts; None: as the site has it."""
    is_exact: bool = False
    """XEXACT, of `deliver -m` without users: the mailbox of the address and no other one."""

    @property
    def is_private(self) -> bool:
        """Whether it has a parameter that only programs of this machine may give."""
        return bool(self.flags) or self.suppress_duplicates is not None or self.is_exact


@dataclass(frozen=True, slots=True)
class Data:
    """The message is about to come."""


@dataclass(frozen=True, slots=True)
class Bdat:
    """A chunk of the message, whose octets follow in any case (RFC 3030 §2)."""

    size_octets: int
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class StartTls:
    """Wants the connection encrypted (RFC 3207 §4)."""


@dataclass(frozen=True, slots=True)
class Auth:
    """Says who it is (RFC 4954 §4)."""

    mechanism: str
    initial_response: bytes | None = field(default=None, repr=False)
    """In base64, or `=` for an empty one; None where it was not given."""


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


Command = Lhlo | StartTls | Auth | Mail | Rcpt | Data | Bdat | Rset | Noop | Help | Vrfy | Quit
