"""What the sender of a message wrote, without what was quoted (RFC 3676 §4.3, §4.5).

The signs are those that hold in every language: the `>` before a line, the `:` at the end of the words that introduce
it, and the `-- ` before a signature. Such words name a time or an address, or else say "wrote".
"""

import re

_MAX_LINES = 2_000
_ENOUGH_CHARACTERS = 1_000
_MAX_ATTRIBUTION_LINES = 3
_QUOTE_MARKS = re.compile(r"[> \t]+")
_RULE = re.compile(r"([-=_*#~+.])\1{2,}")
_NAMES_SOMEBODY = re.compile(r"[0-9@]|wrote:\Z")


def own_words(text: str) -> str:
    """Some of the first lines that are not quoted, or of the quoted ones where there are no others."""
    own: list[str] = []
    quoted: list[str] = []
    was_quoted = False
    size = 0
    for line in text.split("\n", _MAX_LINES)[:_MAX_LINES]:
        words = line.strip()
        is_quoted = words.startswith(">")
        if is_quoted:
            if not was_quoted:
                _drop_attribution(own)
            quoted.append(_QUOTE_MARKS.sub("", words, count=1))
        elif line.rstrip("\r") == "-- " and size:
            break
        elif not _RULE.fullmatch(words):
            own.append(words)
            size += len(words)
        if words:
            was_quoted = is_quoted
        if size >= _ENOUGH_CHARACTERS:
            break
    return "\n".join(own) if any(own) else "\n".join(quoted)


def _drop_attribution(own: list[str]) -> None:
    """Drops the last paragraph where it is short, ends with a colon, and tells a time, an address or who wrote."""
    end = len(own)
    while end and not own[end - 1]:
        end -= 1
    start = end
    while start and own[start - 1] and end - start <= _MAX_ATTRIBUTION_LINES:
        start -= 1
    paragraph = " ".join(own[start:end])
    if end - start <= _MAX_ATTRIBUTION_LINES and paragraph.endswith((":", "：")) and _NAMES_SOMEBODY.search(paragraph):
        del own[start:]
