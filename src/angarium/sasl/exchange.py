"""What a server's side of a SASL mechanism answers to each message of the client (RFC 4422 §3).

A mechanism is a state machine that knows neither the protocol around it nor the credentials: it says what it needs
next, and the one who drives it looks that up. A mechanism that needs more than a password to be checked adds a kind of
outcome of its own here.
"""

import enum
from dataclasses import dataclass, field
from typing import Protocol

MAX_IDENTITY_OCTETS = 1024
"""Longest user name or password that is looked at; RFC 4616 §2 asks for 255 at least."""


class FailureReason(enum.Enum):
    """Why an exchange ended before any credential was checked; the value is for the log."""

    ABORTED = "the client cancelled"
    NOT_BASE64 = "the response is not base64"
    TOO_LONG = "the response, or a part of it, is too long"
    NOT_UTF8 = "the response is not UTF-8"
    NUL = "the response holds NUL where none may be"
    MALFORMED = "the response has not the parts that the mechanism has"
    EMPTY_AUTHCID = "the user name is empty"
    EMPTY_PASSWORD = "the password is empty"
    PROHIBITED = "the trace holds a character that it may not hold"


@dataclass(frozen=True, slots=True)
class Challenge:
    """The client is to be sent `data`, and its response is the next step."""

    data: bytes


@dataclass(frozen=True, slots=True)
class CredentialsWanted:
    """The exchange is over, and all depends on whether `password` is that of `authcid`, who may act for `authzid`.

    Both names and the password are as the client sent them, not yet prepared. `authzid` is None where the client left
    it to the server.
    """

    authcid: str
    password: str = field(repr=False)
    authzid: str | None = None


@dataclass(frozen=True, slots=True)
class AnonymousWanted:
    """The exchange is over: somebody wants to come in who does not say who she is.

    `trace` is what she leaves for the log, and proves nothing; empty where she leaves nothing.
    """

    trace: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The exchange is over without success."""

    reason: FailureReason


Outcome = Challenge | CredentialsWanted | AnonymousWanted | Failed


class ServerMechanism(Protocol):
    """One exchange. After an outcome that is not a Challenge it is over, and takes no further step."""

    def step(self, response: bytes | None) -> Outcome:
        """Takes the client's response; None in the first step says that there was no initial response."""
        ...


def decode_text(data: bytes) -> str | Failed:
    """The text of a name or a password; both hold no NUL (RFC 4616 §2)."""
    if len(data) > MAX_IDENTITY_OCTETS:
        return Failed(FailureReason.TOO_LONG)
    if b"\x00" in data:
        return Failed(FailureReason.NUL)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return Failed(FailureReason.NOT_UTF8)
