"""What the sender of a mail is told about its fate: refused by a script (RFC 5429), or not sent on (RFC 3464)."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from angarium.compose.fields import date_field, list_field, message_ids_field, one_line, structured_field, text_field
from angarium.compose.identity import derived_id, message_id
from angarium.compose.mail import NEVER_REPORT, OutgoingMail, Purpose, extension_parameters
from angarium.compose.mailboxes import Mailbox
from angarium.compose.original import Original
from angarium.compose.parts import Entity, octets_entity, report, text_entity
from angarium.compose.restraint import why_not_reported
from angarium.compose.vacation import SIEVE_VERSION

_SUBSYSTEM: Final = "Mail Sieve Subsystem"
_DIAGNOSTIC_CHARACTERS_MAX: Final = 500


class RefusalForm(enum.Enum):
    """How a mail is refused."""

    PROTOCOL = enum.auto()
    """By the answer to its delivery."""
    DISPOSITION = enum.auto()
    """By a disposition notification to its sender (RFC 5429 §2.2.1)."""
    DELIVERY_STATUS = enum.auto()
    """By a delivery status notification to its sender (RFC 5429 §2.1.2)."""
    SILENT = enum.auto()
    """Nobody can be told."""


def refusal_form(
    *, extended: bool, reason: str, sender: str, protocol_refuses: bool, protocol_takes_utf8: bool
) -> RefusalForm:
    """How `reject` or (`extended`) `ereject` is carried out (RFC 5429 §2.1, §2.2)."""
    can_tell = why_not_reported(sender) is None
    if extended:
        # `ereject` prefers the protocol always; a reason that is not ASCII is replaced there (RFC 5429 §2.1.1).
        if protocol_refuses:
            return RefusalForm.PROTOCOL
        return RefusalForm.DELIVERY_STATUS if can_tell else RefusalForm.SILENT
    # `reject` keeps the exact text rather (RFC 5429 §2.2).
    if protocol_refuses and (reason.isascii() or protocol_takes_utf8):
        return RefusalForm.PROTOCOL
    return RefusalForm.DISPOSITION if can_tell else RefusalForm.SILENT


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who tells."""

    postmaster: str
    """The address that reports come from; `postmaster` alone is one of this machine."""
    domain: str
    """The name of the server."""
    product: str
    """As `Angarium 1.0`."""


def disposition_notification(
    original: Original,
    *,
    reason: str,
    sender: str,
    recipient: str,
    original_recipient: str = "",
    reporter: Reporter,
    moment: datetime,
) -> OutgoingMail:
    """`reject` as a message to `sender`: the mail for `recipient` was refused (RFC 5429 §2.2.1, RFC 8098).

    `original_recipient` is the ORCPT of the envelope, as `rfc822;address`, where it was given.
    """
    identity = message_id(Purpose.REJECT, original.message_id, f"{recipient} {sender}", domain=reporter.domain)
    lines = structured_field("Reporting-UA", f"{reporter.domain}; {reporter.product}")
    if original_recipient:
        lines += structured_field("Original-Recipient", original_recipient)
    lines += structured_field("Final-Recipient", _typed(recipient))
    if original.message_id:
        lines += message_ids_field("Original-Message-ID", [original.message_id])
    lines += structured_field("Disposition", "automatic-action/MDN-sent-automatically; deleted")
    entity = report(
        "disposition-notification",
        [
            text_entity(_refused_text(recipient, reason), disposition="inline"),
            octets_entity("message/disposition-notification", lines),
            octets_entity("text/rfc822-headers", original.returned),
        ],
    )
    return _report_mail(
        Purpose.REJECT,
        "Automatically rejected mail",
        "auto-replied (rejected)",
        identity,
        sender,
        reporter,
        moment,
        entity,
    )


def _refused_text(recipient: str, reason: str) -> str:
    return (
        f"Your message to {recipient} was refused by a filter of its recipient.\n"
        "Nobody has read it. The recipient's reason is:\n"
        "\n"
        f"{reason.rstrip()}\n"
    )


class Action(enum.StrEnum):
    """What became of a mail for a recipient (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    RELAYED = "relayed"


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """What became of a mail for one recipient."""

    recipient: str
    status: str
    """RFC 3463, as `5.1.1`."""
    diagnostic: str
    """What was answered, or what went wrong; one line."""
    remote: str = ""
    """The server that answered."""


def delivery_report(
    original: Original,
    *,
    action: Action = Action.FAILED,
    sender: str,
    statuses: Sequence[RecipientStatus],
    explanation: str = "",
    reporter: Reporter,
    arrived: datetime,
    moment: datetime,
) -> OutgoingMail:
    """A delivery status notification to `sender` (RFC 3464). `explanation` is a person's: the reason of `ereject`."""
    recipients = " ".join(each.recipient for each in statuses)
    identity = message_id(
        Purpose.REPORT, original.message_id, f"{sender} {action} {derived_id(recipients)}", domain=reporter.domain
    )
    lines = structured_field("Reporting-MTA", f"dns; {reporter.domain}") + date_field("Arrival-Date", arrived)
    for each in statuses:
        lines += b"\r\n" + _recipient_fields(each, action, moment)
    entity = report(
        "delivery-status",
        [
            text_entity(_report_text(action, statuses, explanation), disposition="inline"),
            octets_entity("message/delivery-status", lines),
            octets_entity("text/rfc822-headers", original.returned),
        ],
    )
    subject = "Undelivered mail" if action is Action.FAILED else "Mail sent on"
    return _report_mail(Purpose.REPORT, subject, "auto-replied", identity, sender, reporter, moment, entity)


def _recipient_fields(status: RecipientStatus, action: Action, moment: datetime) -> bytes:
    fields = structured_field("Final-Recipient", _typed(status.recipient))
    fields += structured_field("Action", action) + structured_field("Status", status.status)
    if status.remote:
        fields += structured_field("Remote-MTA", f"dns; {status.remote}")
    if status.diagnostic:
        diagnostic = one_line(status.diagnostic)[:_DIAGNOSTIC_CHARACTERS_MAX].encode("ascii", "replace").decode()
        kind = "smtp" if status.remote else "x-angarium"
        fields += structured_field("Diagnostic-Code", f"{kind}; {diagnostic}")
    return fields + date_field("Last-Attempt-Date", moment)


def _report_text(action: Action, statuses: Sequence[RecipientStatus], explanation: str) -> str:
    if explanation:
        addresses = ", ".join(each.recipient for each in statuses)
        return _refused_text(addresses, explanation)
    if action is Action.RELAYED:
        first = "Your message was sent on to a server that will not tell when it has arrived:"
    else:
        first = "Your message was to be sent on, which was not possible:"
    lines = [f"  {each.recipient}\n    {one_line(each.diagnostic)[:_DIAGNOSTIC_CHARACTERS_MAX]}\n" for each in statuses]
    return f"{first}\n\n{''.join(lines)}"


def _report_mail(
    purpose: Purpose,
    subject: str,
    auto_submitted: str,
    identity: str,
    sender: str,
    reporter: Reporter,
    moment: datetime,
    entity: Entity,
) -> OutgoingMail:
    content = b"".join(
        [
            message_ids_field("Message-ID", [identity]),
            date_field("Date", moment),
            structured_field("X-Sieve", SIEVE_VERSION),
            structured_field("X-Sieve-Action", purpose),
            list_field("From", [str(Mailbox(reporter.postmaster, _SUBSYSTEM))]),
            list_field("To", [f"<{sender}>"]),
            text_field("Subject", subject),
            structured_field("Auto-Submitted", auto_submitted),
            b"MIME-Version: 1.0\r\n",
            entity.octets,
        ]
    )
    return OutgoingMail(
        sender="",
        recipients=(sender,),
        content=content,
        purpose=purpose,
        message_id=identity,
        parameters=NEVER_REPORT + extension_parameters(content),
    )


def _typed(address: str) -> str:
    """An address with its type. The parts of a report are ASCII; RFC 6533 §3 has a form for other addresses there."""
    line = one_line(address)
    if line.isascii():
        return f"rfc822; {line}"
    escaped = "".join(each if each.isascii() and each != "\\" else f"\\x{{{ord(each):X}}}" for each in line)
    return f"utf-8; {escaped}"
