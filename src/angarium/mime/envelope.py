"""ENVELOPE: the digest of a message's header (RFC 9051 §7.5.2)."""

from collections.abc import Generator
from typing import NamedTuple

from .address import Address, parse_addresses, parse_addresses_in_slices
from .encodedword import unfold
from .header import HeaderBlock
from .imapstring import nstring, string
from .limits import Limits

_SHORT = 4096
"""Octets of a list that is read in one slice."""


class AddressField(NamedTuple):
    """All fields of one name: their unfolded `value` as one list, and what it holds."""

    value: bytes
    addresses: list[Address]


_ADDRESS_FIELDS = (b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc")
_NO_ADDRESSES = AddressField(b"", [])


class Envelope(NamedTuple):
    """The unfolded fields that ENVELOPE is made of; None for a field that is not there.

    Of a text field that comes twice the first counts; address fields of one name are read as one list.
    """

    date: bytes | None
    subject: bytes | None
    from_: AddressField
    sender: AddressField
    reply_to: AddressField
    to: AddressField
    cc: AddressField
    bcc: AddressField
    in_reply_to: bytes | None
    message_id: bytes | None


def read_envelope(header: HeaderBlock, limits: Limits) -> Generator[None, None, Envelope]:
    """Reads a header, within the limits of each field."""
    field_octets = limits.field_octets
    lists: list[AddressField] = []
    for name in _ADDRESS_FIELDS:
        if header.first(name) is None:
            lists.append(_NO_ADDRESSES)
            continue
        value = _address_value(header, name, field_octets)
        if len(value) <= _SHORT:
            lists.append(AddressField(value, parse_addresses(value, limits.addresses)))
        else:
            lists.append(AddressField(value, (yield from parse_addresses_in_slices(value, limits.addresses))))
    from_, sender, reply_to, to, cc, bcc = lists
    return Envelope(
        date=text_field(header, b"date", field_octets),
        subject=text_field(header, b"subject", field_octets),
        from_=from_,
        sender=sender,
        reply_to=reply_to,
        to=to,
        cc=cc,
        bcc=bcc,
        in_reply_to=text_field(header, b"in-reply-to", field_octets),
        message_id=text_field(header, b"message-id", field_octets),
    )


def text_field(header: HeaderBlock, name: bytes, field_octets: int) -> bytes | None:
    """The unfolded value of the first field of this name."""
    value = header.first(name)
    return None if value is None else unfold(value[:field_octets])


def _address_value(header: HeaderBlock, name: bytes, field_octets: int) -> bytes:
    """All fields of a name as one list; one that is too long ends with a whole address."""
    value = b",".join([unfold(value) for value in header.all(name)])
    if len(value) > field_octets:
        value = value[:field_octets].rpartition(b",")[0]
    return value


def serialize_envelope(envelope: Envelope) -> bytes:
    """The parenthesised list; Sender and Reply-To are those of From where the message has none."""
    from_ = _serialize_addresses(envelope.from_.addresses)
    return b"(%b %b %b %b %b %b %b %b %b %b)" % (
        nstring(envelope.date),
        nstring(envelope.subject),
        from_,
        _serialize_addresses(envelope.sender.addresses, missing=from_),
        _serialize_addresses(envelope.reply_to.addresses, missing=from_),
        _serialize_addresses(envelope.to.addresses),
        _serialize_addresses(envelope.cc.addresses),
        _serialize_addresses(envelope.bcc.addresses),
        nstring(envelope.in_reply_to),
        nstring(envelope.message_id),
    )


def _serialize_addresses(addresses: list[Address], *, missing: bytes = b"NIL") -> bytes:
    if not addresses:
        return missing
    # As Cyrus does, without spaces between the addresses (RFC 9051 §9, env-from).
    return b"(%b)" % b"".join([_serialize_address(*address) for address in addresses])


def _serialize_address(name: bytes | None, route: bytes | None, mailbox: bytes | None, host: bytes | None) -> bytes:
    if host is None:
        return b"(NIL NIL %b NIL)" % nstring(mailbox)
    shown_name = b"NIL" if name is None else string(name)
    shown_route = b"NIL" if route is None else string(route)
    return b"(%b %b %b %b)" % (shown_name, shown_route, string(mailbox or b""), string(host))
