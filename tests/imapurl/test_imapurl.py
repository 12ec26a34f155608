"""URLs of messages and their parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.imapurl import (
    ImapServer,
    ImapUrlInvalid,
    MessageUrl,
    UrlRange,
    parse_message_url,
    serialize_mailbox_url,
    serialize_message_url,
    serialize_server_url,
)

SERVER = ImapServer("minbari.example.org")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (b"/INBOX/;UID=1", MessageUrl("INBOX", 1)),
        (b"/INBOX;UIDVALIDITY=1/;UID=1/;SECTION=HEADER", MessageUrl("INBOX", 1, 1, "HEADER")),
        (b"/Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=1.5.9", MessageUrl("Drafts", 20, 385759045, "1.5.9")),
        (b"/a/b/;uid=2/;section=text", MessageUrl("a/b", 2, section="text")),
        (b"/INBOX/;UID=4294967295/;PARTIAL=0.1024", MessageUrl("INBOX", 2**32 - 1, partial=UrlRange(0, 1024))),
        (b"/INBOX/;UID=1/;SECTION=1.2/;PARTIAL=5", MessageUrl("INBOX", 1, section="1.2", partial=UrlRange(5))),
        (
            b"/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(To%20Subject)",
            MessageUrl("INBOX", 1, section="HEADER.FIELDS (To Subject)"),
        ),
        (b"/%E5%8F%B0%E5%8C%97%3B%2F/;UID=7", MessageUrl("台北;/", 7)),
        (
            b"imap://minbari.example.org/gray-council;UIDVALIDITY=385759045/;UID=20/;PARTIAL=0.1024",
            MessageUrl("gray-council", 20, 385759045, partial=UrlRange(0, 1024), server=SERVER),
        ),
        (
            b"IMAP://michael;AUTH=*@minbari.example.org:1143/x/;UID=2",
            MessageUrl("x", 2, server=ImapServer("minbari.example.org", 1143, "michael", "*")),
        ),
        (
            b"imap://;AUTH=GSSAPI@[2001:db8::1]/x/;UID=2",
            MessageUrl("x", 2, server=ImapServer("[2001:db8::1]", auth="GSSAPI")),
        ),
        (b"//minbari.example.org/x/;UID=2", MessageUrl("x", 2, server=SERVER)),
        (
            b"imap://b%C3%A9a%40x@minbari.example.org/x/;UID=2",
            MessageUrl("x", 2, server=ImapServer("minbari.example.org", user="béa@x")),
        ),
    ],
)
def test_urls(url: bytes, expected: MessageUrl) -> None:
    assert parse_message_url(url) == expected
    assert parse_message_url(serialize_message_url(expected)) == expected


@pytest.mark.parametrize(
    "url",
    [
        b"",
        b"/",
        b"INBOX/;UID=1",
        b";UID=1",
        b";SECTION=1.4",
        b"/INBOX",
        b"/INBOX/",
        b"/;UID=1",
        b"//;UID=1",
        b"/INBOX;UID=1",
        b"/INBOX/;UID=0",
        b"/INBOX/;UID=01",
        b"/INBOX/;UID=4294967296",
        b"/INBOX/;UID=99999999999999999999",
        b"/INBOX/;UID=1/",
        b"/INBOX/;UID=1/;SECTION=",
        b"/INBOX/;UID=1/;PARTIAL=0.0",
        b"/INBOX/;UID=1/;PARTIAL=9999999999999999999",
        b"/INBOX/;UID=1/;PARTIAL=1/;SECTION=1",
        b"/INBOX;UIDVALIDITY=0/;UID=1",
        b"/INBOX;UIDVALIDITY=4294967296/;UID=1",
        b"/IN BOX/;UID=1",
        b"/INBOX%/;UID=1",
        b"/INBOX%0/;UID=1",
        b"/%00/;UID=1",
        b"/%FF/;UID=1",
        b"/\xc3\xa9/;UID=1",
        b"/INBOX/;UID=1\r\n",
        b"/INBOX?SUBJECT%20x",
        b"imap:/INBOX/;UID=1",
        b"imap:///INBOX/;UID=1",
        b"imap://example.org",
        b"imap://example.org:65536/INBOX/;UID=1",
        b"imap://example.org//INBOX/;UID=1",
        b"imap://@example.org@/INBOX/;UID=1",
        b"http://example.org/INBOX/;UID=1",
        b"imap://example.org/INBOX/;UID=1;URLAUTH=anonymous:internal:00",
        b"imap://example.org/INBOX/;UID=1;EXPIRE=2030-01-01T00:00:00Z;URLAUTH=anonymous",
    ],
)
def test_what_is_no_url_of_a_message(url: bytes) -> None:
    with pytest.raises(ImapUrlInvalid):
        parse_message_url(url)


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=10)
UIDS = st.integers(1, 2**32 - 1)
SERVERS = st.builds(
    ImapServer,
    TEXTS.filter(lambda host: not host.startswith("[")),
    st.none() | st.integers(0, 65535),
    st.none() | TEXTS,
    st.none() | TEXTS,
)
RANGES = st.builds(UrlRange, st.integers(0, 2**63 - 1), st.none() | st.integers(1, 2**63 - 1))
URLS = st.builds(
    MessageUrl,
    TEXTS,
    UIDS,
    st.none() | UIDS,
    st.just("") | TEXTS,
    st.none() | RANGES,
    st.none() | SERVERS,
)


@given(URLS)
def test_what_is_written_is_read(url: MessageUrl) -> None:
    assert parse_message_url(serialize_message_url(url)) == url


@given(st.binary(max_size=40).map(lambda octets: b"/" + octets) | st.binary(max_size=40))
def test_any_octets_raise_nothing_else(octets: bytes) -> None:
    try:
        url = parse_message_url(octets)
    except ImapUrlInvalid:
        return
    assert parse_message_url(serialize_message_url(url)) == url


@pytest.mark.parametrize(
    ("mailbox", "uidvalidity", "url"),
    [
        ("user/ann", None, "imap://mail.example.org/user/ann"),
        ("user/ann/Wörk 2", 7, "imap://mail.example.org/user/ann/W%C3%B6rk%202;UIDVALIDITY=7"),
        ("/x;y", 7, "imap://mail.example.org/%2Fx%3By;UIDVALIDITY=7"),
    ],
)
def test_a_mailbox_has_a_url(mailbox: str, uidvalidity: int | None, url: str) -> None:
    server = ImapServer("mail.example.org")
    assert serialize_mailbox_url(server, mailbox, uidvalidity) == url
    message = MessageUrl(mailbox, 3, uidvalidity, server=server)
    assert serialize_message_url(message).decode() == f"{url}/;UID=3"


def test_a_server_has_a_url() -> None:
    assert serialize_server_url(ImapServer("mail.example.org")) == "imap://mail.example.org"
