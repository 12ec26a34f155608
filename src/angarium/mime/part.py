"""The part tree of a message: what each body part is, and where its octets stand in the file."""

from collections.abc import Iterator
from typing import NamedTuple


class Part(NamedTuple):
    """One body part, or the message itself, which is the root; offsets and sizes are octets of the message.

    A named tuple, since they are made by the thousand at each delivery and search and a frozen dataclass costs four
    times as much to make.

    `children` are the parts of a multipart, or the one message inside a message/rfc822 or message/global; an
    encapsulated message that is not taken apart is a leaf of type application/octet-stream.
    """

    number: tuple[int, ...]
    """As in BODY[1.2] (RFC 9051 §6.4.5.1). The root of a multipart message has none; that of an encapsulated
    multipart has the number of the part it stands in."""

    header_offset: int
    header_size: int
    """With the empty line that ends it."""

    body_offset: int
    body_size: int
    lines: int
    """Line ends in the body; counted for text and messages, 0 for others."""

    type: str
    subtype: str
    """Both in capitals."""

    encoding: str
    """Content-Transfer-Encoding in capitals, 7BIT where it says none."""

    charset: str
    """In lower case; empty where the part names none."""

    disposition: str
    """In capitals; empty without one."""

    filename: str
    """Decoded, of the disposition, or else the name of the content type; empty without one."""

    content_id: str
    parameters: tuple[tuple[str, str], ...]
    """Of the content type, decoded, names in lower case."""

    children: tuple["Part", ...]

    @property
    def is_multipart(self) -> bool:
        return self.type == "MULTIPART"

    @property
    def is_message(self) -> bool:
        """An encapsulated message that was taken apart."""
        return self.type == "MESSAGE" and bool(self.children)

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, in their order in the message."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))
