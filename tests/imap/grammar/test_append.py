"""APPEND up to its message; what happens with the message itself is in test_parser."""

from datetime import UTC, datetime

import pytest

from angarium.imap.cursor import Cursor, Malformed
from angarium.imap.grammar import AppendHead, parse_append_head
from angarium.imap.limits import ParserLimits

MOMENT = datetime(1994, 2, 7, 21, 52, 25, tzinfo=UTC)


def head(text: bytes) -> tuple[AppendHead, bytes]:
    cursor = Cursor(text, 0, name=b"Append", limits=ParserLimits())
    return parse_append_head(cursor), text[cursor.position :]


@pytest.mark.parametrize(
    ("text", "mailbox", "flags", "internal_date"),
    [
        (b" INBOX ", b"INBOX", (), None),
        (b' "saved messages" (\\seen $Work \\Seen) ', b"saved messages", ("\\Seen", "$Work"), None),
        (b" INBOX () ", b"INBOX", (), None),
        (b' INBOX "07-Feb-1994 21:52:25 +0000" ', b"INBOX", (), MOMENT),
        (b' {5}\r\nINBOX (\\Draft) " 7-Feb-1994 21:52:25 +0000" ', b"INBOX", ("\\Draft",), MOMENT),
    ],
)
@pytest.mark.parametrize("announcement", [b"{310}", b"{310+}", b"~{310}", b"~{310+}"])
def test_what_stands_before_a_message(
    text: bytes, mailbox: bytes, flags: tuple[str, ...], internal_date: datetime | None, announcement: bytes
) -> None:
    assert head(text + announcement) == (AppendHead(mailbox, flags, internal_date), announcement)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", b"Missing required argument to Append"),
        (b" INBOX", b"Missing required argument to Append"),
        (b" INBOX ", b"Missing required argument to Append"),
        (b" INBOX x", b"Invalid argument to Append"),
        (b" INBOX (\\Bogus) {3}", b"Invalid flag in Append command"),
        (b" INBOX (\\Recent) {3}", b"Invalid flag in Append command"),
        (b" INBOX (a]b) {3}", b"Invalid flag in Append command"),
        (b' INBOX "bad date" {3}', b"Invalid date-time in Append command"),
        (b' INBOX "07-Feb-1994 21:52:25 +0000" (\\Seen) {3}', b"Invalid argument to Append"),
    ],
)
def test_malformed_heads(text: bytes, expected: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        head(text)
    assert caught.value.text == expected
