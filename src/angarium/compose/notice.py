"""What a user is told by the server itself."""

from datetime import datetime

from angarium.compose.fields import date_field, list_field, message_ids_field, structured_field, text_field
from angarium.compose.identity import message_id
from angarium.compose.mail import NEVER_REPORT, OutgoingMail, Purpose, extension_parameters
from angarium.compose.mailboxes import Mailbox
from angarium.compose.original import Original
from angarium.compose.parts import text_entity
from angarium.compose.reports import Reporter


def script_failure_notice(
    original: Original,
    *,
    script: str,
    place: str,
    reason: str,
    owner: Mailbox,
    reporter: Reporter,
    moment: datetime,
    left_in: str | None = None,
) -> OutgoingMail:
    """Tells `owner` that her script failed on a message, which was kept. `script` may be without a name; `place` is as
    `line 3, column 7`; `left_in` the mailbox of a message that was there already. One a day has one id, whatever
    failed."""
    identity = message_id(Purpose.NOTICE, moment.date().isoformat(), f"script {owner.address}", domain=reporter.domain)
    name = f' "{script}"' if script else ""
    text = (
        f"Your script{name} failed on a message, {_kept(left_in)}\n"
        "\n"
        f"What went wrong: {reason}\n"
        f"Where: {place}\n"
        "\n"
        f"From: {original.from_}\n"
        f"Subject: {original.subject}\n"
        "\n"
        "The same may happen to further messages; you are told once a day at most.\n"
    )
    content = b"".join(
        [
            message_ids_field("Message-ID", [identity]),
            date_field("Date", moment),
            list_field("From", [str(Mailbox(reporter.postmaster, "Mail Sieve Subsystem"))]),
            list_field("To", [str(owner)]),
            text_field("Subject", "Your mail filter script failed"),
            structured_field("Auto-Submitted", "auto-generated"),
            b"MIME-Version: 1.0\r\n",
            text_entity(text).octets,
        ]
    )
    return OutgoingMail(
        sender="",
        recipients=(owner.address,),
        content=content,
        purpose=Purpose.NOTICE,
        message_id=identity,
        parameters=NEVER_REPORT + extension_parameters(content),
    )


def _kept(left_in: str | None) -> str:
    if left_in is None:
        return "which was therefore left in your INBOX,\nwith the flag $SieveFailed."
    return f"which was therefore left as it is\nin {left_in}."
