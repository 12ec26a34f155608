"""What a search of a selected mailbox must give, by the flags that a client knows, and ESEARCH taken apart."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.server.clientmodel import Flags, check
from tests.server.imapwire import Response, Value, parse_uids, parse_values

KEYS: Final[Mapping[str, Callable[[Flags], bool]]] = {
    "ALL": lambda _: True,
    "SEEN": lambda flags: "\\Seen" in flags,
    "UNSEEN": lambda flags: "\\Seen" not in flags,
    "FLAGGED": lambda flags: "\\Flagged" in flags,
    "NOT DELETED": lambda flags: "\\Deleted" not in flags,
    "KEYWORD red": lambda flags: "red" in flags,
    "OR ANSWERED UNKEYWORD green": lambda flags: "\\Answered" in flags or "green" not in flags,
    "SINCE 1-Jan-2020": lambda _: True,
}
"""Search keys, and which messages they find."""


@dataclass(frozen=True, slots=True)
class Found:
    """An ESEARCH response."""

    found: tuple[int, ...]
    """ALL, in its order."""
    count: int | None
    least: int | None
    greatest: int | None


def parse_esearch(responses: Iterable[Response], tag: str) -> Found:
    """The one ESEARCH response to the command with this tag."""
    (response,) = [each for each in responses if each.octets.startswith(b"ESEARCH ")]
    _, correlator, *rest = parse_values(response.octets)
    check(correlator == [b"TAG", tag.encode()], f"ESEARCH of another command: {correlator!r}")
    words = rest[1:] if rest[:1] == [b"UID"] else rest
    values = {
        _text(name): _text(value) for name, value in zip(words[::2], words[1::2], strict=True) if name != b"MODSEQ"
    }
    numbers = {name: int(values[name]) for name in ("COUNT", "MIN", "MAX") if name in values}
    found = tuple(parse_uids(values["ALL"].encode())) if "ALL" in values else ()
    return Found(found, numbers.get("COUNT"), numbers.get("MIN"), numbers.get("MAX"))


def _text(value: Value) -> str:
    assert isinstance(value, bytes), value
    return value.decode()


def check_consistent(found: Found) -> None:
    """MIN, MAX and COUNT are those of ALL, where all were asked for."""
    check(len(set(found.found)) == len(found.found), f"ALL has messages twice: {found}")
    check(found.count in (None, len(found.found)), f"COUNT is not that of ALL: {found}")
    if found.found:
        check(found.least in (None, min(found.found)), f"MIN is not that of ALL: {found}")
        check(found.greatest in (None, max(found.found)), f"MAX is not that of ALL: {found}")
    else:
        check(found.least is None and found.greatest is None, f"MIN or MAX of nothing: {found}")
