"""Where a message ends, and which dots are not its own (RFC 5321 §4.5.2).

A message ends at `CRLF . CRLF` and nowhere else: two programs that disagree about `LF . LF` let a sender smuggle a
second message, envelope and all, through the first. So a dot counts behind CRLF only, for the end and for transparency
alike; behind a bare LF or CR it is content.

The work is done by searching whole chunks, not by line, so a line may be of any length, and nothing is held from one
chunk to the next but the four octets at most that may begin the end.
"""

import re
from typing import Final

_END: Final = b"\r\n.\r\n"
# On text of short lines `re` finds this in 15 us of 50 KB, `bytes.find` in 34.
_DOT: Final = re.compile(rb"\r\n\.")
_BEGINNINGS: Final = (_END[:4], _END[:3], _END[:2], _END[:1])


class DataDecoder:
    """Takes the octets that follow DATA, in chunks of any size; one object a message."""

    __slots__ = ("_held", "_is_first")

    def __init__(self) -> None:
        # A message begins at the beginning of a line: a CRLF in front makes that no case of its own.
        self._held = b"\r\n"
        self._is_first = True

    def decode(self, data: bytes) -> tuple[bytes, int | None]:
        """The content in `data` and what was held before, and the place in `data` behind the message where it ends."""
        held = len(self._held)
        if held:
            data = self._held + data
        # In most messages the one dot behind a CRLF is that of the end, and one search is all there is to do.
        match = _DOT.search(data)
        dotted = end = -1 if match is None else match.start()
        if match is not None and not data.startswith(b"\r\n", match.end()):
            end = data.find(_END, dotted)
        if end >= 0:
            return self._content(data[: end + 2], has_dots=end != dotted), end + len(_END) - held
        kept = next((len(each) for each in _BEGINNINGS if data.endswith(each)), 0)
        self._held = data[len(data) - kept :]
        return self._content(data[:-kept] if kept else data, has_dots=dotted >= 0), None

    def _content(self, data: bytes, *, has_dots: bool) -> bytes:
        content = data.replace(b"\r\n.", b"\r\n") if has_dots else data
        if self._is_first and content:
            self._is_first = False
            return content[2:]
        return content
