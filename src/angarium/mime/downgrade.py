"""ENVELOPE, BODY and BODYSTRUCTURE for clients that know no UTF-8 in headers (RFC 9755 §9, RFC 6855 §8, RFC 6858).

They are made from what the scanner has made ready, when such a client asks; the message itself stays as it is. Text
becomes encoded words, an address that is not ASCII one that nobody has (RFC 6858 §2.1), and what cannot be said
otherwise is left out (§2.4). Parameters are kept as RFC 2231 §4 has them, where RFC 6858 §2.2 would drop the names of
attachments.
"""

import binascii
from collections.abc import Generator, Iterator, Sequence
from typing import Final
from urllib.parse import quote

from .encodedword import decode_unfolded
from .imapstring import string
from .parameters import decode_parameter
from .rewriting import Elements, Kind, Writers, is_list, octets_of, rewrite_each, subtype_at, write_joined, write_list

_NIL: Final = b"NIL"
_INVALID: Final = (b'"invalid"', b'"internationalized-address.invalid"')
"""Mailbox and host of no address; nobody has a name below `.invalid`."""

_GLOBAL: Final = b'"MESSAGE" "GLOBAL" '

_LOOKED_AT: Final = 32

_WORD_OCTETS: Final = 45
"""Of text in one encoded word, which has 75 octets at the most (RFC 2047 §2)."""


def downgrade_envelopes(envelopes: Sequence[bytes]) -> Generator[None, None, list[bytes] | None]:
    """Serialized ENVELOPEs in ASCII; None where all of them are. Yields after every few kilobytes."""
    if all(map(bytes.isascii, envelopes)):
        return None
    return (yield from rewrite_each(envelopes, Kind.ENVELOPE, _WRITERS, bytes.isascii))


def downgrade_bodies(bodies: Sequence[bytes]) -> Generator[None, None, list[bytes] | None]:
    """Serialized BODYs or BODYSTRUCTUREs in ASCII, and message/global without a structure of its own, of which RFC 3501
    §9 knows nothing; None where nothing is to be done. Yields after every few kilobytes."""
    # A few at a time are looked at faster than each, and all together take memory that is new each time.
    together = (b"".join(bodies[start : start + _LOOKED_AT]) for start in range(0, len(bodies), _LOOKED_AT))
    if all(map(_is_plain_body, together)):
        return None
    return (yield from rewrite_each(bodies, Kind.BODY, _WRITERS, _is_plain_body))


def _is_plain_body(body: bytes) -> bool:
    return body.isascii() and _GLOBAL not in body


# What is written


def _write_envelope(elements: Elements) -> bytes:
    date, subject, *addresses, in_reply_to, message_id = elements
    return write_list([_or_nil(date), _text(subject), *addresses, _or_nil(in_reply_to), _or_nil(message_id)])


def _write_address(elements: Elements) -> bytes:
    name, route, mailbox, host = elements
    if host == _NIL:  # the beginning or the end of a group (RFC 9051 §7.5.2)
        return write_list([name, route, _text(mailbox), host])
    if mailbox.isascii() and host.isascii():
        return write_list([_text(name), _or_nil(route), mailbox, host])
    shown = _text(name) if name != _NIL else _encoded_words(f"{_decoded(mailbox)}@{_decoded(host)}")
    return write_list([shown, _NIL, *_INVALID])


def _write_body(elements: Elements) -> bytes:
    if is_list(elements[0]):
        place = subtype_at(elements)
        return b"(%b %b)" % (b"".join(elements[:place]), b" ".join(map(_or_nil, elements[place:])))
    type_, subtype, parameters, identifier, description, *rest = elements
    if subtype == b'"GLOBAL"' and len(rest) > 2 and is_list(rest[2]):
        del rest[2:5]
    basic = [type_, subtype, parameters, _or_nil(identifier), _text(description)]
    return write_list([*basic, *map(_or_nil, rest)])


def _write_parameters(elements: Elements) -> bytes:
    pairs = zip(elements[::2], elements[1::2], strict=True)
    shown = [element for name, value in pairs for element in _parameter(name, value)]
    return write_list(shown) if shown else _NIL


def _write_languages(elements: Elements) -> bytes:
    shown = [language for language in elements if language.isascii()]
    return write_list(shown) if shown else _NIL


_WRITERS: Final[Writers] = {
    Kind.ENVELOPE: _write_envelope,
    Kind.ADDRESSES: write_joined,
    Kind.ADDRESS: _write_address,
    Kind.BODY: _write_body,
    Kind.PARAMETERS: _write_parameters,
    Kind.DISPOSITION: write_list,
    Kind.LANGUAGES: _write_languages,
}


def _parameter(name: bytes, value: bytes) -> Iterator[bytes]:
    if value.isascii() and name.isascii():
        yield from (name, value)
    elif name.isascii():
        shown_name = octets_of(name)
        _, text = decode_parameter(shown_name, octets_of(value))
        yield string(shown_name.rstrip(b"*") + b"*")
        yield string(b"utf-8''" + quote(text, safe="").encode("ascii"))


def _or_nil(element: bytes) -> bytes:
    return element if element.isascii() else _NIL


def _text(element: bytes) -> bytes:
    return element if element.isascii() else _encoded_words(_decoded(element))


def _encoded_words(text: str) -> bytes:
    """A string of encoded words (RFC 2047 §2), none of which begins or ends within a character (§5)."""
    pieces: list[bytes] = [b""]
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(pieces[-1]) + len(octets) > _WORD_OCTETS:
            pieces.append(b"")
        pieces[-1] += octets
    return string(b" ".join([b"=?UTF-8?B?%b?=" % binascii.b2a_base64(piece, newline=False) for piece in pieces]))


def _decoded(element: bytes) -> str:
    return decode_unfolded(octets_of(element))
