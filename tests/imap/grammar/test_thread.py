"""THREAD."""

from collections.abc import Callable

import pytest

from angarium import searchkey as k
from angarium.imap import commands as c
from angarium.imap.responses import code_badcharset
from angarium.mime import CHARSETS

Parse = Callable[..., object]
BADCHARSET = code_badcharset([charset.encode("ascii") for charset in CHARSETS])
T = c.ThreadAlgorithm


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"THREAD ORDEREDSUBJECT UTF-8 ALL", c.Thread(T.ORDEREDSUBJECT, k.All(), by_uid=False)),
        (b"thread references us-ascii ALL", c.Thread(T.REFERENCES, k.All(), by_uid=False)),
        (b"UID THREAD REFS UTF-8 ALL", c.Thread(T.REFS, k.All(), by_uid=True)),
        (b"THREAD", b"Missing required argument to Thread"),
        (b"THREAD FOO UTF-8 ALL", b"Invalid Thread algorithm FOO"),
        (b"THREAD REFS", b"Missing required argument to Thread"),
        (b"THREAD REFS UTF-8", b"Missing required argument to Thread"),
        (b"THREAD REFS KOI-99 ALL", (BADCHARSET, b"Unrecognized character set")),
    ],
)
def test_thread(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected
