"""Commands about the session itself (RFC 9051 §6.1, §6.2, §6.3.1) and its language."""

from dataclasses import dataclass, field

# Any state (RFC 9051 §6.1)


@dataclass(frozen=True, slots=True)
class Capability:
    """RFC 9051 §6.1.1."""


@dataclass(frozen=True, slots=True)
class Noop:
    """RFC 9051 §6.1.2."""


@dataclass(frozen=True, slots=True)
class Logout:
    """RFC 9051 §6.1.3."""


@dataclass(frozen=True, slots=True)
class Id:
    """RFC 2971: what the client says of itself, in its order; () for NIL. Only for logs."""

    parameters: tuple[tuple[bytes, bytes | None], ...]


# Not authenticated (RFC 9051 §6.2)


@dataclass(frozen=True, slots=True)
class StartTls:
    """RFC 9051 §6.2.1. The session calls `ImapParser.drop_buffered` before the handshake."""


@dataclass(frozen=True, slots=True)
class Authenticate:
    """RFC 9051 §6.2.2; `mechanism` in upper case.

    `initial_response` (SASL-IR, RFC 4959) is as sent: base64, or `=` for an empty one; None if there was none.
    """

    mechanism: str
    initial_response: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """RFC 9051 §6.2.3."""

    user: bytes
    password: bytes = field(repr=False)


# Authenticated


@dataclass(frozen=True, slots=True)
class Enable:
    """RFC 9051 §6.3.1; names in upper case, in the client's order, unknown ones included."""

    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Namespace:
    """RFC 9051 §6.3.10."""


@dataclass(frozen=True, slots=True)
class Idle:
    """RFC 9051 §6.3.13. The session calls `ImapParser.expect_line` when it has sent the continuation."""


@dataclass(frozen=True, slots=True)
class Compress:
    """RFC 4978 §3; `algorithm` in upper case, whatever it is. Octets that follow the command are compressed."""

    algorithm: str


@dataclass(frozen=True, slots=True)
class Unauthenticate:
    """RFC 8437 §3."""


@dataclass(frozen=True, slots=True)
class Language:
    """RFC 5255 §3.2: language ranges, the best first; () asks for what there is."""

    ranges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparator:
    """RFC 5255 §4.7: collation orders, which may hold `*`, the best first; () asks for the active one."""

    orders: tuple[str, ...]
