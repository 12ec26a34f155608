import pytest

from angarium.mime import parse_addresses
from angarium.sortcriteria import display_address


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (b"", ""),
        (b"Terry Gray <gray@cac.washington.edu>", "Terry Gray"),
        (b"gray@cac.washington.edu", "gray@cac.washington.edu"),
        (b'"" <gray@cac.washington.edu>, Other <other@example.org>', "gray@cac.washington.edu"),
        (b"=?utf-8?q?J=C3=BCrgen_M?= <jm@example.org>", "Jürgen M"),
        (b"=?utf-8?q??= <jm@example.org>", "jm@example.org"),
        (b"j\xc3\xbcrgen@example.org", "jürgen@example.org"),
        (b"Friends: a@example.org;", "Friends"),
    ],
)
def test_what_an_address_is_sorted_by(field: bytes, text: str) -> None:
    """RFC 5957 §3."""
    addresses = parse_addresses(field)
    assert display_address(addresses[0] if addresses else None) == text
