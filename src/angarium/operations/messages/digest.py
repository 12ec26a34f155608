"""The digest of a message that Cyrus's DIGEST=SHA1 tells."""

import asyncio
import hashlib
from typing import Final

from angarium.engine.interface import MessageFile

_SLICE_OCTETS: Final = 1 << 20
_INLINE_OCTETS: Final = 1 << 15
"""Hashed in some 20 µs, where the way to a thread and back takes as long."""


async def sha1_of_file(file: MessageFile) -> str:
    """SHA-1 of a whole message in hexadecimal digits; a long one is hashed in a thread."""
    if file.size_octets <= _INLINE_OCTETS:
        return hashlib.sha1(await file.read(0, file.size_octets), usedforsecurity=False).hexdigest()
    view = file.view()
    try:
        return await asyncio.to_thread(_sha1, view)
    finally:
        view.release()


def _sha1(view: memoryview) -> str:
    digest = hashlib.sha1(usedforsecurity=False)
    for offset in range(0, len(view), _SLICE_OCTETS):
        digest.update(view[offset : offset + _SLICE_OCTETS])
    return digest.hexdigest()
