"""A message that is sent on: what stands in front of it, from whom it comes, and what is asked of its way.

The message itself is not touched (RFC 5228 §4.2); only what our own delivery said first, its Return-Path, is left out,
since the next delivery says that anew. Received was added when the message came.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from angarium.compose.fields import structured_field
from angarium.compose.srs import Rewriter

_RETURN_PATH: Final = re.compile(rb"(?:return-path[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*)+", re.IGNORECASE)
_SECONDS: Final = re.compile(r"\d{1,9}")
_BY_SECONDS_MAX: Final = 999_999_999
"""RFC 2852 §4: nine digits."""


@dataclass(frozen=True, slots=True)
class RedirectedHead:
    """What stands in front, and where in the message the rest begins."""

    octets: bytes
    offset: int


def redirected_head(message: bytes, *, owner: str) -> RedirectedHead:
    """Of the first octets of a message as it was delivered, for the user `owner`, whose stamp tells her script the
    message when it comes back."""
    found = _RETURN_PATH.match(message)
    head = structured_field("X-Sieve-Action", "redirect") + structured_field("X-Sieve-Redirected-From", owner)
    return RedirectedHead(head, found.end() if found else 0)


def redirected_sender(sender: str, *, owner: str, wants_reports: bool, rewriter: Rewriter | None, now_s: int) -> str:
    """The reverse-path of a message that is sent on: none where it had none (RFC 5228 §4.2), the owner of the script
    where she asked for reports (RFC 6009 §6.1, §7.1), else its own, rewritten if the site wants that."""
    if not sender:
        return ""
    if wants_reports:
        return owner
    return rewriter.forward(sender, now_s=now_s) if rewriter is not None else sender


def redirected_parameters(
    *,
    notify: str | None,
    ret: str | None,
    by_time: str | None,
    by_mode: str,
    by_trace: bool,
    moment: datetime,
) -> tuple[tuple[str, str], ...]:
    """What the script asks of SMTP (RFC 6009 §6, §7). ValueError where `by_time` is neither seconds nor a time."""
    parameters: list[tuple[str, str]] = []
    if notify:
        parameters.append(("NOTIFY", notify.upper()))
    if ret:
        parameters.append(("RET", ret.upper()))
    if by_time:
        mode = (by_mode or "R").upper()[0]
        parameters.append(("BY", f"{_by_seconds(by_time, mode, moment)};{mode}{'T' if by_trace else ''}"))
    return tuple(parameters)


def _by_seconds(by_time: str, mode: str, moment: datetime) -> int:
    if _SECONDS.fullmatch(by_time):
        seconds = int(by_time)
    else:
        then = datetime.fromisoformat(by_time)
        if then.tzinfo is None:
            raise ValueError("a time needs its zone")
        seconds = int((then - moment).total_seconds())
    # RFC 2852 §4: with `R` it must be positive, and one that is over has no time left.
    least = 1 if mode == "R" else -_BY_SECONDS_MAX
    return max(least, min(seconds, _BY_SECONDS_MAX))
