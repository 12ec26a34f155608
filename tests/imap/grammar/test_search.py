"""SEARCH."""

from collections.abc import Callable
from datetime import date

import pytest

from angarium import searchkey as k
from angarium.fetchitem import FetchAttribute, FetchItem
from angarium.flags import SystemFlags
from angarium.imap import commands as c
from angarium.imap.limits import ParserLimits
from angarium.imap.responses import code_badcharset
from angarium.mime import CHARSETS
from angarium.sequenceset import SequenceSet

Parse = Callable[..., object]
BADCHARSET = code_badcharset([charset.encode("ascii") for charset in CHARSETS])
SEEN = k.Flag(SystemFlags.SEEN)
DELETED = k.Flag(SystemFlags.DELETED)
R = c.SearchReturn
F = k.SearchedField
A = FetchAttribute
DAY = date(1994, 2, 1)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b"ALL", k.All()),
        (b"answered", k.Flag(SystemFlags.ANSWERED)),
        (b"UNANSWERED", k.Not(k.Flag(SystemFlags.ANSWERED))),
        (b"DELETED", DELETED),
        (b"UNDELETED", k.Not(DELETED)),
        (b"DRAFT", k.Flag(SystemFlags.DRAFT)),
        (b"UNDRAFT", k.Not(k.Flag(SystemFlags.DRAFT))),
        (b"FLAGGED", k.Flag(SystemFlags.FLAGGED)),
        (b"UNFLAGGED", k.Not(k.Flag(SystemFlags.FLAGGED))),
        (b"SEEN", SEEN),
        (b"UNSEEN", k.Not(SEEN)),
        (b"RECENT", k.Recent()),
        (b"OLD", k.Not(k.Recent())),
        (b"NEW", k.And((k.Recent(), k.Not(SEEN)))),
        (b"KEYWORD $Work", k.Keyword("$Work")),
        (b"UNKEYWORD $Work", k.Not(k.Keyword("$Work"))),
        (b"BCC x", k.FieldText(F.BCC, "x")),
        (b"BODY {5+}\r\na\r\nbc", k.FieldText(F.BODY, "a\r\nbc")),
        (b'CC "a b"', k.FieldText(F.CC, "a b")),
        (b'FROM "Smith"', k.FieldText(F.FROM, "Smith")),
        (b'SUBJECT ""', k.FieldText(F.SUBJECT, "")),
        (b'TEXT "caf\xc3\xa9"', k.FieldText(F.TEXT, "café")),
        (b"TO a@example.org", k.FieldText(F.TO, "a@example.org")),
        (b'HEADER Message-ID ""', k.Header("Message-ID", "")),
        (b"BEFORE 1-Feb-1994", k.Before(DAY)),
        (b'ON "1-Feb-1994"', k.On(DAY)),
        (b"SINCE 01-Feb-1994", k.Since(DAY)),
        (b"SENTBEFORE 1-Feb-1994", k.SentBefore(DAY)),
        (b"SENTON 1-Feb-1994", k.SentOn(DAY)),
        (b"SENTSINCE 1-Feb-1994", k.SentSince(DAY)),
        (b"LARGER 0", k.Larger(0)),
        (b"SMALLER 9223372036854775807", k.Smaller(2**63 - 1)),
        (b"UID 1:*", k.Uids(SequenceSet.parse(b"1:*"))),
        (b"UID $", k.Uids(SequenceSet.parse(b"$"))),
        (b"2:4,*", k.SequenceNumbers(SequenceSet.parse(b"2:4,*"))),
        (b"*", k.SequenceNumbers(SequenceSet.parse(b"*"))),
        (b"$", k.SequenceNumbers(SequenceSet.parse(b"$"))),
        (b"MODSEQ 620162338", k.ModSeq(620162338)),
        (b"YOUNGER 259200", k.Younger(259200)),
        (b"OLDER 4294967295", k.Older(2**32 - 1)),
        (b"SAVEDBEFORE 1-Feb-1994", k.SavedBefore(DAY)),
        (b"SAVEDON 1-Feb-1994", k.SavedOn(DAY)),
        (b'savedsince "1-Feb-1994"', k.SavedSince(DAY)),
        (b"SAVEDATESUPPORTED", k.SaveDateSupported()),
        (b"UIDAFTER 25000", k.Uids(SequenceSet(((25001, 4294967295),)))),
        (b"UIDAFTER 4294967295", k.Uids(SequenceSet(()))),
        (b"UIDBEFORE 25000", k.Uids(SequenceSet(((1, 24999),)))),
        (b"UIDBEFORE 1", k.Uids(SequenceSet(()))),
        (b"EMAILID M6d99ac3275bb4e", k.EmailId("M6d99ac3275bb4e")),
        (b"THREADID T64b478a75b7ea9", k.ThreadId("T64b478a75b7ea9")),
        (b"FILTER on-the-road", k.Filter("on-the-road")),
        (b'ANNOTATION /comment value "IMAP4"', k.AnnotationText("/comment", "value", "IMAP4")),
        (b"ANNOTATION * VALUE.PRIV ~{2+}\r\nx\0", k.AnnotationText("*", "value.priv", "x\0")),
        (b"ANNOTATION /vendor/% value.shared NIL", k.AnnotationText("/vendor/%", "value.shared", None)),
        (b'MODSEQ "/flags/\\\\draft" all 620162338', k.ModSeq(620162338)),
        (b"NOT SEEN", k.Not(SEEN)),
        (b"NOT NOT SEEN", k.Not(k.Not(SEEN))),
        (b"OR SEEN DELETED", k.Or(SEEN, DELETED)),
        (b"OR OR SEEN ALL (DELETED ALL)", k.Or(k.Or(SEEN, k.All()), k.And((DELETED, k.All())))),
        (b"(SEEN)", SEEN),
        (b"(SEEN DELETED) ALL", k.And((k.And((SEEN, DELETED)), k.All()))),
        (
            b'FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"',
            k.And((k.Flag(SystemFlags.FLAGGED), k.Since(DAY), k.Not(k.FieldText(F.FROM, "Smith")))),
        ),
    ],
)
def test_search_keys(parse: Parse, text: bytes, key: k.SearchKey) -> None:
    assert parse(b"SEARCH " + text) == c.Search(key, by_uid=False)
    assert parse(b"UID SEARCH " + text) == c.Search(key, by_uid=True)


@pytest.mark.parametrize(
    ("text", "returns"),
    [
        (b"SEARCH RETURN () ALL", {R.ALL}),
        (b"SEARCH return (MIN max COUNT ALL) ALL", {R.MIN, R.MAX, R.COUNT, R.ALL}),
        (b"SEARCH RETURN (SAVE) CHARSET UTF-8 ALL", {R.SAVE}),
    ],
)
def test_return_options(parse: Parse, text: bytes, returns: set[R]) -> None:
    assert parse(text) == c.Search(k.All(), by_uid=False, returns=frozenset(returns))


@pytest.mark.parametrize(
    ("charset", "octets", "text"),
    [
        (b"UTF-8", "żółw".encode(), "żółw"),
        (b"utf-8", b"abc", "abc"),
        (b'"ISO-8859-2"', "żółw".encode("iso-8859-2"), "żółw"),
        (b"KOI8-R", "привет".encode("koi8-r"), "привет"),
        (b"US-ASCII", b"abc", "abc"),
        (b"windows-1252", b"\x80", "€"),
        (b"ISO-2022-JP", "日本".encode("iso-2022-jp"), "日本"),
    ],
)
def test_texts_are_decoded(parse: Parse, charset: bytes, octets: bytes, text: str) -> None:
    command = b"SEARCH CHARSET %b SUBJECT {%d+}\r\n%b" % (charset, len(octets), octets)
    assert parse(command) == c.Search(k.FieldText(F.SUBJECT, text), by_uid=False)


@pytest.mark.parametrize("charset", [b"KOI-99", b"rot13", b"zlib", b"idna", b"unicode_escape", b"\xff", b'""'])
def test_what_is_no_charset_of_mail_is_refused_with_those_that_are(parse: Parse, charset: bytes) -> None:
    expected = (BADCHARSET, b"Unrecognized character set")
    assert parse(b"SEARCH CHARSET " + charset + b" ALL") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"SEARCH", b"Missing required argument to Search"),
        (b"SEARCH ", b"Missing required argument to Search"),
        (b"UID SEARCH", b"Missing required argument to Uid"),
        (b"SEARCH FOO", b"Invalid Search criteria"),
        (b"SEARCH ()", b"Invalid Search criteria"),
        (b"SEARCH (SEEN", b"Missing required argument to Search"),
        (b"SEARCH SEEN)", b"Unexpected extra arguments to Search"),
        (b"SEARCH NOT", b"Missing required argument to Search"),
        (b"SEARCH OR SEEN", b"Missing required argument to Search"),
        (b"SEARCH ON 31-Feb-2024", b"Invalid Search criteria"),
        (b"SEARCH KEYWORD \\Seen", b"Invalid Search criteria"),
        (b"SEARCH LARGER x", b"Invalid argument to Search"),
        (b"SEARCH LARGER 9223372036854775808", b"Number out of range in Search"),
        (b"SEARCH UID 0", b"Invalid sequence in Search"),
        (b"SEARCH 0", b"Invalid sequence in Search"),
        (b'SEARCH SUBJECT "\xff"', b"Invalid Search criteria"),
        (b'SEARCH CHARSET US-ASCII SUBJECT "\xc3\xa9"', b"Invalid Search criteria"),
        (b'SEARCH HEADER "\xc3\xa9" x', b"Invalid Search criteria"),
        (b'SEARCH MODSEQ "/comment" all 5', b"Invalid Search criteria"),
        (b'SEARCH MODSEQ "/flags/x" some 5', b"Invalid Search criteria"),
        (b"SEARCH RETURN", b"Missing required argument to Search"),
        (b"SEARCH RETURN (ALL)", b"Missing required argument to Search"),
        (b"SEARCH RETURN ALL", b"Invalid argument to Search"),
        (b"SEARCH CHARSET", b"Missing required argument to Search"),
        (b"SEARCH CHARSET UTF-8", b"Missing required argument to Search"),
    ],
)
def test_malformed_searches(parse: Parse, text: bytes, expected: bytes) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"SEARCH YOUNGER 0", b"Number out of range in Search"),
        (b"SEARCH OLDER 4294967296", b"Number out of range in Search"),
        (b"SEARCH OLDER x", b"Invalid argument to Search"),
        (b"SEARCH SAVEDON 31-Feb-2024", b"Invalid Search criteria"),
        (b"SEARCH EMAILID a.b", b"Invalid Search criteria"),
        (b'SEARCH EMAILID ""', b"Invalid Search criteria"),
        (b"SEARCH THREADID " + b"x" * 256, b"Invalid Search criteria"),
        (b"SEARCH FILTER a/b", b"Invalid Search criteria"),
        (b'SEARCH FILTER "a"', b"Invalid argument to Search"),
        (b"SEARCH ANNOTATION /comment size x", b"Invalid Search criteria"),
        (b"SEARCH ANNOTATION comment value x", b"Invalid entry name"),
        (b"SEARCH ANNOTATION /comment value x", b"Invalid argument to Search"),
        (b'SEARCH ANNOTATION /comment value "\xff"', b"Invalid Search criteria"),
        (b"SEARCH SUBJECT ~{1+}\r\nx", b"Unexpected extra arguments to Search"),
        (b"SEARCH RETURN (PARTIAL 1:2 ALL) ALL", b"Invalid combination of return options"),
        (b"SEARCH RETURN (ALL PARTIAL 1:2) ALL", b"Invalid combination of return options"),
        (b"SEARCH RETURN (PARTIAL 1:2 PARTIAL 3:4) ALL", b"Invalid combination of return options"),
        (b"SEARCH RETURN (PARTIAL) ALL", b"Invalid argument to Search"),
        (b"SEARCH RETURN (PARTIAL 1) ALL", b"Invalid partial range in Search"),
        (b"SEARCH RETURN (PARTIAL 0:2) ALL", b"Invalid partial range in Search"),
        (b"SEARCH RETURN (PARTIAL 1:*) ALL", b"Invalid partial range in Search"),
        (b"SEARCH RETURN (PARTIAL -1:2) ALL", b"Invalid partial range in Search"),
        (b"SEARCH RETURN (PARTIAL 1:-2) ALL", b"Invalid partial range in Search"),
        (b"SEARCH RETURN (PARTIAL 1:4294967296) ALL", b"Number out of range in Search"),
        (b"SEARCH RETURN (PARTIAL 1:42949672960) ALL", b"Invalid partial range in Search"),
        (b"SEARCH RETURN (PARTIAL", b"Missing required argument to Search"),
        (b"SEARCH RETURN (PARTIAL ", b"Missing required argument to Search"),
        (b"SEARCH RETURN (UPDATE (FOO)) ALL", b"Invalid Fetch attribute FOO"),
        (b"SEARCH RETURN (UPDATE ()) ALL", b"Invalid Fetch attribute"),
        (b"SEARCH RETURN (RELEVANCY) ALL", b"Invalid Search return option relevancy"),
        (b"SEARCH FUZZY SUBJECT x", b"Invalid Search criteria"),
    ],
)
def test_malformed_keys_and_options_of_extensions(parse: Parse, text: bytes, expected: bytes) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"PARTIAL 1:100", c.PartialRange(1, 100)),
        (b"PARTIAL 500:400", c.PartialRange(400, 500)),
        (b"PARTIAL -1:-100", c.PartialRange(1, 100, from_end=True)),
        (b"partial -500:-400", c.PartialRange(400, 500, from_end=True)),
        (b"PARTIAL 4294967295:4294967295", c.PartialRange(2**32 - 1, 2**32 - 1)),
    ],
)
def test_partial_ranges(parse: Parse, text: bytes, expected: c.PartialRange) -> None:
    command = c.Search(k.All(), by_uid=True, returns=frozenset({R.PARTIAL}), partial=expected)
    assert parse(b"UID SEARCH RETURN (" + text + b") ALL") == command


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 1), (-1, 1)])
def test_what_is_no_partial_range(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="partial range"):
        c.PartialRange(first, last)


@pytest.mark.parametrize(
    ("text", "returns", "items"),
    [
        (b"UPDATE", {R.UPDATE}, ()),
        (b"CONTEXT COUNT update", {R.CONTEXT, R.COUNT, R.UPDATE}, ()),
        (b"UPDATE (UID FLAGS) COUNT", {R.UPDATE, R.COUNT}, (A.UID, A.FLAGS)),
        (b"UPDATE(UID)", {R.UPDATE}, (A.UID,)),
    ],
)
def test_contexts(parse: Parse, text: bytes, returns: set[R], items: tuple[FetchItem, ...]) -> None:
    expected = c.Search(k.All(), by_uid=False, returns=frozenset(returns), update_items=items)
    assert parse(b"SEARCH RETURN (" + text + b") ALL") == expected


SELECTED = c.MailboxFilter(c.FilterKind.SELECTED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"ESEARCH SUBJECT x", c.ESearch((SELECTED,), k.FieldText(F.SUBJECT, "x"), frozenset({R.ALL}))),
        (
            b'ESEARCH IN (mailboxes "folder1" subtree "folder2") unseen',
            c.ESearch(
                (
                    c.MailboxFilter(c.FilterKind.MAILBOXES, (b"folder1",)),
                    c.MailboxFilter(c.FilterKind.SUBTREE, (b"folder2",)),
                ),
                k.Not(SEEN),
                frozenset({R.ALL}),
            ),
        ),
        (
            b'ESEARCH IN (subtree-one (a "b c") personal) RETURN (COUNT PARTIAL -1:-9) CHARSET KOI8-R SEEN',
            c.ESearch(
                (
                    c.MailboxFilter(c.FilterKind.SUBTREE_ONE, (b"a", b"b c")),
                    c.MailboxFilter(c.FilterKind.PERSONAL),
                ),
                SEEN,
                frozenset({R.COUNT, R.PARTIAL}),
                c.PartialRange(1, 9, from_end=True),
            ),
        ),
        (b"ESEARCH IN (selected selected) RETURN (SAVE) SEEN", c.ESearch((SELECTED,), SEEN, frozenset({R.SAVE}))),
        (b"ESEARCH RETURN () SEEN", c.ESearch((SELECTED,), SEEN, frozenset({R.ALL}))),
        (b"ESEARCH", b"Missing required argument to Esearch"),
        (b"ESEARCH IN", b"Missing required argument to Esearch"),
        (b"ESEARCH IN () SEEN", b"Invalid argument to Esearch"),
        (b"ESEARCH IN (inboxes)", b"Missing required argument to Esearch"),
        (b"ESEARCH IN (selected-delayed) SEEN", b"Invalid mailbox filter selected-delayed"),
        (b"ESEARCH IN (foo) SEEN", b"Invalid mailbox filter foo"),
        (b"ESEARCH IN (mailboxes) SEEN", b"Invalid argument to Esearch"),
        (b"ESEARCH IN (mailboxes ()) SEEN", b"Invalid argument to Esearch"),
        (b"ESEARCH IN (inboxes (foo 1)) SEEN", b"Invalid scope option in Esearch"),
        (b"ESEARCH IN (personal) RETURN (SAVE) SEEN", b"SAVE is only allowed for the selected mailbox"),
        (b"UID ESEARCH SEEN", b"Unrecognized UID subcommand"),
    ],
)
def test_esearch(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected


def test_nesting_is_bounded(parse: Parse) -> None:
    limits = ParserLimits(nesting=10)
    key: k.SearchKey = SEEN
    for _ in range(10):
        key = k.Not(key)
    assert parse(b"SEARCH " + b"NOT " * 10 + b"SEEN", limits=limits) == c.Search(key, by_uid=False)
    for deep in (b"NOT " * 11 + b"SEEN", b"(" * 11 + b"SEEN" + b")" * 11, b"OR " * 11 + b"ALL " * 12):
        assert parse(b"SEARCH " + deep.rstrip(), limits=limits) == b"Arguments nested too deeply"


def test_neighbours_do_not_count_as_nesting(parse: Parse) -> None:
    command = parse(b"SEARCH " + b" ".join([b"NOT SEEN", b"(ALL ALL)"] * 20), limits=ParserLimits(nesting=2))
    assert isinstance(command, c.Search)


def test_the_number_of_keys_is_bounded(parse: Parse) -> None:
    limits = ParserLimits(arguments=5)
    assert isinstance(parse(b"SEARCH" + b" ALL" * 5, limits=limits), c.Search)
    assert parse(b"SEARCH" + b" ALL" * 6, limits=limits) == b"Too many arguments"
