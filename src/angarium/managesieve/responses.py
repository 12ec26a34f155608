"""Responses and their octets (RFC 5804 §1.2, §1.3, §4), in the words of Cyrus where it has some."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from angarium.operations.logins import Over

_QUOTED_OCTETS: Final = 1024
"""RFC 5804 §4: the longest quoted string."""


class Condition(StrEnum):
    """How a command has ended; BYE ends the session too."""

    OK = "OK"
    NO = "NO"
    BYE = "BYE"


class ResponseCode(StrEnum):
    """RFC 5804 §1.3; those with arguments are made by functions below."""

    ENCRYPT_NEEDED = "ENCRYPT-NEEDED"
    QUOTA_MAXSCRIPTS = "QUOTA/MAXSCRIPTS"
    QUOTA_MAXSIZE = "QUOTA/MAXSIZE"
    QUOTA = "QUOTA"
    TRYLATER = "TRYLATER"
    ACTIVE = "ACTIVE"
    NONEXISTENT = "NONEXISTENT"
    ALREADYEXISTS = "ALREADYEXISTS"
    WARNINGS = "WARNINGS"


@dataclass(frozen=True, slots=True)
class Response:
    """The last line of an answer."""

    condition: Condition
    text: str = ""
    code: ResponseCode | bytes | None = None
    is_literal: bool = False
    """Whether the text is a literal however short it is, as what is told of a script's lines is."""

    def serialize(self) -> bytes:
        """The octets."""
        words = [self.condition.value.encode()]
        if self.code is not None:
            words.append(b"(" + (self.code if isinstance(self.code, bytes) else self.code.value.encode()) + b")")
        if self.text:
            text = self.text.encode("utf-8", "replace")
            words.append(serialize_literal(text) if self.is_literal else serialize_string(text))
        return b" ".join(words) + b"\r\n"


def serialize_string(octets: bytes) -> bytes:
    """Quoted where it may be."""
    if len(octets) > _QUOTED_OCTETS or any(special in octets for special in (b"\r", b"\n", b"\0")):
        return serialize_literal(octets)
    return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def serialize_literal(octets: bytes) -> bytes:
    """The form that takes all octets."""
    return b"{%d}\r\n" % len(octets) + octets


def serialize_line(*strings: bytes, atom: bytes = b"") -> bytes:
    """A line of data: strings, and perhaps an atom."""
    words = [serialize_string(each) for each in strings]
    if atom:
        words.append(atom)
    return b" ".join(words) + b"\r\n"


def code_sasl(final: bytes) -> bytes:
    """The data of a mechanism that goes with success, in base64 (RFC 5804 §1.3)."""
    return b"SASL " + serialize_string(final)


def code_tag(tag: bytes) -> bytes:
    """The tag of NOOP."""
    return b"TAG " + serialize_string(tag)


OK: Final = Response(Condition.OK)
NOOP_DONE: Final = Response(Condition.OK, "Done")
LOGGED_OUT: Final = Response(Condition.OK, "Logout Complete")
BEGIN_TLS: Final = Response(Condition.OK, "Begin TLS negotiation now")

NOT_A_COMMAND: Final = Response(Condition.NO, "Expected a command. Got something else.")
AUTHENTICATE_FIRST: Final = Response(Condition.NO, "Authenticate first")
ALREADY_AUTHENTICATED: Final = Response(Condition.NO, "Already authenticated")
TLS_TOO_LATE: Final = Response(Condition.NO, "Can't STARTTLS after AUTHENTICATE")
TLS_ACTIVE: Final = Response(Condition.NO, "TLS is active already")
TLS_UNAVAILABLE: Final = Response(Condition.NO, "TLS is not available")
AUTHENTICATION_ERROR: Final = Response(Condition.NO, "Authentication Error")
ENCRYPTION_NEEDED: Final = Response(
    Condition.NO, "Encryption needed to use mechanism", code=ResponseCode.ENCRYPT_NEEDED
)
NAME_INVALID: Final = Response(Condition.NO, "Invalid script name")
SCRIPT_EMPTY: Final = Response(Condition.NO, "A script is not empty")
SCRIPT_TOO_LARGE_TO_CHECK: Final = Response(Condition.NO, "Script is too large to be checked")
IN_HOME_DIRECTORIES: Final = Response(Condition.NO, "Scripts are files in home directories here")
INTERNAL_ERROR: Final = Response(Condition.NO, "Internal error", code=ResponseCode.TRYLATER)

TOO_MANY_CONNECTIONS: Final = Response(Condition.BYE, "Too many connections", code=ResponseCode.TRYLATER)
TOO_MANY_COMMANDS: Final = Response(Condition.BYE, "Too many commands before login")
TIMED_OUT: Final = Response(Condition.BYE, "Autologout; idle for too long")
SHUTTING_DOWN: Final = Response(Condition.BYE, "Server shutting down", code=ResponseCode.TRYLATER)
SESSION_FAILED: Final = Response(Condition.BYE, "Internal error", code=ResponseCode.TRYLATER)
OVER: Final = {
    Over.CREDENTIALS_CHANGED: Response(Condition.BYE, "Credentials have changed, please log in again"),
    Over.EXPIRED: Response(Condition.BYE, "Credentials have expired, please log in again"),
    Over.ACCESS_WITHDRAWN: Response(Condition.BYE, "Access has been withdrawn"),
}
NO_WEB_SERVER: Final = Response(Condition.BYE, "This is no web server")


def closed(text: str) -> Response:
    """The end of every session while there is a shutdown file, of which `text` is the first line."""
    return Response(Condition.BYE, text, code=ResponseCode.TRYLATER)


def too_large(octets_max: int) -> Response:
    """A script beyond `sieve_maxscriptsize`."""
    text = f"Script size is too large. Max script size is {octets_max} bytes"
    return Response(Condition.NO, text, code=ResponseCode.QUOTA_MAXSIZE)


def too_many(scripts_max: int) -> Response:
    """A script beyond `sieve_maxscripts`."""
    text = f"You are only allowed {scripts_max} scripts on this server"
    return Response(Condition.NO, text, code=ResponseCode.QUOTA_MAXSCRIPTS)
