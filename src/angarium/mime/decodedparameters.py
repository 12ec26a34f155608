"""BODY and BODYSTRUCTURE for clients of IMAP4rev2: parameters that name a charset have their value in UTF-8 (RFC 9051
§7.5.2, RFC 2231 §4), where others are told the percent-encoded form that the scanner has made ready."""

from collections.abc import Generator, Iterator, Sequence
from typing import Final

from .imapstring import string
from .parameters import decode_parameter
from .rewriting import Elements, Kind, Writers, is_list, octets_of, rewrite_each, subtype_at, write_joined, write_list

_EXTENDED: Final = b'*" '
"""Behind the name of such a parameter, whose form in the message is `NAME*=charset'language'value`."""


def decode_parameters(bodies: Sequence[bytes]) -> Generator[None, None, list[bytes] | None]:
    """Serialized BODYs or BODYSTRUCTUREs with decoded parameters; None where there are none to decode. Yields after
    every few kilobytes."""
    if not any(_EXTENDED in body for body in bodies):
        return None
    return (yield from rewrite_each(bodies, Kind.BODY, _WRITERS, lambda body: _EXTENDED not in body))


def _write_body(elements: Elements) -> bytes:
    if not is_list(elements[0]):
        return write_list(elements)
    place = subtype_at(elements)
    return b"(%b %b)" % (b"".join(elements[:place]), b" ".join(elements[place:]))


def _write_parameters(elements: Elements) -> bytes:
    pairs = zip(elements[::2], elements[1::2], strict=True)
    return write_list([element for name, value in pairs for element in _parameter(name, value)])


def _parameter(name: bytes, value: bytes) -> Iterator[bytes]:
    yield name
    encoded = octets_of(value)
    if name.endswith(b'*"') and encoded.count(b"'") >= 2:
        _, text = decode_parameter(octets_of(name), encoded)
        yield string(text.encode("utf-8", "replace"))
    else:
        yield value


_WRITERS: Final[Writers] = {
    Kind.ENVELOPE: write_list,
    Kind.ADDRESSES: write_joined,
    Kind.ADDRESS: write_list,
    Kind.BODY: _write_body,
    Kind.PARAMETERS: _write_parameters,
    Kind.DISPOSITION: write_list,
    Kind.LANGUAGES: write_list,
}
