"""What the change log keeps of a change beside who made it, as values: `ChangeRow.before` of those operations that more
is told of than what was before. Every engine writes these forms, and whoever tells of changes reads them.

The forms of the other operations are plain: `{"name": ...}`, `{"acl": ..., "became": ...}`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from angarium.engine.rows import AccountId, MailboxId, QuotaResource, QuotaRow
from angarium.sequenceset import UidSet

_to_json: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class FlagsChange:
    """Messages whose flags were equal and are equal again: bits of SystemFlags, and of the mailbox's keywords."""

    uids: UidSet
    system_before: int
    system_after: int
    keywords_before: int
    keywords_after: int


@dataclass(frozen=True, slots=True)
class SeenChange:
    """What a reader with a seen state of her own has seen newly, or not any more."""

    reader: AccountId | None
    seen: UidSet
    unseen: UidSet


@dataclass(frozen=True, slots=True)
class Copy:
    """Where copies come from; a move's expunge is the line behind."""

    source: MailboxId
    uids: UidSet
    is_move: bool

    def serialize(self) -> str:
        form: dict[str, object] = {"source": self.source, "uids": _text(self.uids)}
        return _to_json(form | {"move": True} if self.is_move else form)

    @classmethod
    def parse(cls, before: str) -> Self:
        form = parse_form(before)
        return cls(MailboxId(str(form.get("source", ""))), _uids(form.get("uids")), is_move=bool(form.get("move")))


@dataclass(frozen=True, slots=True)
class Source:
    """The mailbox of another account that added messages were copied from."""

    mailbox: MailboxId

    def serialize(self) -> str:
        return _to_json({"source": self.mailbox})

    @classmethod
    def parse(cls, before: str) -> Self | None:
        """None where a line tells of no copies."""
        source = parse_form(before).get("source")
        return None if source is None else cls(MailboxId(str(source)))


@dataclass(frozen=True, slots=True)
class Room:
    """There is room again in a quota root, by what went, of resources of which there was none."""

    root: str
    resources: tuple[str, ...]

    def serialize(self) -> str:
        return _to_json({"root": self.root, "room": self.resources})

    @classmethod
    def parse(cls, before: str) -> Self | None:
        """None where a line tells of no such thing."""
        form = parse_form(before)
        return cls(str(form.get("root", "")), tuple(form["room"])) if form.get("room") else None


@dataclass(frozen=True, slots=True)
class QuotaChange:
    """A quota root that was made, changed or removed; limits in the units of RFC 9208 §5, None where there is none."""

    root: str
    limits: Mapping[str, int] | None
    became: Mapping[str, int] | None
    used: Mapping[str, int]
    """In octets where it is storage."""

    @classmethod
    def of(cls, root: str, before: QuotaRow | None, became: Mapping[QuotaResource, int] | None) -> Self:
        """The change of a root that was `before`."""
        return cls(
            root,
            None if before is None else _by_name(before.limits),
            None if became is None else _by_name(became),
            {} if before is None else _by_name(before.used),
        )

    def serialize(self) -> str:
        return _to_json(
            {"root": self.root, "limits": _plain(self.limits), "became": _plain(self.became), "used": dict(self.used)}
        )

    @classmethod
    def parse(cls, before: str) -> Self:
        form = parse_form(before)
        return cls(str(form.get("root", "")), form.get("limits"), form.get("became"), form.get("used") or {})


def full_resources(quota: QuotaRow) -> frozenset[str]:
    """What there is no room left of."""
    limits = quota.limits.items()
    return frozenset([each.value for each, limit in limits if quota.used[each] >= limit * each.unit])


def serialize_flags(changes: Iterable[FlagsChange], newly: SeenChange) -> str:
    """The form of a STORE."""
    form: list[dict[str, object]] = [
        {
            "uids": _text(each.uids),
            "flags": (each.system_before, each.system_after),
            "keywords": (each.keywords_before, each.keywords_after),
        }
        for each in changes
    ]
    if newly.reader is not None and (newly.seen or newly.unseen):
        form.append({"reader": newly.reader, "seen": _text(newly.seen), "unseen": _text(newly.unseen)})
    return _to_json(form)


def parse_flags(before: str) -> tuple[list[FlagsChange], list[SeenChange]]:
    """What `serialize_flags` wrote; nothing where it is of a version that did not say what became of the flags."""
    flags: list[FlagsChange] = []
    seen: list[SeenChange] = []
    form = json.loads(before) if before else []
    for each in form if isinstance(form, list) else ():
        if "reader" in each:
            seen.append(SeenChange(AccountId(each["reader"]), _uids(each["seen"]), _uids(each["unseen"])))
        elif isinstance(each["flags"], list):
            flags.append(FlagsChange(_uids(each["uids"]), *each["flags"], *each["keywords"]))
    return flags, seen


# Any: a form has what its operation wrote.
def parse_form(before: str) -> dict[str, Any]:
    """A form with names; empty where there is none."""
    form = json.loads(before) if before else {}
    return form if isinstance(form, dict) else {}


def _text(uids: UidSet) -> str:
    return uids.serialize().decode()


def _uids(text: object) -> UidSet:
    return UidSet.parse(str(text).encode()) if text else UidSet()


def _by_name(amounts: Mapping[QuotaResource, int]) -> dict[str, int]:
    return {resource.value: amount for resource, amount in amounts.items()}


def _plain(amounts: Mapping[str, int] | None) -> dict[str, int] | None:
    return None if amounts is None else dict(amounts)
