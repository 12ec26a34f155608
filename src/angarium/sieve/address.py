"""Addresses as tests compare them and as actions send to them (RFC 5228 §2.4.2.3, §2.7.4; RFC 5233)."""

import re
from collections.abc import Callable

from angarium.compose import is_address
from angarium.sieve.arguments import Arguments
from angarium.sieve.mailaddress import MailAddress
from angarium.sieve.run import Run
from angarium.sieve.specification import Tag
from angarium.sieve.text import Text

ADDRESS_PART_TAGS = (
    Tag("localpart", group="address part"),
    Tag("domain", group="address part"),
    Tag("all", group="address part"),
    Tag("user", ("subaddress",), group="address part"),
    Tag("detail", ("subaddress",), group="address part"),
)
"""Of every test that compares addresses."""

_SEPARATOR = "+"
"""Between user and detail, as in addresses of deliveries."""

_NAMED = re.compile(
    r'[ \t]*+(?:"(?:[^"\\\r\n]|\\[^\r\n])*+"|[^\x00-\x08\x0a-\x1f()<>\[\]:;@\\,"\x7f])*+<([^<>]*)>[ \t]*+'
)
"""A name before an address in angle brackets."""

AddressPart = Callable[[MailAddress], str | None]
"""What a test compares of an address; None: it matches nothing (RFC 5228 §2.7.4, RFC 5233 §4)."""


def address_part(arguments: Arguments) -> AddressPart:
    """The part that a test asks for."""
    match arguments.given(*(tag.name for tag in ADDRESS_PART_TAGS)):
        case "localpart":
            return lambda address: address.local_part if address.is_valid else None
        case "domain":
            return lambda address: address.domain if address.is_valid else None
        case "user":
            return lambda address: address.local_part.partition(_SEPARATOR)[0] if address.is_valid else None
        case "detail":
            return _detail
        case _:
            return lambda address: address.text


def _detail(address: MailAddress) -> str | None:
    _, separator, detail = address.local_part.partition(_SEPARATOR)
    return detail if separator and address.is_valid else None


def outbound_address(text: str) -> str | None:
    """The addr-spec in what a script wants something sent to; None where that is none (RFC 5228 §2.4.2.3)."""
    match = _NAMED.fullmatch(text)
    address = (match[1] if match else text).strip(" \t")
    return address if is_address(address) else None


def outbound(arguments: Arguments, text: Text) -> Callable[[Run], str]:
    """The same of an argument: wrong is found when the script is read, or where variables are in it, in a run."""
    return arguments.parsed(text, outbound_address, _not_an_address)


def _not_an_address(text: str) -> str:
    return f'"{text[:60]}" is not a mail address'
