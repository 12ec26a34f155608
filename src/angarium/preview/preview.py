"""PREVIEW text of a message (RFC 8970 §3.3), made from its first text part."""

import re

from .htmltext import text_of_html
from .ownwords import own_words

MAX_SOURCE_CHARACTERS = 262_144
"""Of a text, no more than this is looked at; a caller need not decode more. Style sheets before the text are long."""

_MAX_WORDS_CHARACTERS = 16_384
"""Of words, what is not shown included."""
_MAX_CHARACTERS = 200
"""RFC 8970 §3.3."""
_LEAST_CHARACTERS = 160
"""A preview that is cut ends with a whole word, if one ends between here and there."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc\ud800-\udfff]+"
)
"""Controls, marks that turn the direction of what follows, and what only fills."""
_BLANK = re.compile("[\\s\u200b-\u200f\u2800\u3164]+")
"""White space, and characters without width: senders pad what a preview shows by hundreds of both in turn."""


def preview_text(text: str, *, is_html: bool) -> str:
    """The beginning of `text` on one line, at most 200 characters; `""` where nothing can be shown; never raises.

    What the sender wrote goes first: lines quoted from others, the line that says who wrote them, and the signature
    are left out, unless there is nothing else. The work is bounded, whatever the text.
    """
    source = text[:MAX_SOURCE_CHARACTERS]
    plain = text_of_html(source) if is_html else source
    words = own_words(plain)[:_MAX_WORDS_CHARACTERS]
    return _cut(_BLANK.sub(_one_space, _UNSEEN.sub("", words)).strip())


def _one_space(run: re.Match[str]) -> str:
    """A lone character without width may join letters, or the parts of one sign, and stays."""
    blank = run[0]
    if len(blank) == 1 and not blank.isspace():
        return blank
    return " "


def _cut(line: str) -> str:
    if len(line) <= _MAX_CHARACTERS:
        return line
    end = line.rfind(" ", _LEAST_CHARACTERS, _MAX_CHARACTERS + 1)
    return line[: end if end > 0 else _MAX_CHARACTERS].rstrip()
