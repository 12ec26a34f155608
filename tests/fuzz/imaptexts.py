"""Commands of IMAP to begin with: those of all transcripts, and the pieces that break them."""

import re
from pathlib import Path
from typing import Final

from tests.imap.commandtexts import FRAGMENTS as BREAKING
from tests.imap.transcript import Send, read_transcripts

_TRANSCRIPTS: Final = Path(__file__).parents[1] / "imap" / "transcripts"
_WORD: Final = re.compile(rb"[A-Za-z.=\\-]{3,}")
_LITERAL: Final = re.compile(rb"\{(\+?)\}\Z")


def _read_commands() -> list[bytes]:
    found: dict[bytes, None] = {}
    for path in sorted(_TRANSCRIPTS.glob("*.txt")):
        for step in read_transcripts(path)[0].steps:
            if isinstance(step, Send):
                _, _, text = step.text.encode().partition(b" ")
                literal = b"".join([line.encode() + b"\r\n" for line in step.literal or ()])
                text = _LITERAL.sub(b"{%d+}\r\n" % len(literal), text) + literal
                found[text] = None
    return list(found)


COMMANDS: Final = _read_commands()
"""Without tags."""
FRAGMENTS: Final = [
    *[fragment for fragment in BREAKING if len(fragment) < 60],
    *sorted({word for command in COMMANDS for word in _WORD.findall(command.partition(b"\r\n")[0])}),
]
