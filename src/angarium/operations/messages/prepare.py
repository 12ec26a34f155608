"""Parsing a message once, at its arrival, into what the store keeps of it."""

import hashlib

from angarium import mime
from angarium.engine.rows import Content, SearchFields
from angarium.operations.messages.slices import in_turns

_HASH_SLICE_OCTETS = 1 << 20


async def parse_message(view: memoryview, *, digest: bytes, limits: mime.Limits) -> tuple[Content, SearchFields]:
    """The parse of a whole message whose SHA-256 is `digest`; other tasks run between the scanner's slices."""
    scanned = await in_turns(mime.scan_in_slices(view, limits))
    return content_of(scanned, digest), search_fields_of(scanned)


def hash_message(view: memoryview) -> bytes:
    """SHA-256 of a whole message, for a thread where it is long; the interpreter lock is released within."""
    digest = hashlib.sha256()
    for offset in range(0, len(view), _HASH_SLICE_OCTETS):
        digest.update(view[offset : offset + _HASH_SLICE_OCTETS])
    return digest.digest()


def content_of(scanned: mime.ScannedMessage, digest: bytes) -> Content:
    """What FETCH answers from."""
    return Content(
        hash=digest,
        scanner_version=mime.SCANNER_VERSION,
        envelope=scanned.envelope,
        body=scanned.body,
        bodystructure=scanned.bodystructure,
        parts=mime.encode_parts(scanned.root, scanned.fields),
    )


def search_fields_of(scanned: mime.ScannedMessage) -> SearchFields:
    """What SEARCH, SORT and THREAD answer from."""
    return SearchFields(
        from_=scanned.from_,
        to=scanned.to,
        cc=scanned.cc,
        bcc=scanned.bcc,
        subject=scanned.subject,
        base_subject=scanned.base_subject,
        sent_s=scanned.sent_date,
        message_id=scanned.message_id or "",
        first_from=scanned.sort_from,
        first_to=scanned.sort_to,
        first_cc=scanned.sort_cc,
        references=scanned.references,
        is_reply=scanned.is_reply,
    )
