"""The mail that tells of a mail (RFC 5435, RFC 5436)."""

from datetime import datetime
from typing import Final

from angarium.compose.fields import date_field, list_field, message_ids_field, quoted, structured_field, text_field
from angarium.compose.identity import derived_id, message_id
from angarium.compose.mail import OutgoingMail, Purpose, extension_parameters
from angarium.compose.mailboxes import Mailbox, parse_mailbox
from angarium.compose.mailto import Mailto
from angarium.compose.original import Original
from angarium.compose.parts import text_entity
from angarium.compose.vacation import SIEVE_VERSION

DEFAULT_SUBJECT: Final = "New mail"
_IMPORTANCE: Final = {1: ("high", "1 (Highest)"), 3: ("low", "5 (Lowest)")}


def mail_notification(
    original: Original,
    mailto: Mailto,
    *,
    message: str | None,
    from_: str | None,
    importance: int,
    sender: str,
    owner: Mailbox,
    moment: datetime,
    domain: str,
) -> OutgoingMail:
    """The notification of `original`, which came from the reverse-path `sender` for `owner`.

    `message`, `from_` and `importance` are the script's. A `from_` that is no address is passed over (RFC 5436 §2.7).
    """
    author = (parse_mailbox(from_) if from_ else None) or owner
    what = derived_id(*mailto.recipients, message or "", mailto.subject or "", mailto.body or "")
    identity = message_id(Purpose.NOTIFY, original.message_id, f"{owner.address} {what}", domain=domain)
    subject = message or mailto.subject or original.subject or DEFAULT_SUBJECT
    fields = [
        structured_field("Auto-Submitted", f"auto-notified; {_owner_parameter(owner)}"),
        message_ids_field("Message-ID", [identity]),
        date_field("Date", moment),
        structured_field("X-Sieve", SIEVE_VERSION),
        structured_field("X-Sieve-Action", "notify"),
        list_field("From", [str(author)]),
        list_field("To", [f"<{address}>" for address in mailto.to or mailto.cc]),
    ]
    if mailto.to and mailto.cc:
        fields.append(list_field("Cc", [f"<{address}>" for address in mailto.cc]))
    fields.append(text_field("Subject", subject))
    if original.message_id:
        fields.append(message_ids_field("References", original.references))
    if importance in _IMPORTANCE:
        word, priority = _IMPORTANCE[importance]
        fields += [structured_field("Importance", word), structured_field("X-Priority", priority)]
    fields += _uri_fields(mailto, importance)
    body = text_entity(mailto.body if mailto.body is not None else _default_text(original))
    content = b"".join([*fields, b"MIME-Version: 1.0\r\n", body.octets])
    return OutgoingMail(
        # RFC 5436 §2.7: a message without a sender must not cause one that has one.
        sender=author.address if sender else "",
        recipients=mailto.recipients,
        content=content,
        purpose=Purpose.NOTIFY,
        message_id=identity,
        parameters=extension_parameters(content),
    )


def _uri_fields(mailto: Mailto, importance: int) -> list[bytes]:
    """Those of the URI, each once, with the first letters of words capital (RFC 5436 §2.7)."""
    taken = {"importance", "x-priority"} if importance in _IMPORTANCE else set()
    fields = []
    for name, value in mailto.fields:
        if name.lower() not in taken:
            taken.add(name.lower())
            fields.append(text_field("-".join(word[:1].upper() + word[1:] for word in name.split("-")), value))
    return fields


def _owner_parameter(owner: Mailbox) -> str:
    """RFC 5436 §2.7.1; an address that is not ASCII is stood for by a token."""
    if owner.address.isascii():
        return f"owner-email={quoted(owner.address)}"
    return f"owner-token={derived_id('owner', owner.address)}"


def _default_text(original: Original) -> str:
    lines = [f"From: {original.from_}" if original.from_ else "", f"Subject: {original.subject or '(none)'}"]
    return "\n".join(line for line in lines if line) + "\n"
