"""What a client may say depends on what is served, and on what it has enabled."""

from collections.abc import Iterable

import pytest
from tests.imap.feeding import feed

from angarium.imap import commands as c
from angarium.imap.dialect import DEFAULT, EVERYTHING, SERVED, Dialect, Extension
from angarium.imap.events import CommandBad, CommandReceived, Event
from angarium.imap.limits import ParserLimits
from angarium.imap.parser import ImapParser
from angarium.imap.states import State

X = Extension
NOTHING = Dialect(frozenset())
UNKNOWN = b"Unrecognized command"
UIDONLY = CommandBad(b"a", b"Message numbers are not allowed once UIDONLY is enabled", b"UIDREQUIRED")


def parse(text: bytes, dialect: Dialect) -> Event:
    (event,) = feed(ImapParser(ParserLimits(), state=State.SELECTED, dialect=dialect), b"a " + text + b"\r\n")
    return event


def enabled(*extensions: Extension) -> Dialect:
    return Dialect(EVERYTHING.served, frozenset(extensions))


# One text for each word that an extension brings, what it is refused with where the extension is not served, and the
# extensions that it needs beside others.
WORDS: list[tuple[bytes, bytes, Iterable[Extension]]] = [
    (b"COMPRESS DEFLATE", UNKNOWN, {X.COMPRESS_DEFLATE}),
    (b"UNAUTHENTICATE", UNKNOWN, {X.UNAUTHENTICATE}),
    (b"LANGUAGE", UNKNOWN, {X.LANGUAGE}),
    (b"COMPARATOR", UNKNOWN, {X.I18NLEVEL_2}),
    (b"SELECT INBOX (ANNOTATE)", b"Invalid Select modifier ANNOTATE", {X.ANNOTATE}),
    (b"CREATE D2 (USE (\\Drafts))", b"Invalid argument to Create", {X.CREATE_SPECIAL_USE}),
    (b"CREATE D2 (PARTITION x)", b"Invalid argument to Create", {X.CREATE_SPECIAL_USE}),
    (b"STATUS INBOX (MAILBOXID)", b"Invalid Status attributes mailboxid", {X.OBJECTID}),
    (b"STATUS INBOX (APPENDLIMIT)", b"Invalid Status attributes appendlimit", {X.APPENDLIMIT}),
    (b"STATUS INBOX (DELETED-STORAGE)", b"Invalid Status attributes deleted-storage", {X.QUOTA_STORAGE}),
    (b'LIST (SPECIAL-USE) "" *', b'Invalid List selection option "special-use"', {X.SPECIAL_USE}),
    (b'LIST "" * RETURN (SPECIAL-USE)', b'Invalid List return option "special-use"', {X.SPECIAL_USE}),
    (b'LIST "" * RETURN (MYRIGHTS)', b'Invalid List return option "myrights"', {X.LIST_MYRIGHTS}),
    (b'LIST "" * RETURN (METADATA (/shared))', b'Invalid List return option "metadata"', {X.LIST_METADATA}),
    (b'RLIST "" *', UNKNOWN, {X.MAILBOX_REFERRALS}),
    (b'RLSUB "" *', UNKNOWN, {X.MAILBOX_REFERRALS}),
    (b'XLIST "" *', UNKNOWN, {X.XLIST}),
    (b"GETMETADATA INBOX /shared", UNKNOWN, {X.METADATA}),
    (b'SETMETADATA INBOX (/shared "x")', UNKNOWN, {X.METADATA}),
    (b"GETANNOTATION INBOX * *", UNKNOWN, {X.ANNOTATEMORE}),
    (b'SETANNOTATION INBOX /comment ("value.priv" "x")', UNKNOWN, {X.ANNOTATEMORE}),
    (b"NOTIFY NONE", UNKNOWN, {X.NOTIFY}),
    (b"FETCH 1 PREVIEW", b"Invalid Fetch attribute PREVIEW", {X.PREVIEW}),
    (b"FETCH 1 (PREVIEW (LAZY))", b"Invalid Fetch attribute PREVIEW", {X.PREVIEW}),
    (b"FETCH 1 EMAILID", b"Invalid Fetch attribute EMAILID", {X.OBJECTID}),
    (b"FETCH 1 THREADID", b"Invalid Fetch attribute THREADID", {X.OBJECTID}),
    (b"FETCH 1 SAVEDATE", b"Invalid Fetch attribute SAVEDATE", {X.SAVEDATE}),
    (b"FETCH 1 DIGEST.SHA1", b"Invalid Fetch attribute DIGEST.SHA1", {X.DIGEST_SHA1}),
    (b"FETCH 1 (ANNOTATION (/comment value))", b"Invalid Fetch attribute ANNOTATION", {X.ANNOTATE}),
    (b"UID FETCH 1 UID (PARTIAL 1:2)", b"Invalid Fetch modifier PARTIAL", {X.PARTIAL}),
    (b"UID FETCH 1 UID (CHANGEDSINCE 1 VANISHED)", b"Invalid Fetch modifier VANISHED", {X.QRESYNC}),
    (b"SELECT INBOX (QRESYNC (1 1))", b"Invalid Select modifier QRESYNC", {X.QRESYNC}),
    (b'STORE 1 ANNOTATION (/a (value.priv "x"))', b"Invalid Store attribute", {X.ANNOTATE}),
    (b"SEARCH YOUNGER 1", b"Invalid Search criteria", {X.WITHIN}),
    (b"SEARCH OLDER 1", b"Invalid Search criteria", {X.WITHIN}),
    (b"SEARCH SAVEDBEFORE 1-Feb-1994", b"Invalid Search criteria", {X.SAVEDATE}),
    (b"SEARCH SAVEDON 1-Feb-1994", b"Invalid Search criteria", {X.SAVEDATE}),
    (b"SEARCH SAVEDSINCE 1-Feb-1994", b"Invalid Search criteria", {X.SAVEDATE}),
    (b"SEARCH SAVEDATESUPPORTED", b"Invalid Search criteria", {X.SAVEDATE}),
    (b"SEARCH EMAILID M1", b"Invalid Search criteria", {X.OBJECTID}),
    (b"SEARCH THREADID T1", b"Invalid Search criteria", {X.OBJECTID}),
    (b"SEARCH FILTER x", b"Invalid Search criteria", {X.FILTERS}),
    (b'SEARCH ANNOTATION /comment value "x"', b"Invalid Search criteria", {X.ANNOTATE}),
    (b"SEARCH RETURN (PARTIAL 1:2) ALL", b"Invalid Search return option partial", {X.PARTIAL}),
    (b"SEARCH RETURN (PARTIAL 1:2) ALL", b"Invalid Search return option partial", {X.CONTEXT_SEARCH}),
    (b"SEARCH RETURN (UPDATE) ALL", b"Invalid Search return option update", {X.CONTEXT_SEARCH}),
    (b"SEARCH RETURN (CONTEXT) ALL", b"Invalid Search return option context", {X.CONTEXT_SORT}),
    (b'CANCELUPDATE "a"', UNKNOWN, {X.CONTEXT_SEARCH}),
    (b"ESEARCH ALL", UNKNOWN, {X.MULTISEARCH}),
    (b"SORT (DATE) UTF-8 ALL", UNKNOWN, {X.SORT}),
    (b"UID SORT (DATE) UTF-8 ALL", b"Unrecognized UID subcommand", {X.SORT}),
    (b"THREAD REFS UTF-8 ALL", UNKNOWN, {X.THREAD_REFS}),
    (b"UID THREAD REFERENCES UTF-8 ALL", b"Unrecognized UID subcommand", {X.THREAD_REFERENCES}),
]


@pytest.mark.parametrize(("text", "refusal", "extensions"), WORDS)
def test_words_of_an_extension_are_served_with_it_alone(
    text: bytes, refusal: bytes, extensions: frozenset[Extension]
) -> None:
    assert parse(text, NOTHING) == CommandBad(b"a", refusal)
    assert isinstance(parse(text, Dialect(frozenset(extensions), frozenset({X.QRESYNC}))), CommandReceived)


@pytest.mark.parametrize(
    ("text", "expected", "served"),
    [
        (b"SORT RETURN () (DATE) UTF-8 ALL", b"Invalid argument to Sort", {X.SORT}),
        (b"SORT (DISPLAYTO) UTF-8 ALL", b"Invalid Sort criterion displayto", {X.SORT}),
        (b"SORT (MODSEQ) UTF-8 ALL", b"Invalid Sort criterion modseq", {X.SORT}),
        (b"SORT (UID) UTF-8 ALL", b"Invalid Sort criterion uid", {X.SORT}),
        (b"SORT (ANNOTATION /a value.priv) UTF-8 ALL", b"Invalid Sort criterion annotation", {X.SORT}),
        (b"THREAD REFERENCES UTF-8 ALL", b"Invalid Thread algorithm REFERENCES", {X.THREAD_REFS}),
        (b"SEARCH RETURN (UPDATE (UID)) ALL", b"Invalid argument to Search", {X.CONTEXT_SEARCH}),
        (b"NOTIFY SET (selected (MessageNew (PREVIEW)))", b"Invalid Fetch attribute PREVIEW", {X.NOTIFY}),
    ],
)
def test_an_extension_does_not_bring_another(text: bytes, expected: bytes, served: set[Extension]) -> None:
    assert parse(text, Dialect(frozenset(served))) == CommandBad(b"a", expected)


def test_strangers_do_not_learn_which_extensions_there_are() -> None:
    for dialect in (NOTHING, EVERYTHING):
        parser = ImapParser(ParserLimits(), dialect=dialect)
        assert feed(parser, b'a XLIST "" *\r\n') == [CommandBad(b"a", b"Please login first")]


def test_by_default_is_served_what_has_handlers() -> None:
    assert Dialect() == DEFAULT
    assert DEFAULT.served == SERVED
    assert not DEFAULT.enabled


# ENABLE UIDONLY (RFC 9586)


@pytest.mark.parametrize(
    "text",
    [
        b"FETCH 10000:14589 (UID FLAGS)",
        b"STORE 1 +FLAGS (x)",
        b"SEARCH ALL",
        b"COPY 1 x",
        b"MOVE 1 x",
        b"SORT (DATE) UTF-8 ALL",
        b"THREAD REFS UTF-8 ALL",
        b"REPLACE 1 x {3}",
        b"UID SEARCH 1:5",
        b"UID SEARCH NOT (SEEN OR ALL *)",
        b"UID SEARCH $",
        b"UID SORT (DATE) UTF-8 1",
        b"UID THREAD REFS UTF-8 1",
        b"ESEARCH IN (personal) 1:5",
        b"SELECT INBOX (QRESYNC (1 1 1:3 (1,2 1,2)))",
    ],
)
def test_numbers_are_refused_once_uidonly_is_enabled(text: bytes) -> None:
    assert parse(text, enabled(X.UIDONLY, X.QRESYNC)) == UIDONLY


@pytest.mark.parametrize(
    "text",
    [
        b"UID FETCH 25900:26600 (FLAGS)",
        b"UID STORE 1 +FLAGS (x)",
        b"UID SEARCH UID 1:* SEEN",
        b"UID COPY 1 x",
        b"UID MOVE 597 x",
        b"UID SORT (DATE) UTF-8 ALL",
        b"EXPUNGE",
        b"UID EXPUNGE 1:*",
        b"SELECT INBOX (QRESYNC (1 1 1:3))",
    ],
)
def test_uids_are_not(text: bytes) -> None:
    assert isinstance(parse(text, enabled(X.UIDONLY, X.QRESYNC)), CommandReceived)


def test_a_refused_number_is_swallowed_with_its_literals() -> None:
    parser = ImapParser(ParserLimits(), state=State.SELECTED, dialect=enabled(X.UIDONLY))
    events = feed(parser, b"a SEARCH SUBJECT {3+}\r\nx\r\n {5+}\r\ny\r\n12\r\nz NOOP\r\n")
    assert events == [UIDONLY, CommandReceived(b"z", c.Noop())]


# ENABLE QRESYNC (RFC 7162 §3.2.3)


@pytest.mark.parametrize("text", [b"SELECT INBOX (QRESYNC (1 1))", b"UID FETCH 1 UID (VANISHED CHANGEDSINCE 1)"])
def test_qresync_must_be_enabled(text: bytes) -> None:
    assert parse(text, EVERYTHING) == CommandBad(b"a", b"QRESYNC not enabled")


# ENABLE UTF8=ACCEPT (RFC 9755 §3) and IMAP4rev2


@pytest.mark.parametrize("extension", [X.UTF8_ACCEPT, X.IMAP4REV2])
@pytest.mark.parametrize("octets", [b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"])
def test_what_is_no_utf8_is_refused_in_quoted_strings(extension: Extension, octets: bytes) -> None:
    text = b'SELECT "' + octets + b'"'
    assert parse(text, enabled(extension)) == CommandBad(b"a", b"Invalid UTF-8 in quoted string")
    assert parse(text, EVERYTHING) == CommandReceived(b"a", c.Select(octets))


def test_utf8_in_quoted_strings() -> None:
    text = 'SELECT "żółw 🐢 \\""'.encode()
    assert parse(text, enabled(X.UTF8_ACCEPT)) == CommandReceived(b"a", c.Select('żółw 🐢 "'.encode()))


@pytest.mark.parametrize("text", [b"SEARCH CHARSET UTF-8 ALL", b"ESEARCH CHARSET UTF-8 ALL"])
def test_no_charset_once_utf8_is_enabled(text: bytes) -> None:
    expected = CommandBad(b"a", b"CHARSET is not allowed once UTF8=ACCEPT is enabled")
    assert parse(text, enabled(X.UTF8_ACCEPT)) == expected
    assert isinstance(parse(text, enabled(X.IMAP4REV2)), CommandReceived)


@pytest.mark.parametrize("command", [b"SORT (DATE) ", b"UID THREAD REFS "])
def test_no_charset_but_utf8_where_one_is_required(command: bytes) -> None:
    expected = CommandBad(b"a", b"Only the charset UTF-8 is allowed once UTF8=ACCEPT is enabled")
    assert parse(command + b"KOI8-R ALL", enabled(X.UTF8_ACCEPT)) == expected
    assert isinstance(parse(command + b"UTF-8 ALL", enabled(X.UTF8_ACCEPT)), CommandReceived)
    assert isinstance(parse(command + b"KOI8-R ALL", EVERYTHING), CommandReceived)
