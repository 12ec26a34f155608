import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.cli.denyfile import DenyLine, parse_deny_file
from angarium.errors import PreparationFailed

OF_CYRUS_3_6 = (
    b"ann@example.net\t2\xff\x89imap,!pop3\xff\x89a\xff\x89tab\xff\x8anewline \xc3\xbf\n"
    b"carol\t2\xff\x89*\xff\x89Sorry,no mail\n"
)
"""What its cyr_deny has written."""


def test_lines_of_cyrus() -> None:
    assert list(parse_deny_file(OF_CYRUS_3_6)) == [
        DenyLine(1, "ann@example.net", "imap,!pop3", "a\ttab\nnewline ÿ"),
        DenyLine(2, "carol", "*", "Sorry,no mail"),
    ]


def test_an_octet_that_stands_for_itself() -> None:
    assert [line.fault for line in parse_deny_file(b"bob\t2\xff\x89*\xff\x89\xff\xff")] == ["it is no UTF-8"]


def test_lines_of_older_versions() -> None:
    assert list(parse_deny_file(b"bob\t2\timap\tNo\tmail\n\nann\t1\tpop3\n")) == [
        DenyLine(1, "bob", "imap", "No\tmail"),
        DenyLine(3, "ann", "pop3", ""),
    ]


@pytest.mark.parametrize(
    "line",
    [b"bob", b"\t2\timap\tNo", b"bob\t3\timap\tNo", b"bob\t2\t , \tNo", b"bob\t", b"b\xff\t2\t*\t"],
)
def test_what_is_no_such_line(line: bytes) -> None:
    (found,) = parse_deny_file(line)
    assert found.fault
    assert not found.user


@pytest.mark.parametrize("kind", ["twoskip", "skiplist"])
def test_databases_of_other_kinds_are_named(kind: str) -> None:
    with pytest.raises(PreparationFailed, match=f"`cvt_cyrusdb FILE {kind} NEWFILE flat` of Cyrus converts it"):
        list(parse_deny_file(b"\xa1\x02\x8b\r" + kind.encode() + b" file\0\0\0\0"))


@given(st.binary(max_size=60))
def test_any_octets_are_lines(octets: bytes) -> None:
    for line in parse_deny_file(octets):
        assert bool(line.fault) is not bool(line.user)
