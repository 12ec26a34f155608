"""PREVIEW (RFC 8970): which parts of a message a reader would see first, and the beginning of what they say."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Final

from angarium import mime
from angarium.engine.interface import MessageFile
from angarium.preview import MAX_SOURCE_CHARACTERS, preview_text

_MAX_PART_OCTETS: Final = 1 << 19
"""Of an encoded part no more is read."""
_INLINE_OCTETS: Final = 1 << 14
"""A part of this size is made into a preview in a millisecond or two."""
_MAX_PARTS: Final = 3
"""So many are looked into where the first say nothing."""

_ENCRYPTED: Final = frozenset(
    {
        ("MULTIPART", "ENCRYPTED"),
        ("APPLICATION", "PKCS7-MIME"),
        ("APPLICATION", "X-PKCS7-MIME"),
        ("APPLICATION", "PGP-ENCRYPTED"),
    }
)
_TEXTS: Final = ("PLAIN", "HTML")
_PGP_MESSAGE: Final = "-----BEGIN PGP MESSAGE-----"


def readable_parts(root: mime.Part) -> Iterator[mime.Part]:
    """The text parts that a reader would see, first ones first; of alternatives the plain text before HTML.

    Attachments and attached messages are passed over, and what is encrypted ends it (RFC 8970 §3.2).
    """
    waiting = [root]
    while waiting:
        part = waiting.pop()
        if (part.type, part.subtype) in _ENCRYPTED:
            return
        if part.is_multipart:
            waiting.extend(reversed(_children_to_read(part)))
        elif part.type == "TEXT" and part.subtype in _TEXTS and part.disposition != "ATTACHMENT":
            yield part


def _children_to_read(part: mime.Part) -> list[mime.Part]:
    if part.subtype != "ALTERNATIVE":
        return list(part.children)
    return sorted(part.children, key=lambda child: (child.type, child.subtype) != ("TEXT", "PLAIN"))


async def make_preview(file: MessageFile, root: mime.Part) -> str:
    """The preview of a message, `""` where it has none; long parts are read in a thread."""
    for part in islice(readable_parts(root), _MAX_PARTS):
        octets = await file.read(part.body_offset, min(part.body_size, _MAX_PART_OCTETS))
        if len(octets) <= _INLINE_OCTETS:
            text = _preview_of(octets, part)
        else:
            text = await asyncio.to_thread(_preview_of, octets, part)
        if text:
            return text
    return ""


def _preview_of(octets: bytes, part: mime.Part) -> str:
    if len(octets) < part.body_size:
        # The last character may be cut, and an unlabelled text would be taken for another charset's for it.
        text = "".join(mime.decode_text_in_chunks((octets,), part.encoding, part.charset))
    else:
        text = mime.decode_text(octets, part.encoding, part.charset)
    if text.startswith(_PGP_MESSAGE):
        return ""
    return preview_text(text[:MAX_SOURCE_CHARACTERS], is_html=part.subtype == "HTML")
