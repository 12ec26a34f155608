"""A message as DATA has it (RFC 5321 §4.5.2), chunk by chunk."""

from collections.abc import Iterable, Iterator
from typing import Final

_LINE_FEED: Final = b"\n"


def stuffed(chunks: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """The octets with a dot more where a line begins with one, then the line that ends them. Where a line has no end at
    the end of the message it gets one, since else the last dot would belong to it."""
    last = _LINE_FEED
    tail = b"\r\n"
    for chunk in chunks:
        octets = bytes(chunk)
        if not octets:
            continue
        first = b"." if last == _LINE_FEED and octets.startswith(b".") else b""
        yield first + octets.replace(b"\n.", b"\n..")
        last = octets[-1:]
        tail = (tail + octets[-2:])[-2:]
    yield b".\r\n" if tail == b"\r\n" else b"\r\n.\r\n"
