"""Addresses of envelopes and fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sieve.mailaddress import MailAddress, field_addresses, parse_address, texts_of


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a@b.c", MailAddress("a", "b.c", "a@b.c", True)),
        ("@x,@y:a@b.c", MailAddress("a", "b.c", "a@b.c", True)),
        ('"a\\"@b"@c.d', MailAddress('a"@b', "c.d", '"a\\"@b"@c.d', True)),
        ("a", MailAddress("a", "", "a", False)),
        ("@b", MailAddress("", "b", "@b", False)),
        ("a@", MailAddress("a", "", "a@", False)),
        ("", MailAddress("", "", "", False)),
    ],
)
def test_an_envelope_has_one_address_without_its_route(text: str, address: MailAddress) -> None:
    assert parse_address(text) == address


def test_names_of_groups_and_people_are_left_out() -> None:
    addresses = field_addresses(b' Team: Ann <a@x.y>,\r\n "B, C" <b@x.y> (d@x.y);, @r:e@x.y, <@r:f@x.y>')
    assert texts_of(addresses)[:2] == ("a@x.y", "b@x.y")
    assert texts_of(addresses)[-1] == "f@x.y"


@given(st.text(max_size=40), st.binary(max_size=60))
def test_anything_is_an_address_or_none(text: str, value: bytes) -> None:
    parse_address(text)
    for address in field_addresses(value):
        assert not address.is_valid or (address.local_part and address.domain)
