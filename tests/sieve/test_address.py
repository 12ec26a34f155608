"""Addresses that scripts send to (RFC 5228 §2.4.2.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.compose import is_address
from angarium.sieve.address import outbound_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a@example.org", "a@example.org"),
        (" a@example.org\t", "a@example.org"),
        ("<a@example.org>", "a@example.org"),
        ("Ann <a@example.org>", "a@example.org"),
        ("Ann B. Cee < a@example.org > ", "a@example.org"),
        ('"Cee, Ann" <a@example.org>', "a@example.org"),
        ('"a \\" b" c <a@example.org>', "a@example.org"),
        ("Jürgen <jürgen@müller.example>", "jürgen@müller.example"),
        ('"a b"@example.org', '"a b"@example.org'),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
    ],
)
def test_one_address_with_or_without_a_name(text: str, address: str) -> None:
    assert outbound_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nobody",
        "@example.org",
        "a@",
        "a b@example.org",
        "a@example.org, b@example.org",
        "<a@example.org>, <b@example.org>",
        "<a@example.org> Ann",
        "Ann <a@example.org",
        "group: a@example.org;",
        "<@route.example:a@example.org>",
        "a@example.org\r\nBcc: b@example.org",
        "Ann\r\nBcc: b@example.org <a@example.org>",
        "Ann (comment) <a@example.org>",
        "a" * 400 + "@example.org",
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert outbound_address(text) is None


@given(st.text(st.sampled_from('a.@<>" \t\\,;:()[]\r\né')))
def test_what_comes_out_is_an_address(text: str) -> None:
    address = outbound_address(text)
    assert address is None or (is_address(address) and address in text)


@pytest.mark.parametrize(
    "text", [" " * 200_000, " \t" * 100_000 + "<", '"' * 200_000, '" ' * 100_000 + "<", "a." * 100_000]
)
def test_a_long_text_is_read_but_once(text: str) -> None:
    # A pattern that went back and forth over these would not end.
    assert outbound_address(text) is None
