"""Replies and their wording (RFC 5321 §4.2) with enhanced status codes (RFC 3463) in each line (RFC 2034 §4).

The texts are those of Cyrus, which log readers and filters of sites know.
"""

from dataclasses import dataclass
from typing import Final

from angarium.lmtp.grammar import Problem
from angarium.operations.logins import Over


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply."""

    code: int
    enhanced: str
    """As `5.1.1`; empty for replies that have none: greetings and 354."""
    lines: tuple[str, ...]
    names_session: bool = False
    """Whether the session id stands at the end, for those who look for the session in our log."""

    def serialize(self, session: str) -> bytes:
        """The octets to send in a session."""
        texts = [f"{self.enhanced} {line}" if self.enhanced else line for line in self.lines]
        if self.names_session:
            texts[-1] = f"{texts[-1]} SESSIONID=<{session}>"
        separators = ["-"] * (len(texts) - 1) + [" "]
        reply = "".join(
            [f"{self.code}{separator}{text}\r\n" for separator, text in zip(separators, texts, strict=True)]
        )
        # Other texts than ASCII may be sent to nobody who has not asked for them (RFC 6531 §3.7.4.2).
        return reply.encode("ascii", "replace")


NOOP_OK: Final = Reply(250, "2.0.0", ("ok",))
RSET_OK: Final = Reply(250, "2.0.0", ("Ok",), names_session=True)
MAIL_OK: Final = Reply(250, "2.1.0", ("ok",))
RCPT_OK: Final = Reply(250, "2.1.5", ("ok",))
DELIVERED: Final = Reply(250, "2.1.5", ("Success",), names_session=True)
VRFY_UNCERTAIN: Final = Reply(252, "2.3.3", ("try RCPT to attempt delivery",))
HELP_TEXT: Final = Reply(214, "2.0.0", ("LHLO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT",))
QUIT_OK: Final = Reply(221, "2.0.0", ("bye",))
GO_AHEAD: Final = Reply(354, "", ("go ahead",))
CHUNK_OK: Final = Reply(250, "2.0.0", ("ok",))
BEGIN_TLS: Final = Reply(220, "2.0.0", ("Begin TLS negotiation now",))


def challenge(data: bytes) -> Reply:
    """A step of an exchange, in base64 (RFC 4954 §4)."""
    return Reply(334, "", (data.decode("ascii"),))


def closed(text: str) -> Reply:
    """The answer to everything while there is a shutdown file, of which `text` is the first line."""
    return Reply(421, "4.3.2", (text,))


SHUTTING_DOWN: Final = Reply(421, "4.3.2", ("System going down",))
TOO_MANY_CONNECTIONS: Final = Reply(421, "4.3.2", ("Too many connections",))
TIMED_OUT: Final = Reply(421, "4.4.2", ("Idle for too long",))
TOO_MANY_COMMANDS: Final = Reply(421, "4.7.0", ("Too many commands",))
SESSION_FAILED: Final = Reply(421, "4.3.0", ("Internal error",))

NOT_GREETED: Final = Reply(503, "5.5.1", ("Need LHLO command",))
NESTED_MAIL: Final = Reply(503, "5.5.1", ("Nested MAIL command",))
NO_TRANSACTION: Final = Reply(503, "5.5.1", ("Need MAIL command",))
NO_RECIPIENTS: Final = Reply(503, "5.5.1", ("No recipients",))
MESSAGE_BEGUN: Final = Reply(503, "5.5.1", ("The message has begun",))
MESSAGE_REFUSED: Final = Reply(503, "5.5.1", ("The message was refused, RSET it",))
BDAT_NEEDED: Final = Reply(503, "5.5.1", ("BINARYMIME needs BDAT",))
TLS_ACTIVE: Final = Reply(503, "5.5.1", ("Already successfully executed STARTTLS",))
AUTHENTICATION_REQUIRED: Final = Reply(530, "5.7.0", ("Authentication required",))
AUTHENTICATION_REQUIRED_FOR_NOW: Final = Reply(430, "4.7.0", ("Authentication required",))
"""With `soft_noauth`."""
AUTHENTICATED: Final = Reply(235, "2.7.0", ("Authenticated!",))
ALREADY_AUTHENTICATED: Final = Reply(503, "5.5.1", ("already authenticated",))
AUTH_IN_TRANSACTION: Final = Reply(503, "5.5.1", ("not permitted during a mail transaction",))
MECHANISM_UNKNOWN: Final = Reply(504, "5.5.4", ("Unrecognized authentication type.",))
ENCRYPTION_NEEDED: Final = Reply(538, "5.7.11", ("encryption needed to use mechanism",))
AUTHENTICATION_CANCELLED: Final = Reply(501, "5.7.0", ("Client canceled authentication",))
NOT_BASE64: Final = Reply(501, "5.5.2", ("bad base64 in response",))
EXCHANGE_LINE_TOO_LONG: Final = Reply(500, "5.5.6", ("Authentication Exchange line is too long",))
AUTHENTICATION_FAILED: Final = Reply(535, "5.7.8", ("authentication failure",))
AUTHENTICATION_UNAVAILABLE: Final = Reply(454, "4.7.0", ("authentication is not available now",))
TOO_MANY_RECIPIENTS: Final = Reply(452, "4.5.3", ("Too many recipients",))
OVER: Final = {
    Over.CREDENTIALS_CHANGED: Reply(421, "4.7.0", ("Credentials have changed, please log in again",)),
    Over.EXPIRED: Reply(421, "4.7.0", ("Credentials have expired, please log in again",)),
    Over.ACCESS_WITHDRAWN: Reply(421, "4.7.0", ("Access has been withdrawn",)),
}
NOT_ASCII: Final = Reply(553, "5.6.7", ("Non-ASCII addresses need SMTPUTF8",))
NOT_PERMITTED: Final = Reply(550, "5.7.1", ("Permission denied",))
TOO_LARGE: Final = Reply(552, "5.3.4", ("Message size exceeds fixed limit",))

PROBLEMS: Final[dict[Problem, Reply]] = {
    Problem.LINE_TOO_LONG: Reply(500, "5.5.2", ("Line too long",)),
    Problem.COMMAND_UNKNOWN: Reply(500, "5.5.2", ("Syntax error",)),
    Problem.SYNTAX: Reply(501, "5.5.4", ("Syntax error in parameters",)),
    # RFC 5321 §4.1.1.11; Cyrus has 501.
    Problem.PARAMETER_UNKNOWN: Reply(555, "5.5.4", ("Unrecognized parameters",)),
    Problem.CHUNK: Reply(501, "5.5.4", ("Syntax error in parameters",)),
    Problem.HTTP: Reply(421, "4.7.0", ("This is no web server",)),
}
