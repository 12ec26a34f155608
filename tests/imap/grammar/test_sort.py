"""SORT."""

from collections.abc import Callable

import pytest

from angarium import searchkey as k
from angarium.flags import SystemFlags
from angarium.imap import commands as c
from angarium.imap.responses import code_badcharset
from angarium.mime import CHARSETS
from angarium.sortcriteria import SortCriterion, SortKey

Parse = Callable[..., object]
BADCHARSET = code_badcharset([charset.encode("ascii") for charset in CHARSETS])
R = c.SearchReturn
K = SortKey


def sort(*criteria: SortCriterion | c.SortAnnotation, by_uid: bool = False) -> c.Sort:
    return c.Sort(criteria, k.All(), by_uid)


def by(key: SortKey, *, is_reverse: bool = False) -> SortCriterion:
    return SortCriterion(key, is_reverse)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"SORT (SUBJECT) UTF-8 ALL", sort(by(K.SUBJECT))),
        (b"UID SORT (REVERSE DATE) US-ASCII ALL", sort(by(K.DATE, is_reverse=True), by_uid=True)),
        (b'sort (subject reverse date cc) "UTF-8" ALL', sort(by(K.SUBJECT), by(K.DATE, is_reverse=True), by(K.CC))),
        (
            b"SORT (ARRIVAL FROM SIZE TO DISPLAYFROM DISPLAYTO MODSEQ UID) UTF-8 ALL",
            sort(*map(by, (K.ARRIVAL, K.FROM, K.SIZE, K.TO, K.DISPLAYFROM, K.DISPLAYTO, K.MODSEQ, K.UID))),
        ),
        (
            b"SORT (ANNOTATION /altsubject value.shared REVERSE ANNOTATION /a VALUE.PRIV) UTF-8 ALL",
            sort(
                c.SortAnnotation("/altsubject", "value.shared"), c.SortAnnotation("/a", "value.priv", is_reverse=True)
            ),
        ),
        (
            b"SORT RETURN (COUNT MIN ALL) (SUBJECT) KOI8-R SEEN",
            c.Sort((by(K.SUBJECT),), k.Flag(SystemFlags.SEEN), False, frozenset({R.COUNT, R.MIN, R.ALL})),
        ),
        (
            b"UID SORT RETURN (PARTIAL 1:2 UPDATE CONTEXT) (UID) UTF-8 ALL",
            c.Sort((by(K.UID),), k.All(), True, frozenset({R.PARTIAL, R.UPDATE, R.CONTEXT}), c.PartialRange(1, 2)),
        ),
        (b"SORT", b"Missing required argument to Sort"),
        (b"SORT SUBJECT UTF-8 ALL", b"Invalid argument to Sort"),
        (b"SORT () UTF-8 ALL", b"Missing Sort criteria"),
        (b"SORT (FOO) UTF-8 ALL", b"Invalid Sort criterion foo"),
        (b"SORT (REVERSE) UTF-8 ALL", b"Invalid argument to Sort"),
        (b"SORT (REVERSE REVERSE DATE) UTF-8 ALL", b"Invalid Sort criterion reverse"),
        (b"SORT (SUBJECT)", b"Missing required argument to Sort"),
        (b"SORT (SUBJECT) UTF-8", b"Missing required argument to Sort"),
        (b"SORT (SUBJECT) UTF-8 FOO", b"Invalid Search criteria"),
        (b"SORT (ANNOTATION /a value) UTF-8 ALL", b"Invalid Sort criterion annotation"),
        (b"SORT (ANNOTATION /a* value.priv) UTF-8 ALL", b"Invalid entry name"),
        (b"SORT (SUBJECT) KOI-99 ALL", (BADCHARSET, b"Unrecognized character set")),
        (b"UID SORT (DATE)", b"Missing required argument to Uid"),
    ],
)
def test_sort(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected
