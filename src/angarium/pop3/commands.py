"""The commands of POP3 (RFC 1939, RFC 2449, RFC 2595, RFC 5034, RFC 6856) as values."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class User:
    """Who wants to log in by a password."""

    name: bytes


@dataclass(frozen=True, slots=True)
class Pass:
    """Her password."""

    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Apop:
    """Who wants to log in by a digest of the greeting's challenge and her password (RFC 1939 §7)."""

    name: bytes
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Auth:
    """Begins an exchange of SASL (RFC 5034 §4)."""

    mechanism: str
    """Empty: the client asks which there are."""
    initial_response: bytes | None = field(default=None, repr=False)
    """In base64; `=` is an empty one, None is none."""


@dataclass(frozen=True, slots=True)
class Stls:
    """Wants the connection encrypted (RFC 2595 §4)."""


@dataclass(frozen=True, slots=True)
class Capa:
    """Asks what the server can do (RFC 2449 §5)."""


@dataclass(frozen=True, slots=True)
class Utf8:
    """Says that the client knows UTF-8 (RFC 6856 §2.1)."""


@dataclass(frozen=True, slots=True)
class Lang:
    """Chooses the language of texts, or asks which there are (RFC 6856 §3)."""

    tag: str = ""
    """A language range; empty: which there are."""


@dataclass(frozen=True, slots=True)
class Stat:
    """Asks how many messages there are, and how large they are together."""


@dataclass(frozen=True, slots=True)
class List:
    """Asks for the size of a message, or of all."""

    number: int | None = None


@dataclass(frozen=True, slots=True)
class Uidl:
    """Asks for the lasting name of a message, or of all."""

    number: int | None = None


@dataclass(frozen=True, slots=True)
class Retr:
    """Wants a message."""

    number: int


@dataclass(frozen=True, slots=True)
class Top:
    """Wants a message's header, and so many lines of its body."""

    number: int
    lines: int


@dataclass(frozen=True, slots=True)
class Dele:
    """Has a message deleted when the session ends."""

    number: int


@dataclass(frozen=True, slots=True)
class Rset:
    """Has nothing deleted after all."""


@dataclass(frozen=True, slots=True)
class Noop:
    """Wants an answer."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Ends the session; what was deleted goes now."""


Command = (
    User | Pass | Apop | Auth | Stls | Capa | Utf8 | Lang | Stat | List | Uidl | Retr | Top | Dele | Rset | Noop | Quit
)
CommandType = type[Command]
