"""Values of named searches, and the keys that refer to them (RFC 5466)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium import searchkey as k
from angarium.flags import SystemFlags
from angarium.imap import commands as c
from angarium.imap.cursor import Malformed, UidRequired
from angarium.imap.dialect import EVERYTHING, Dialect, Extension
from angarium.imap.grammar import parse_filter
from angarium.imap.limits import ParserLimits
from angarium.searchkey import SearchKey
from angarium.sequenceset import SequenceSet

Parse = Callable[..., object]
LIMITS = ParserLimits(arguments=20, nesting=5)
SEEN = k.Flag(SystemFlags.SEEN)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b"SEEN", SEEN),
        (
            b'OR SMALLER 5000 FROM "boss@example.com"',
            k.Or(k.Smaller(5000), k.FieldText(k.SearchedField.FROM, "boss@example.com")),
        ),
        (b"seen (1:3)", k.And((SEEN, k.SequenceNumbers(SequenceSet.parse(b"1:3"))))),
        ('SUBJECT "żółw"'.encode(), k.FieldText(k.SearchedField.SUBJECT, "żółw")),
        (b"SUBJECT {3}\r\na b SEEN", k.And((k.FieldText(k.SearchedField.SUBJECT, "a b"), SEEN))),
        (b"SUBJECT {3+}\na b", k.FieldText(k.SearchedField.SUBJECT, "a b")),
        (b"FILTER other", k.Filter("other")),
    ],
)
def test_a_whole_search_is_a_filter(value: bytes, key: SearchKey) -> None:
    assert parse_filter(value, limits=LIMITS, dialect=EVERYTHING) == key


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ",
        b"SEEN ",
        b" SEEN",
        b"OR SMALLER",
        b"OR SMALLER 5000",
        b"SEEN)",
        b"(SEEN",
        b"CHARSET UTF-8 SEEN",
        b"RETURN (COUNT) SEEN",
        b"NOSUCH",
        b'SUBJECT "\xff"',
        b"SUBJECT {10}\r\nshort",
        b"SUBJECT {1}",
        b"SEEN\r\n",
        b"SEEN\0",
        b"NOT " * 6 + b"SEEN",
        b"SEEN " * 20 + b"SEEN",
    ],
)
def test_what_is_no_whole_search_is_none(value: bytes) -> None:
    with pytest.raises(Malformed):
        parse_filter(value, limits=LIMITS, dialect=EVERYTHING)


def test_message_numbers_and_what_is_not_served_depend_on_the_client() -> None:
    with pytest.raises(UidRequired):
        parse_filter(b"1:3", limits=LIMITS, dialect=EVERYTHING.enabling([Extension.UIDONLY]))
    with pytest.raises(Malformed):
        parse_filter(b"YOUNGER 5", limits=LIMITS, dialect=Dialect(frozenset()))


@given(
    st.binary(max_size=40)
    | st.lists(st.sampled_from([b"SEEN", b"OR", b"(", b")", b" ", b"{3}", b"1", b"NOT"])).map(b"".join)
)
def test_octets_raise_nothing_else(value: bytes) -> None:
    try:
        parse_filter(value, limits=LIMITS, dialect=EVERYTHING)
    except Malformed:
        pass


NO_CHARSET = (b"BADCHARSET (UTF-8 US-ASCII)", b"Filters are in UTF-8")


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (b"SEARCH FILTER on-the-road", c.Search(k.Filter("on-the-road"), by_uid=False)),
        (b"SEARCH CHARSET US-ASCII FILTER x", c.Search(k.Filter("x"), by_uid=False)),
        (b"UID SEARCH CHARSET utf-8 FILTER x", c.Search(k.Filter("x"), by_uid=True)),
        (b"SEARCH CHARSET ISO-8859-1 SEEN (NOT FILTER x)", NO_CHARSET),
        (b"SORT (DATE) KOI8-R FILTER x", NO_CHARSET),
        (b"THREAD REFS KOI8-R FILTER x", NO_CHARSET),
        (b"ESEARCH CHARSET KOI8-R FILTER x", NO_CHARSET),
        (b"SEARCH FILTER a/b", b"Invalid Search criteria"),
        (b'SEARCH FILTER "a"', b"Invalid argument to Search"),
        (b"SEARCH FILTER", b"Missing required argument to Search"),
    ],
)
def test_filters_are_named_in_utf8_alone(parse: Parse, text: bytes, outcome: object) -> None:
    assert parse(text) == outcome
