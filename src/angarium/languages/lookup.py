"""Which of the languages that there are a client means (RFC 5255 §3.2, RFC 6856 §3.2)."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

I_DEFAULT: Final = "i-default"
"""English for those who have not said what they speak (RFC 2277 §4.5): a session without a Language."""

_RANGE: Final = re.compile(r"[a-z]{1,8}(?:-[a-z0-9]{1,8})*|\*", re.IGNORECASE)


class RangeInvalid(ValueError):
    """What should be a language range is none (RFC 4647 §2.1)."""


def choose_tag(ranges: Sequence[str], tags: Sequence[str], *, preferred: str) -> str | None:
    """The one of `tags` for the first range that there is a language for, None where there is none for any.
    RangeInvalid.

    `de-AT` finds `de` where nothing closer is there: the lookup of RFC 4647 §3.4, as in RFC 5255's examples. `default`
    stands for `preferred`, and so does a last `*`.
    """
    for each in ranges:
        if _RANGE.fullmatch(each) is None:
            raise RangeInvalid(each)
    folded = {tag.lower(): tag for tag in tags}
    for index, each in enumerate(ranges):
        stands_for_any = each == "*" and index == len(ranges) - 1
        tag = preferred if stands_for_any or each.lower() == "default" else _look_up(each, folded)
        if tag is not None:
            return tag
    return None


def _look_up(language_range: str, folded: Mapping[str, str]) -> str | None:
    subtags = language_range.lower().split("-")
    while subtags:
        tag = folded.get("-".join(subtags))
        if tag is not None:
            return tag
        subtags.pop()
        if subtags and len(subtags[-1]) == 1:
            subtags.pop()  # it only begins what has just gone
    return None
