"""URLs of messages: none, or one that is written as it is read."""

from typing import Final

from angarium.imapurl import ImapUrlInvalid, parse_message_url, serialize_message_url

SEEDS: Final = [
    b"/INBOX/;uid=1",
    b"/INBOX;UIDVALIDITY=385759045/;UID=20/;SECTION=1.2/;PARTIAL=0.1024",
    b"imap://joe;AUTH=*@example.com:143/Entw%C3%BCrfe/a%2Fb/;uid=4294967295/;section=HEADER.FIELDS%20(To)",
    b"imap://[::1]/x;uidvalidity=1/;uid=2/;partial=7",
]
WORDS: Final = [
    *(
        b"imap://",
        b"/;uid=",
        b";UIDVALIDITY=",
        b"/;SECTION=",
        b"/;PARTIAL=",
        b";AUTH=",
        b"%2F",
        b"%C3%BC",
        b"%00",
        b"@",
    ),
    *(b"INBOX", b"4294967295", b"4294967296", b"18446744073709551616", b".", b":", b"//", b"%", b"[", b"]"),
]


def run(data: bytes) -> None:
    """Read, write, read."""
    try:
        url = parse_message_url(data)
    except ImapUrlInvalid:
        return
    written = serialize_message_url(url)
    assert parse_message_url(written) == url
    assert serialize_message_url(parse_message_url(written)) == written
