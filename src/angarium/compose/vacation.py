"""The answer that a user is away (RFC 5230 §5, RFC 3834 §3)."""

import re
from datetime import datetime
from typing import Final

from angarium.compose.fields import date_field, list_field, message_ids_field, structured_field, text_field
from angarium.compose.identity import message_id
from angarium.compose.mail import NEVER_REPORT, OutgoingMail, Purpose, extension_parameters
from angarium.compose.mailboxes import Mailbox, parse_mailboxes
from angarium.compose.original import Original
from angarium.compose.parts import Entity, text_entity, with_crlf

DEFAULT_SUBJECT: Final = "Automated reply"
SIEVE_VERSION: Final = "CMU Sieve 3.0"
"""What filters and clients of Cyrus look for."""

_CONTENT_FIELD: Final = re.compile(rb"content-[!-9;-~]+[ \t]*:", re.IGNORECASE)


def vacation_answer(
    original: Original,
    *,
    reason: str,
    is_mime: bool,
    subject: str | None,
    from_: str | None,
    sender: str,
    owner: Mailbox,
    handle: str,
    moment: datetime,
    domain: str,
) -> OutgoingMail:
    """The answer to `sender`, the reverse-path of the original.

    `from_` is that of the script, which is passed over where it is no mailbox-list (RFC 5230 §4.3). `handle`
    distinguishes answers, so that two that are different have different ids.
    """
    about = f"{original.message_id} {handle}"
    identity = message_id(Purpose.VACATION, about, f"{owner.address} {sender}", domain=domain)
    content = _header(original, subject, from_, sender, owner, identity, moment)
    content += b"MIME-Version: 1.0\r\n" + (_entity_of(reason) if is_mime else text_entity(reason)).octets
    return OutgoingMail(
        sender="",
        recipients=(sender,),
        content=content,
        purpose=Purpose.VACATION,
        message_id=identity,
        parameters=NEVER_REPORT + extension_parameters(content),
    )


def _header(
    original: Original,
    subject: str | None,
    from_: str | None,
    sender: str,
    owner: Mailbox,
    identity: str,
    moment: datetime,
) -> bytes:
    authors = (parse_mailboxes(from_) if from_ else None) or (owner,)
    if subject is None:
        subject = f"Auto: {original.subject}" if original.subject else DEFAULT_SUBJECT
    fields = [
        message_ids_field("Message-ID", [identity]),
        date_field("Date", moment),
        structured_field("X-Sieve", SIEVE_VERSION),
        structured_field("X-Sieve-Action", "vacation"),
        list_field("From", map(str, authors)),
        list_field("To", [f"<{sender}>"]),
        text_field("Subject", subject),
    ]
    if len(authors) > 1:
        # RFC 5322 §3.6.2: several authors, one who sends.
        fields.append(list_field("Sender", [str(authors[0])]))
    if original.message_id:
        fields.append(message_ids_field("In-Reply-To", [original.message_id]))
        fields.append(message_ids_field("References", original.references))
    fields.append(structured_field("Auto-Submitted", "auto-replied (vacation)"))
    return b"".join(fields)


def _entity_of(reason: str) -> Entity:
    """`:mime`: of the entity's header only fields that describe content are taken over (RFC 5230 §4.4), and none that
    is not ASCII; others belong to the message, and are not the user's to write here."""
    octets = with_crlf(reason.encode("utf-8", "replace").replace(b"\0", b""))
    header, found, body = octets.partition(b"\r\n\r\n")
    if octets.startswith(b"\r\n"):
        header, body = b"", octets[2:]
    elif not found:
        body = b""
    fields = b"".join(_content_fields(header + b"\r\n"))
    if not fields:
        return text_entity(body.decode())
    return Entity(fields, body)


def _content_fields(header: bytes) -> list[bytes]:
    """Whole fields, the first of each name."""
    kept: list[bytes] = []
    names: set[bytes] = set()
    is_kept = False
    for line in header.splitlines(keepends=True):
        if line[:1] not in (b" ", b"\t"):
            name = line.partition(b":")[0].strip().lower()
            is_kept = _CONTENT_FIELD.match(line) is not None and name not in names
            names.add(name)
        if is_kept and line.isascii() and line.strip():
            kept.append(line)
    return kept
