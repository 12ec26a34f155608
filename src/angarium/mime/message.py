"""What the store keeps of a message, got in one scan."""

from collections.abc import Generator
from typing import NamedTuple

from .address import Address
from .basesubject import base_subject
from .casemap import fold, merge_spaces
from .charset import decode_unlabelled
from .date import parse_date
from .encodedword import decode_unfolded
from .envelope import serialize_envelope, text_field
from .header import HeaderFields
from .limits import DEFAULT_LIMITS, Limits, MessageBuffer
from .messageid import parse_message_ids
from .part import Part
from .scanner import PartScanner

SCANNER_VERSION = 1
"""Raised with every change of what a scan yields; what an older version stored is scanned again when read."""

_LARGE_HEADER = 16_384
"""Octets from which reading the fields takes long enough to be sliced."""


class ScannedMessage(NamedTuple):
    """`envelope`, `body` and `bodystructure` are what FETCH sends after the item's name.

    Subject and address lists are decoded, folded (`casemap.fold`) and without runs of spaces, for comparison only.
    Message ids are normalized and without angle brackets.
    """

    envelope: bytes
    body: bytes
    bodystructure: bytes
    root: Part
    fields: HeaderFields
    subject: str
    base_subject: str
    is_reply: bool
    """The subject had a mark of a reply or forward (RFC 5256 §3, THREAD=REFERENCES)."""

    from_: str
    to: str
    cc: str
    bcc: str
    sort_from: str
    sort_to: str
    sort_cc: str
    """The mailbox, without host, of the first address, folded (RFC 5256 §3)."""

    sent_date: int | None
    """Seconds since 1970 in UTC; None where the internal date stands for it (RFC 5256 §2.2)."""

    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    """The ancestors, oldest first, of References, or the first of In-Reply-To (RFC 5256 §3)."""

    resent_message_id: str | None


def scan(message: MessageBuffer, limits: Limits = DEFAULT_LIMITS) -> ScannedMessage:
    """Everything about a message, of any octets, in time linear in them; never raises."""
    slices = scan_in_slices(message, limits)
    while True:
        try:
            next(slices)
        except StopIteration as done:
            result: ScannedMessage = done.value
            return result


def scan_in_slices(message: MessageBuffer, limits: Limits = DEFAULT_LIMITS) -> Generator[None, None, ScannedMessage]:
    """`scan` that yields after some 2 ms of work at most, so that an event loop may do other things between.

    The message must not change meanwhile. A long one is not copied: an mmap of any size costs no memory.
    """
    scanner = PartScanner(message, limits)
    yield from scanner.run()
    header = scanner.header
    envelope = scanner.envelope
    octets = limits.field_octets
    is_large = scanner.root.header_size > _LARGE_HEADER
    lists: list[str] = []
    for field in (envelope.from_, envelope.to, envelope.cc, envelope.bcc):
        lists.append(merge_spaces(fold(decode_unfolded(field.value))) if field.value else "")
        if is_large:
            yield
    subject = decode_unfolded(envelope.subject or b"")
    base = base_subject(subject)
    if is_large:
        yield
    in_reply_to = parse_message_ids(envelope.in_reply_to or b"")
    references = parse_message_ids(text_field(header, b"references", octets) or b"") or in_reply_to[:1]
    if is_large:
        yield
    return ScannedMessage(
        envelope=serialize_envelope(envelope),
        body=scanner.structure.body,
        bodystructure=scanner.structure.bodystructure,
        root=scanner.root,
        fields=header.fields,
        subject=merge_spaces(fold(subject)),
        base_subject=fold(base.text),
        is_reply=base.is_reply,
        from_=lists[0],
        to=lists[1],
        cc=lists[2],
        bcc=lists[3],
        sort_from=_first_mailbox(envelope.from_.addresses),
        sort_to=_first_mailbox(envelope.to.addresses),
        sort_cc=_first_mailbox(envelope.cc.addresses),
        sent_date=parse_date(envelope.date or b""),
        message_id=_first_id(envelope.message_id),
        in_reply_to=tuple(in_reply_to),
        references=tuple(references),
        resent_message_id=_first_id(text_field(header, b"resent-message-id", octets)),
    )


def _first_mailbox(addresses: list[Address]) -> str:
    return fold(decode_unlabelled(addresses[0].mailbox or b"")) if addresses else ""


def _first_id(value: bytes | None) -> str | None:
    ids = parse_message_ids(value) if value else []
    return ids[0] if ids else None
