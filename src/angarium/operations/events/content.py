"""How much of a message an event holds (`event_content_inclusion_mode`, RFC 5423 §5: messageContent)."""

from typing import Final

from angarium.config import ContentMode
from angarium.engine.interface import MessageFile

LIMIT_OCTETS: Final = 1 << 20
"""Whatever the option says: notifications are made in memory."""
_HEADER_END: Final = b"\r\n\r\n"


async def read_content(file: MessageFile, mode: ContentMode, size_octets: int) -> str | None:
    """The part of the message; None where the mode wants all or nothing, and it is too large.

    Octets that are not UTF-8 are replaced: JSON has none.
    """
    limit = min(size_octets or LIMIT_OCTETS, LIMIT_OCTETS)
    if mode is ContentMode.STANDARD and file.size_octets > limit:
        return None
    if mode in (ContentMode.STANDARD, ContentMode.MESSAGE):
        return _text(await file.read(0, limit))
    start = await file.read(0, LIMIT_OCTETS)
    header, end, _ = start.partition(_HEADER_END)
    header += end
    if mode is ContentMode.HEADER:
        return _text(header[:limit])
    body = await file.read(len(header), limit)
    return _text(body if mode is ContentMode.BODY else header + body)


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")
