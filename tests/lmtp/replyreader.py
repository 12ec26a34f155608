"""A strict reader of what an LMTP server says (RFC 5321 §4.2, RFC 2034 §4, RFC 2033 §4)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE = re.compile(rb"([2-5][0-5][0-9])([ -])(?:([245]\.[0-9]{1,3}\.[0-9]{1,3}) )?([\t -~]+)\r\n")
_LINE_OCTETS = 512
"""RFC 5321 §4.5.3.1.5."""


@dataclass(frozen=True, slots=True)
class ReadReply:
    """One reply."""

    code: int
    enhanced: str
    """Empty without one."""
    texts: tuple[str, ...]


def read_replies(octets: bytes) -> list[ReadReply]:
    """All of what a server said, greeting first. AssertionError for whatever is no reply."""
    replies: list[ReadReply] = []
    lines: list[re.Match[bytes]] = []
    for line in _lines(octets):
        lines.append(line)
        if line[2] == b" ":
            replies.append(_reply(lines))
            lines = []
    assert not lines, lines
    return replies


def _lines(octets: bytes) -> Iterator[re.Match[bytes]]:
    position = 0
    while position < len(octets):
        line = _LINE.match(octets, position)
        assert line is not None, octets[position : position + 200]
        assert line.end() - position <= _LINE_OCTETS
        yield line
        position = line.end()


def _reply(lines: list[re.Match[bytes]]) -> ReadReply:
    (code,) = {line[1] for line in lines}
    (enhanced,) = {line[3] for line in lines}
    if enhanced is not None:
        assert enhanced[:1] == code[:1]
    else:
        # RFC 2034 §4: greeting and answer to LHLO have none, nor has what asks for more.
        assert code in (b"220", b"250", b"354")
    return ReadReply(int(code), (enhanced or b"").decode(), tuple([line[4].decode() for line in lines]))
