"""What is to be sent, whole: envelope and octets."""

import enum
from dataclasses import dataclass


class Purpose(enum.StrEnum):
    """Why a mail is sent; for those who look into the queue."""

    REDIRECT = "redirect"
    VACATION = "vacation"
    REJECT = "reject"
    NOTIFY = "notify"
    NOTICE = "notice"
    """To a user, about the work of the server for her."""
    REPORT = "report"
    """To a sender, about what became of a mail that was sent on (RFC 3464)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """One message with its envelope."""

    sender: str
    """The reverse-path; empty for the null one."""
    recipients: tuple[str, ...]
    content: bytes
    """Lines end in CRLF; the header is ASCII, but for addresses that are not."""
    purpose: Purpose
    message_id: str
    """Without angle brackets."""
    parameters: tuple[tuple[str, str], ...] = ()
    """Of MAIL and RCPT: (`NOTIFY`, `NEVER`), (`SMTPUTF8`, ``)."""


NEVER_REPORT = (("NOTIFY", "NEVER"),)
"""Nobody wants to know what becomes of an answer (RFC 5230 §5.1, RFC 3834 §3.3)."""
SMTPUTF8 = (("SMTPUTF8", ""),)


def extension_parameters(octets: bytes, *, header_end: int | None = None) -> tuple[tuple[str, str], ...]:
    """What a message needs of SMTP: SMTPUTF8 for a header that is not ASCII (RFC 6531 §3.4), 8BITMIME for a body."""
    end = octets.find(b"\r\n\r\n") if header_end is None else header_end
    parameters: tuple[tuple[str, str], ...] = ()
    if not octets[: end if end >= 0 else len(octets)].isascii():
        parameters += SMTPUTF8
    if not octets.isascii():
        parameters += (("BODY", "8BITMIME"),)
    return parameters
