"""What a client may say depends on what is served, and on what it has enabled."""

from collections.abc import Sequence

import pytest
from tests.imap.feeding import feed

from angarium.imap import commands as c
from angarium.imap.dialect import DEFAULT, EVERYTHING, SERVED, Dialect, Extension, served_but
from angarium.imap.events import CommandBad, CommandReceived, Event
from angarium.imap.limits import ParserLimits, unasked_octets
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
# extension, with those that it needs beside it.
WORDS: list[tuple[bytes, bytes, Sequence[Extension]]] = [
    (b"COMPRESS DEFLATE", UNKNOWN, [X.COMPRESS_DEFLATE]),
    (b"UNAUTHENTICATE", UNKNOWN, [X.UNAUTHENTICATE]),
    (b"LANGUAGE", UNKNOWN, [X.LANGUAGE]),
    (b"COMPARATOR", UNKNOWN, [X.I18NLEVEL_2]),
    (b"SELECT INBOX (ANNOTATE)", b"Invalid Select modifier ANNOTATE", [X.ANNOTATE]),
    (b"CREATE D2 (USE (\\Drafts))", b"Invalid argument to Create", [X.CREATE_SPECIAL_USE]),
    (b"CREATE D2 (PARTITION x)", b"Invalid argument to Create", [X.CREATE_SPECIAL_USE]),
    (b"STATUS INBOX (MAILBOXID)", b"Invalid Status attributes mailboxid", [X.OBJECTID]),
    (b"STATUS INBOX (APPENDLIMIT)", b"Invalid Status attributes appendlimit", [X.APPENDLIMIT]),
    (b"STATUS INBOX (DELETED-STORAGE)", b"Invalid Status attributes deleted-storage", [X.QUOTA_STORAGE]),
    (b'LIST (SPECIAL-USE) "" *', b'Invalid List selection option "special-use"', [X.SPECIAL_USE, X.LIST_EXTENDED]),
    (b'LIST "" * RETURN (SPECIAL-USE)', b'Invalid List return option "special-use"', [X.SPECIAL_USE, X.LIST_EXTENDED]),
    (b'LIST "" * RETURN (MYRIGHTS)', b'Invalid List return option "myrights"', [X.LIST_MYRIGHTS, X.LIST_EXTENDED]),
    (
        b'LIST "" * RETURN (METADATA (/shared))',
        b'Invalid List return option "metadata"',
        [X.LIST_METADATA, X.LIST_EXTENDED],
    ),
    (b'RLIST "" *', UNKNOWN, [X.MAILBOX_REFERRALS]),
    (b'RLSUB "" *', UNKNOWN, [X.MAILBOX_REFERRALS]),
    (b'XLIST "" *', UNKNOWN, [X.XLIST]),
    (b"GETMETADATA INBOX /shared", UNKNOWN, [X.METADATA]),
    (b'SETMETADATA INBOX (/shared "x")', UNKNOWN, [X.METADATA]),
    (b"GETANNOTATION INBOX * *", UNKNOWN, [X.ANNOTATEMORE]),
    (b'SETANNOTATION INBOX /comment ("value.priv" "x")', UNKNOWN, [X.ANNOTATEMORE]),
    (b"NOTIFY NONE", UNKNOWN, [X.NOTIFY]),
    (b"FETCH 1 PREVIEW", b"Invalid Fetch attribute PREVIEW", [X.PREVIEW]),
    (b"FETCH 1 (PREVIEW (LAZY))", b"Invalid Fetch attribute PREVIEW", [X.PREVIEW]),
    (b"FETCH 1 EMAILID", b"Invalid Fetch attribute EMAILID", [X.OBJECTID]),
    (b"FETCH 1 THREADID", b"Invalid Fetch attribute THREADID", [X.OBJECTID]),
    (b"FETCH 1 SAVEDATE", b"Invalid Fetch attribute SAVEDATE", [X.SAVEDATE]),
    (b"FETCH 1 DIGEST.SHA1", b"Invalid Fetch attribute DIGEST.SHA1", [X.DIGEST_SHA1]),
    (b"FETCH 1 (ANNOTATION (/comment value))", b"Invalid Fetch attribute ANNOTATION", [X.ANNOTATE]),
    (b"UID FETCH 1 UID (PARTIAL 1:2)", b"Invalid Fetch modifier PARTIAL", [X.PARTIAL]),
    (b"UID FETCH 1 UID (CHANGEDSINCE 1 VANISHED)", b"Invalid Fetch modifier VANISHED", [X.QRESYNC, X.CONDSTORE]),
    (b"SELECT INBOX (QRESYNC (1 1))", b"Invalid Select modifier QRESYNC", [X.QRESYNC]),
    (b'STORE 1 ANNOTATION (/a (value.priv "x"))', b"Invalid Store attribute", [X.ANNOTATE]),
    (b"SEARCH YOUNGER 1", b"Invalid Search criteria", [X.WITHIN]),
    (b"SEARCH OLDER 1", b"Invalid Search criteria", [X.WITHIN]),
    (b"SEARCH SAVEDBEFORE 1-Feb-1994", b"Invalid Search criteria", [X.SAVEDATE]),
    (b"SEARCH SAVEDON 1-Feb-1994", b"Invalid Search criteria", [X.SAVEDATE]),
    (b"SEARCH SAVEDSINCE 1-Feb-1994", b"Invalid Search criteria", [X.SAVEDATE]),
    (b"SEARCH SAVEDATESUPPORTED", b"Invalid Search criteria", [X.SAVEDATE]),
    (b"SEARCH EMAILID M1", b"Invalid Search criteria", [X.OBJECTID]),
    (b"SEARCH THREADID T1", b"Invalid Search criteria", [X.OBJECTID]),
    (b"SEARCH UIDAFTER 1", b"Invalid Search criteria", [X.MESSAGELIMIT]),
    (b"SEARCH UIDBEFORE 1", b"Invalid Search criteria", [X.MESSAGELIMIT]),
    (b"SEARCH FILTER x", b"Invalid Search criteria", [X.FILTERS]),
    (b'SEARCH ANNOTATION /comment value "x"', b"Invalid Search criteria", [X.ANNOTATE]),
    (b"SEARCH RETURN (PARTIAL 1:2) ALL", b"Invalid Search return option partial", [X.PARTIAL, X.ESEARCH]),
    (b"SEARCH RETURN (PARTIAL 1:2) ALL", b"Invalid Search return option partial", [X.CONTEXT_SEARCH, X.ESEARCH]),
    (b"SEARCH RETURN (UPDATE) ALL", b"Invalid Search return option update", [X.CONTEXT_SEARCH, X.ESEARCH]),
    (b"SEARCH RETURN (CONTEXT) ALL", b"Invalid Search return option context", [X.CONTEXT_SEARCH, X.ESEARCH]),
    (
        b"SORT RETURN (UPDATE) (DATE) UTF-8 ALL",
        b"Invalid Search return option update",
        [X.CONTEXT_SORT, X.SORT, X.ESORT, X.CONTEXT_SEARCH],
    ),
    (b'CANCELUPDATE "a"', UNKNOWN, [X.CONTEXT_SEARCH]),
    (b"ESEARCH ALL", UNKNOWN, [X.MULTISEARCH]),
    (b"SORT (DATE) UTF-8 ALL", UNKNOWN, [X.SORT]),
    (b"UID SORT (DATE) UTF-8 ALL", b"Unrecognized UID subcommand", [X.SORT]),
    (b"THREAD REFS UTF-8 ALL", UNKNOWN, [X.THREAD_REFS]),
    (b"UID THREAD REFERENCES UTF-8 ALL", b"Unrecognized UID subcommand", [X.THREAD_REFERENCES]),
    (b"ID NIL", UNKNOWN, [X.ID]),
    (b"ENABLE CONDSTORE", UNKNOWN, [X.ENABLE]),
    (b"MYRIGHTS INBOX", UNKNOWN, [X.ACL]),
    (b"GETACL INBOX", UNKNOWN, [X.ACL]),
    (b"SETACL INBOX bob lrs", UNKNOWN, [X.ACL]),
    (b"DELETEACL INBOX bob", UNKNOWN, [X.ACL]),
    (b"LISTRIGHTS INBOX bob", UNKNOWN, [X.ACL]),
    (b"GETQUOTA INBOX", UNKNOWN, [X.QUOTA]),
    (b"GETQUOTAROOT INBOX", UNKNOWN, [X.QUOTA]),
    (b"SETQUOTA INBOX ()", UNKNOWN, [X.QUOTASET]),
    (b"UID EXPUNGE 1", b"Unrecognized UID subcommand", [X.UIDPLUS]),
    (b"FETCH 1 BINARY[1]", b"Invalid Fetch attribute BINARY[1]", [X.BINARY]),
    (b"FETCH 1 BINARY.PEEK[1]<0.1>", b"Invalid Fetch attribute BINARY.PEEK[1]<0.1>", [X.BINARY]),
    (b"FETCH 1 BINARY.SIZE[1]", b"Invalid Fetch attribute BINARY.SIZE[1]", [X.BINARY]),
    (b"FETCH 1 MODSEQ", b"Invalid Fetch attribute MODSEQ", [X.CONDSTORE]),
    (b"FETCH 1 UID (CHANGEDSINCE 1)", b"Invalid Fetch modifier CHANGEDSINCE", [X.CONDSTORE]),
    (b"STORE 1 (UNCHANGEDSINCE 1) FLAGS ()", b"Invalid Store modifier UNCHANGEDSINCE", [X.CONDSTORE]),
    (b"SEARCH MODSEQ 1", b"Invalid Search criteria", [X.CONDSTORE]),
    (b"SELECT INBOX (CONDSTORE)", b"Invalid Select modifier CONDSTORE", [X.CONDSTORE]),
    (b"STATUS INBOX (HIGHESTMODSEQ)", b"Invalid Status attributes highestmodseq", [X.CONDSTORE]),
    (b"STATUS INBOX (SIZE)", b"Invalid Status attributes size", [X.STATUS_SIZE]),
    (b"SEARCH RETURN (MIN) ALL", b"Invalid Search criteria", [X.ESEARCH]),
    (b"UID SEARCH RETURN () ALL", b"Invalid Search criteria", [X.ESEARCH]),
    (b"SEARCH RETURN (SAVE) ALL", b"Invalid Search return option save", [X.SEARCHRES, X.ESEARCH]),
    (b"FETCH $ UID", b"Invalid sequence in Fetch", [X.SEARCHRES]),
    (b"SEARCH NOT $", b"Invalid sequence in Search", [X.SEARCHRES]),
    (b"SEARCH UID $", b"Invalid sequence in Search", [X.SEARCHRES]),
    (b'LIST (SUBSCRIBED) "" *', b"Invalid argument to List", [X.LIST_EXTENDED]),
    (b'LIST "" (a b)', b"Invalid argument to List", [X.LIST_EXTENDED]),
    (b'LIST "" * RETURN (CHILDREN)', b"Unexpected extra arguments to List", [X.LIST_EXTENDED]),
    (
        b'LIST "" * RETURN (STATUS (MESSAGES))',
        b'Invalid List return option "status"',
        [X.LIST_STATUS, X.LIST_EXTENDED],
    ),
]


@pytest.mark.parametrize(("text", "refusal", "extensions"), WORDS)
def test_words_of_an_extension_are_served_with_it_alone(
    text: bytes, refusal: bytes, extensions: Sequence[Extension]
) -> None:
    assert parse(text, Dialect(frozenset(extensions[1:]), frozenset({X.QRESYNC}))) == CommandBad(b"a", refusal)
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
        (b"SEARCH RETURN (UPDATE (UID)) ALL", b"Invalid argument to Search", {X.CONTEXT_SEARCH, X.ESEARCH}),
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


# What is hidden


@pytest.mark.parametrize(
    ("hidden", "off"),
    [
        ("CONDSTORE", {X.CONDSTORE, X.QRESYNC}),
        ("QRESYNC", {X.QRESYNC}),
        ("SORT", {X.SORT, X.SORT_DISPLAY, X.SORT_MODSEQ, X.SORT_UID, X.ESORT, X.CONTEXT_SORT}),
        ("LIST-EXTENDED", {X.LIST_EXTENDED, X.LIST_STATUS, X.LIST_MYRIGHTS, X.LIST_METADATA}),
        ("CATENATE", {X.CATENATE, X.URL_PARTIAL}),
        ("THREAD", {X.THREAD_ORDEREDSUBJECT, X.THREAD_REFERENCES, X.THREAD_REFS}),
        ("THREAD=REFS", {X.THREAD_REFS}),
        ("NOSUCH", set()),
    ],
)
def test_what_is_built_on_hidden_ones_is_hidden_as_well(hidden: str, off: set[Extension]) -> None:
    assert SERVED - served_but(frozenset({hidden})) == off & SERVED


@pytest.mark.parametrize(
    ("hidden", "literalminus", "octets"),
    [
        ("", False, None),
        ("", True, 4096),
        ("LITERAL+", False, 4096),
        ("LITERAL-", True, 4096),
        ("IMAP4REV2", False, None),
        ("IMAP4REV2 LITERAL+", False, -1),
        ("IMAP4REV2 LITERAL-", True, -1),
    ],
)
def test_literals_that_come_unasked_are_small_or_none_where_they_are_hidden(
    hidden: str, literalminus: bool, octets: int | None
) -> None:
    assert unasked_octets(served_but(frozenset(hidden.split())), literalminus=literalminus) == octets


@pytest.mark.parametrize("literal", [b"{0+}", b"{1+}", b"~{1+}"])
def test_none_of_them_is_even_empty(literal: bytes) -> None:
    parser = ImapParser(ParserLimits(unasked_octets=-1), state=State.SELECTED)
    (event, *_) = feed(parser, b"a SELECT " + literal + b"\r\nx\r\n")
    assert isinstance(event, CommandBad)
    parser = ImapParser(ParserLimits(unasked_octets=-1), state=State.SELECTED)
    (event,) = feed(parser, b"a APPEND INBOX " + literal + b"\r\nx\r\n")
    assert isinstance(event, CommandBad)
