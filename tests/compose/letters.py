"""What tests of composing have in common: an original, people, a moment, and readers of what was composed."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

from hypothesis import strategies as st

from angarium import mime
from angarium.compose import Mailbox, Original, OutgoingMail, Reporter

MOMENT = datetime(2026, 11, 21, 3, 32, 42, tzinfo=UTC)
ALICE = Mailbox("alice@mail.example.org")
REPORTER = Reporter("postmaster@mail.example.org", "mail.example.org", "Angarium 1.0")
SENDER = "other@example.net"

HEADER = (
    b"Received: from x (localhost [127.0.0.1])\r\n"
    b"\t by mail.example.org (Angarium 1.0) with LMTPA;\r\n"
    b"\t Sat, 21 Nov 2026 03:31:59 +0000\r\n"
    b"From: Bob <bob@example.net>\r\n"
    b"To: alice@mail.example.org\r\n"
    b"Subject: lunch\r\n"
    b"Message-ID: <va1@x>\r\n"
)
TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from('\r\n\0 \t=?<>"\\:,@\u2028é漢'), max_size=200)
"""Anything that a script may say, line breaks and other traps often."""


def original(*fields: bytes) -> Original:
    return Original(HEADER + b"".join(field + b"\r\n" for field in fields))


def plain(header: bytes) -> Original:
    return Original(header)


def parsed(mail: OutgoingMail) -> EmailMessage:
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def fields_of(mail: OutgoingMail) -> list[str]:
    """Names of the header fields, in order."""
    header = mail.content.partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].decode() for line in header.split(b"\r\n") if line[:1] not in (b" ", b"\t")]


def field(mail: OutgoingMail, name: str) -> str:
    """A field's value on one line, as it is."""
    header = mail.content.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ").replace("\r\n\t", " ")
    values = [line.partition(":")[2].strip() for line in header.split("\r\n") if line.startswith(f"{name}:")]
    assert len(values) <= 1, f"{name} stands {len(values)} times"
    return values[0] if values else ""


def check_form(mail: OutgoingMail) -> None:
    """What holds of everything that is composed."""
    assert b"\0" not in mail.content
    assert mail.content.count(b"\n") == mail.content.count(b"\r\n") == mail.content.count(b"\r")
    header, _, _ = mail.content.partition(b"\r\n\r\n")
    lines = header.split(b"\r\n")
    assert all(len(line) <= 998 for line in lines)
    assert all(line.strip() for line in lines), "a line of the header is empty"
    names = [name.lower() for name in fields_of(mail)]
    assert len(names) == len(set(names)), "a field stands twice"
    assert {"date", "from", "to", "message-id", "auto-submitted", "mime-version"} <= set(names)
    scanned = mime.scan(memoryview(mail.content))
    assert scanned is not None
    assert not parsed(mail).defects
