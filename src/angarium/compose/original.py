"""The message on whose account something is sent, as far as its header tells."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from angarium import mime
from angarium.compose.fields import one_line
from angarium.mime.header import HeaderBlock

HEADER_OCTETS_MAX: Final = 256 * 1024
"""As far as a header is read: what matters here stands near its beginning, and the reading takes some milliseconds."""
HEADER_LINES_MAX: Final = 10_000
SUBJECT_CHARACTERS_MAX: Final = 500
REFERENCES_MAX: Final = 20
RETURNED_OCTETS_MAX: Final = 64 * 1024

_QUOTED: Final = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*+"'
_MESSAGE_ID: Final = re.compile(rf"<((?:{_QUOTED}|[\x21\x23-\x3b=\x3f-\x7e])++)>")
_COMMENT: Final = re.compile(r"\([^()]*\)")
_RECIPIENT_FIELDS: Final = (b"to", b"cc", b"bcc", b"resent-to", b"resent-cc", b"resent-bcc")
ADDRESSES_MAX: Final = 1000
"""Mail to more than so many is to nobody in particular."""


class Original:
    """A header block, read as far as it is asked."""

    def __init__(self, header: bytes) -> None:
        self.header = header[:HEADER_OCTETS_MAX]
        """As it was delivered, without the empty line."""
        self._block = HeaderBlock(self.header, HEADER_LINES_MAX)

    @cached_property
    def message_id(self) -> str:
        """Without its angle brackets; empty where there is none that could be repeated in a field."""
        found = self._message_ids(b"message-id")
        return found[0] if found else ""

    @cached_property
    def references(self) -> tuple[str, ...]:
        """What an answer refers to (RFC 5322 §3.6.4): the ids of References, or the only one of In-Reply-To, then the
        message's own. Of many, the first and the last ones."""
        found = self._message_ids(b"references")
        if not found:
            answered = self._message_ids(b"in-reply-to")
            found = answered if len(answered) == 1 else []
        if len(found) >= REFERENCES_MAX:
            found = [found[0], *found[len(found) - REFERENCES_MAX + 2 :]]
        return tuple([*found, self.message_id] if self.message_id else found)

    @cached_property
    def subject(self) -> str:
        """Decoded and on one line; empty where there is none."""
        return one_line(mime.decode_header(self._block.first(b"subject") or b""))[:SUBJECT_CHARACTERS_MAX].strip()

    @cached_property
    def from_(self) -> str:
        """Decoded and on one line."""
        return one_line(mime.decode_header(self._block.first(b"from") or b""))[:SUBJECT_CHARACTERS_MAX].strip()

    @cached_property
    def is_automatic(self) -> bool:
        """Whether Auto-Submitted says anything but `no` (RFC 3834 §5)."""
        return any(keyword != "no" for keyword in self.keywords(b"auto-submitted"))

    def keywords(self, name: bytes) -> list[str]:
        """The first word of each field of this name, in lower case, without comments and parameters."""
        texts = [mime.unfold(value).decode("ascii", "replace") for value in self._block.all(name)]
        return [_COMMENT.sub(" ", text).partition(";")[0].strip().lower() for text in texts]

    def has(self, name: bytes) -> bool:
        """Whether there is a field of this lower-case name."""
        return self._block.first(name) is not None

    def count(self, name: bytes) -> int:
        return len(self._block.all(name))

    def texts(self, name: bytes) -> list[str]:
        """The values of all fields of this name, unfolded."""
        return [mime.unfold(value).decode("utf-8", "replace") for value in self._block.all(name)]

    def recipients(self) -> Iterator[str]:
        """The addresses of To, Cc, Bcc and their resent forms, in lower case."""
        for name in _RECIPIENT_FIELDS:
            for value in self._block.all(name):
                for each in mime.parse_addresses(mime.unfold(value[:RETURNED_OCTETS_MAX]), ADDRESSES_MAX):
                    if each.mailbox is not None and each.host is not None:
                        yield (each.mailbox + b"@" + each.host).decode("utf-8", "replace").lower()

    @property
    def returned(self) -> bytes:
        """The header as it goes back to its sender: whole fields, of a bounded size."""
        if len(self.header) <= RETURNED_OCTETS_MAX:
            return self.header
        fields = self._block.fields
        end = max((each for each in fields.ends if each <= RETURNED_OCTETS_MAX), default=0)
        return self.header[:end]

    def _message_ids(self, name: bytes) -> list[str]:
        value = self._block.first(name)
        if value is None:
            return []
        return _MESSAGE_ID.findall(mime.unfold(value[:RETURNED_OCTETS_MAX]).decode("ascii", "replace"))


def header_of(octets: bytes) -> bytes:
    """What stands before the first empty line of a message."""
    if octets.startswith(b"\r\n"):
        return b""
    end = octets.find(b"\r\n\r\n")
    return octets if end < 0 else octets[: end + 2]
