"""Announcements of literals."""

import pytest

from angarium.imap.literals import ANNOUNCEMENT_OCTETS, LiteralAnnouncement, find_literal


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"a LOGIN {5}", LiteralAnnouncement(5, synchronising=True, is_binary=False, start=8)),
        (b"a LOGIN {5+}", LiteralAnnouncement(5, synchronising=False, is_binary=False, start=8)),
        (b"~{0}", LiteralAnnouncement(0, synchronising=True, is_binary=True, start=0)),
        (b"x~{18446744073709551615+}", LiteralAnnouncement(2**64 - 1, synchronising=False, is_binary=True, start=1)),
        (b'"broken {3+}', LiteralAnnouncement(3, synchronising=False, is_binary=False, start=8)),
        (b"{5} ", None),
        (b"{5-}", None),
        (b"{}", None),
        (b"{+}", None),
        (b"{5++}", None),
        (b"{123456789012345678901}", None),
        (b"5}", None),
        (b"", None),
    ],
)
def test_a_literal_is_announced_at_the_end_of_a_line(line: bytes, expected: LiteralAnnouncement | None) -> None:
    assert find_literal(line) == expected


def test_the_end_of_a_line_suffices_to_find_the_longest() -> None:
    longest = b"~{12345678901234567890+}"
    assert len(longest) == ANNOUNCEMENT_OCTETS
    found = find_literal(b"x" * 500 + longest)
    assert found is not None
    assert found.start == 500
