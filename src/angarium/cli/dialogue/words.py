"""What logins are made of in every protocol, and how each protocol says it."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from angarium.cli.dialogue.programlines import LineReader
from angarium.cli.dialogue.wire import Wire
from angarium.errors import ClientExchangeFailed

CAPABILITY_LINES_MAX: Final = 1000
"""Lines of one answer before a login."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server announces."""

    mechanisms: tuple[str, ...] = ()
    """Of SASL, in capitals."""
    starttls: bool = False
    initial_response: bool = True
    """Whether a mechanism's first message may go with the command."""
    unavailable: Mapping[str, str] = field(default_factory=dict)
    """What a server says of commands that it does not take a login by."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """The server asks on."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The server has decided."""

    is_success: bool
    text: str
    final: bytes | None = field(default=None, repr=False)
    """What came along with success (RFC 4422 §3.6)."""


class LoginWords(Protocol):
    """A protocol, spoken over a wire. All methods may raise ServerUnavailable."""

    service: str
    """As SASL names the protocol."""
    farewell: bytes
    """The command that ends a session."""
    commands: frozenset[str]
    """Names of logins without SASL, for `log_in`."""
    program_reader: type[LineReader] | None
    """For what a program says that the session is lent to; None: its end is that of the session."""

    def greet(self) -> Offer:
        """Take the server's greeting, and ask for what it does not say."""

    def request_tls(self) -> bool:
        """Whether the server is ready for TLS."""

    def renew(self) -> Offer:
        """The offer under TLS."""

    def authenticate(self, mechanism: str, initial: bytes | None) -> Challenge | Outcome:
        """Begin an exchange, with the mechanism's first message. ClientExchangeFailed."""

    def respond(self, response: bytes) -> Challenge | Outcome:
        """Answer a challenge. ClientExchangeFailed."""

    def cancel(self) -> None:
        """End an exchange where the server waits for a response."""

    def log_in(self, command: str, name: str, password: str) -> Outcome:
        """Log in by a command of the protocol itself. ClientExchangeFailed where it cannot be used."""


def encode_response(data: bytes) -> bytes:
    """Base64, as all protocols have it."""
    return base64.b64encode(data)


def encode_initial(data: bytes) -> bytes:
    """The same beside a command of a protocol by lines, where an empty one is `=`."""
    return base64.b64encode(data) or b"="


def decode_challenge(text: bytes) -> bytes:
    """ClientExchangeFailed for what is not base64."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error as error:
        raise ClientExchangeFailed("the server's challenge is not base64") from error


def begin_auth(
    wire: Wire,
    mechanism: str,
    initial: bytes | None,
    *,
    command_octets_max: int,
    turn: Callable[[], Challenge | Outcome],
) -> Challenge | Outcome:
    """The command AUTH of POP3 and of SMTP's kin; `turn` hears what the server says to it."""
    command = b"AUTH " + mechanism.encode()
    line = command if initial is None else command + b" " + encode_initial(initial)
    if initial is None or len(line) + 2 <= command_octets_max:
        wire.send_line(line)
        return turn()
    # RFC 5034 §4, RFC 4954 §4: what is too long for a command answers an empty challenge.
    wire.send_line(command)
    answer = turn()
    if isinstance(answer, Challenge):
        wire.send_line(encode_response(initial))
        answer = turn()
    return answer


def fit_for_line(text: str) -> bytes:
    """A word of a command; ClientExchangeFailed where it would end the line, or is no text."""
    if not text.isprintable():
        raise ClientExchangeFailed("a name or the password cannot be sent so")
    return text.encode()
