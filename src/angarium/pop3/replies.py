"""Status indicators and their wording (RFC 1939 §3) with response codes (RFC 2449 §8, RFC 3206).

The texts are those of Cyrus where it has them, which clients and scripts of sites know.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from angarium.languages import Language
from angarium.operations.logins import Over
from angarium.pop3.events import Problem


class Code(StrEnum):
    """Why a command is refused, for programs."""

    AUTH = "AUTH"
    """It lies with the credentials (RFC 3206 §5)."""
    SYS_TEMP = "SYS/TEMP"
    """It lies with the server, and passes (RFC 3206 §4)."""
    SYS_PERM = "SYS/PERM"
    """It lies with the server, and somebody must do something (RFC 3206 §4)."""
    LOGIN_DELAY = "LOGIN-DELAY"
    """It is too soon after the last login (RFC 2449 §8.1.1)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply's first line."""

    is_ok: bool
    text: str = ""
    """In English; the words of other languages are found by it."""
    code: Code | None = None

    def serialize(self, language: Language | None = None) -> bytes:
        """The octets to send; without a language they are ASCII (RFC 6856 §3.2)."""
        # A text begins with no bracket, which would make a code of it (RFC 2449 §8).
        parts = [b"+OK" if self.is_ok else b"-ERR"]
        if self.code is not None:
            parts.append(b"[%b]" % self.code.encode())
        if self.text:
            text = self.text.encode("ascii", "replace")
            parts.append(text if language is None else language.translate(text))
        return b" ".join(parts) + b"\r\n"


def ok(text: str = "") -> Reply:
    """+OK."""
    return Reply(is_ok=True, text=text)


def error(text: str, code: Code | None = None) -> Reply:
    """-ERR."""
    return Reply(is_ok=False, text=text, code=code)


OK: Final = ok()
NAME_TAKEN: Final = ok("Name is a valid mailbox")
BEGIN_TLS: Final = ok("Begin TLS negotiation now")
UTF8_ON: Final = ok("UTF-8 is on")
DELETED: Final = ok("message deleted")
MESSAGE_FOLLOWS: Final = ok("Message follows")
CAPABILITIES_FOLLOW: Final = ok("List of capabilities follows")
MECHANISMS_FOLLOW: Final = ok("List of supported mechanisms follows")
SCAN_LISTING_FOLLOWS: Final = ok("scan listing follows")
UNIQUE_IDS_FOLLOW: Final = ok("unique-id listing follows")
LANGUAGES_FOLLOW: Final = ok("Language listing follows")
END_OF_LINES: Final = b".\r\n"

INVALID_LOGIN: Final = error("Invalid login", Code.AUTH)
PASS_MISSING: Final = error("Must give PASS command", Code.AUTH)
USER_MISSING: Final = error("Must give USER command", Code.AUTH)
USER_NEEDS_TLS: Final = error("USER command only available under a layer", Code.AUTH)
MECHANISM_NEEDS_TLS: Final = error("encryption needed to use mechanism", Code.AUTH)
NO_MECHANISM: Final = error("no mechanism available")
CANCELLED: Final = error("Client canceled authentication")
NOT_BASE64: Final = error("Invalid base64 in response")
TOO_SOON: Final = "Logins must be at least {minutes} minutes apart"
UNRECOGNIZED: Final = error("Unrecognized command")
NO_SUCH_MESSAGE: Final = error("No such message")
LANGUAGE_UNSUPPORTED: Final = error("Unsupported language")
LANGUAGE_INVALID: Final = error("Invalid language range")
UTF8_THEN_TLS: Final = error("STLS comes before UTF8")
TLS_ACTIVE: Final = error("TLS is active already")
OVER: Final = {
    Over.CREDENTIALS_CHANGED: error("Credentials have changed, please log in again", Code.AUTH),
    Over.EXPIRED: error("Credentials have expired, please log in again", Code.AUTH),
    Over.ACCESS_WITHDRAWN: error("Access has been withdrawn", Code.AUTH),
}
TOO_MANY_CONNECTIONS: Final = error("Too many connections", Code.SYS_TEMP)
NOT_ADMITTED: Final = error("Access denied", Code.SYS_PERM)
TOO_MANY_BAD_COMMANDS: Final = error("Too many bad commands")
TOO_MANY_COMMANDS: Final = error("Too many commands before login")
SHUTTING_DOWN: Final = error("Server shutting down", Code.SYS_TEMP)
SESSION_FAILED: Final = error("Internal error, connection closes", Code.SYS_TEMP)


def closed(text: str) -> Reply:
    """While there is a shutdown file, of which `text` is the first line."""
    return error(text, Code.SYS_TEMP)


PROBLEMS: Final[dict[Problem, Reply]] = {
    Problem.UNKNOWN: UNRECOGNIZED,
    Problem.HTTP: error("This is no web server"),
    Problem.LINE_TOO_LONG: error("Line too long"),
    Problem.ARGUMENT_MISSING: error("Missing argument"),
    Problem.ARGUMENT_EXTRA: error("Unexpected extra argument"),
    Problem.NOT_A_NUMBER: error("Not a number"),
    Problem.NOT_A_WORD: error("Invalid argument"),
}
