"""The base subject by which SORT and THREAD compare (RFC 5256 §2.1, grammar in §5).

Positions move over one text, which is not copied, so that a subject made of markers alone costs its length.
"""

import re
from dataclasses import dataclass

_WHITE_SPACE = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")
_BLOBS = re.compile(r"(?:\[[^\[\]]*+\] *+)*+")
_REFWD = re.compile(r"(?:re|fwd?) *+(?:\[[^\[\]]*+\] *+)?:", re.IGNORECASE | re.ASCII)
_FORWARD_HEADER = re.compile(r"\[fwd:", re.IGNORECASE | re.ASCII)
_TRAILER = re.compile(r"\(fwd\)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class BaseSubject:
    """`is_reply` where a mark of a reply or a forward was removed, as THREAD=REFERENCES asks (RFC 5256 §3)."""

    text: str
    is_reply: bool


def base_subject(subject: str) -> BaseSubject:
    """The base of a decoded subject, in its own case."""
    text = _WHITE_SPACE.sub(" ", subject)
    start, end = 0, len(text)
    is_reply = False
    while True:
        trimmed_end = _skip_trailers(text, start, end)
        is_reply |= text[trimmed_end:end].strip(" ") != ""
        end = trimmed_end
        start, marked = _skip_leaders(text, start, end)
        is_reply |= marked
        if end - start < 6 or text[end - 1] != "]" or not _FORWARD_HEADER.match(text, start, end):
            return BaseSubject(text[start:end], is_reply)
        is_reply = True
        start += 5
        end -= 1


def _skip_trailers(text: str, start: int, end: int) -> int:
    while end > start:
        if text[end - 1] == " ":
            end -= 1
        elif end - start >= 5 and _TRAILER.match(text, end - 5, end):
            end -= 5
        else:
            break
    return end


def _skip_leaders(text: str, start: int, end: int) -> tuple[int, bool]:
    """Steps 3 to 5: blobs before a "re:" go with it; others go while something is left."""
    marked = False
    while True:
        while start < end and text[start] == " ":
            start += 1
        blobs = _BLOBS.match(text, start, end)
        after_blobs = blobs.end() if blobs else start
        mark = _REFWD.match(text, after_blobs, end)
        if mark:
            marked = True
            start = mark.end()
            continue
        if after_blobs < end:
            return after_blobs, marked
        last = text.rfind("[", start, end)  # nothing but blobs: the last one is the subject
        return (max(start, last)), marked
