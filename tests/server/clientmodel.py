"""What an IMAP client knows of its mailbox from what it was told, and what contradicts that (RFC 9051 §2.3, §5.2, §7).

`Ledger` is what all clients of a server know together: a UID is given to one message, and numbers that only grow were
never lower than what another command had answered before.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.server.imapwire import Response, Value, parse_uids, parse_values

Flags = frozenset[str]
Floors = Mapping[tuple[str, ...], int]
"""The highest values that were answered until a moment, by what they are of."""


class Contradiction(Exception):
    """The server has said what cannot be, given what it said before."""


def check(holds: bool, what: str) -> None:
    if not holds:
        raise Contradiction(what)


class Ledger:
    """What clients learn from one another; for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._floors: dict[tuple[str, ...], int] = {}
        self._tokens: dict[tuple[str, int], str] = {}
        self._uidvalidities: dict[str, int] = {}

    def floors(self) -> Floors:
        """The highest values that were answered until now: to be asked before a command is sent."""
        with self._lock:
            return dict(self._floors)

    def observe(self, value: int, *key: str, floors: Floors, is_new: bool = False) -> None:
        """A command that was sent when `floors` were known has answered with this; `is_new`: not known then."""
        floor = floors.get(key, 0) + is_new
        check(value >= floor, f"{' '.join(key)} is {value}, and was {floor} before the command was sent")
        with self._lock:
            self._floors[key] = max(self._floors.get(key, 0), value)

    def is_of(self, mailbox: str, uid: int, token: str) -> None:
        """This message has this UID."""
        with self._lock:
            known = self._tokens.setdefault((mailbox, uid), token)
        check(known == token, f"UID {uid} of {mailbox} is {token}, and was {known}")

    def token(self, mailbox: str, uid: int) -> str | None:
        with self._lock:
            return self._tokens.get((mailbox, uid))

    def has_uidvalidity(self, mailbox: str, uidvalidity: int) -> None:
        with self._lock:
            known = self._uidvalidities.setdefault(mailbox, uidvalidity)
        check(known == uidvalidity, f"UIDVALIDITY of {mailbox} is {uidvalidity}, and was {known}")

    def has_died(self, mailbox: str) -> None:
        """A session was told that the mailbox was deleted."""
        with self._lock:
            self._floors[mailbox, "DIED"] = 1

    def is_alive(self, mailbox: str, floors: Floors) -> None:
        """A command that was sent when `floors` were known has found the mailbox."""
        check((mailbox, "DIED") not in floors, f"{mailbox} was deleted, and is there")


@dataclass(slots=True)
class Told:
    """What the client was told of one message."""

    uid: int | None = None
    flags: Flags | None = None
    flags_modseq: int | None = None
    """The MODSEQ that came with the flags."""
    modseq: int | None = None
    """The highest that came at all."""


@dataclass(slots=True)
class Picture:
    """A selected mailbox as the client sees it."""

    mailbox: str
    messages: list[Told] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    """UIDs that were expunged while the mailbox was selected."""

    def exists(self, number: int) -> None:
        check(
            number >= len(self.messages),
            f"EXISTS {number} after {len(self.messages)}: only EXPUNGE takes messages away",
        )
        self.messages += [Told() for _ in range(number - len(self.messages))]

    def expunge(self, number: int) -> None:
        check(1 <= number <= len(self.messages), f"EXPUNGE {number} of {len(self.messages)}")
        told = self.messages.pop(number - 1)
        if told.uid is not None:
            self.gone.add(told.uid)

    def vanished(self, uids: Iterable[int]) -> None:
        """What went, by UID (RFC 7162 §3.2.10.2)."""
        for uid in uids:
            check(uid not in self.gone, f"UID {uid} vanished twice")
            place = self._place_of(uid)
            check(place is not None, f"UID {uid} vanished, and was never there")
            assert place is not None
            del self.messages[place]
            self.gone.add(uid)

    def _place_of(self, uid: int) -> int | None:
        for place, told in enumerate(self.messages):
            if told.uid == uid:
                return place
        before = [place for place, told in enumerate(self.messages) if told.uid is not None and told.uid < uid]
        first = before[-1] + 1 if before else 0
        unknown = 0
        for told in self.messages[first:]:
            if told.uid is not None:
                break
            # Which of these has gone cannot be known, so what was told of one may have been told of the other.
            told.flags = told.flags_modseq = told.modseq = None
            unknown += 1
        return first if unknown else None

    def fetched(self, number: int, items: dict[str, Value]) -> Told:
        """Take in a FETCH response; gives what is known of the message then."""
        check(1 <= number <= len(self.messages), f"FETCH {number} of {len(self.messages)}")
        told = self.messages[number - 1]
        if "UID" in items:
            self._is_uid(number, told, _number(items["UID"]))
        self._has(number, told, items)
        return told

    def _has(self, number: int, told: Told, items: dict[str, Value]) -> None:
        modseq = _number(_only(items["MODSEQ"])) if "MODSEQ" in items else None
        if "FLAGS" in items:
            self._has_flags(number, told, _flags(items["FLAGS"]), modseq)
        if modseq is not None:
            check(
                told.modseq is None or modseq >= told.modseq,
                f"MODSEQ of message {number} is {modseq}, and was {told.modseq}",
            )
            told.modseq = modseq

    def _is_uid(self, number: int, told: Told, uid: int) -> None:
        check(told.uid in (None, uid), f"message {number} has UID {uid}, and had {told.uid}")
        check(uid not in self.gone, f"message {number} has UID {uid}, which was expunged")
        told.uid = uid
        before = next((each.uid for each in reversed(self.messages[: number - 1]) if each.uid is not None), 0)
        after = next((each.uid for each in self.messages[number:] if each.uid is not None), uid + 1)
        check(before < uid < after, f"message {number} has UID {uid}, between {before} and {after}")

    def _has_flags(self, number: int, told: Told, flags: Flags, modseq: int | None) -> None:
        # The same modification sequence is the same flags; with other flags it has grown.
        if flags != told.flags and told.flags is not None and told.flags_modseq is not None and modseq is not None:
            check(
                modseq > told.flags_modseq,
                f"message {number} has {sorted(flags)} at MODSEQ {modseq}, and had {sorted(told.flags)} then",
            )
        if flags != told.flags or modseq is not None:
            told.flags_modseq = modseq
        told.flags = flags

    def searched(self, numbers: Iterable[int]) -> None:
        """What SEARCH gave by number."""
        for number in numbers:
            check(1 <= number <= len(self.messages), f"SEARCH gave {number} of {len(self.messages)}")

    def searched_uids(self, uids: Iterable[int]) -> None:
        """What UID SEARCH gave: no more UIDs than there are messages, and none that is gone."""
        found = set(uids)
        check(len(found) <= len(self.messages), f"UID SEARCH gave {len(found)} of {len(self.messages)} messages")
        check(not found & self.gone, f"UID SEARCH gave {sorted(found & self.gone)}, expunged before")
        known = {told.uid for told in self.messages}
        if None not in known:
            check(found <= known, f"UID SEARCH gave {sorted(found - known)}, which nothing has")

    def known_uids(self) -> list[int]:
        return [told.uid for told in self.messages if told.uid is not None]

    def known_from_start(self) -> int:
        """How many messages there are before the first one whose UID is not known."""
        return next((place for place, told in enumerate(self.messages) if told.uid is None), len(self.messages))


class UidPicture(Picture):
    """With UIDONLY (RFC 9586): messages have no numbers, so those whose UID is not known stand behind the others."""

    def expunge(self, number: int) -> None:
        raise Contradiction(f"EXPUNGE {number} after ENABLE UIDONLY")

    def fetched(self, number: int, items: dict[str, Value]) -> Told:
        raise Contradiction(f"FETCH {number} after ENABLE UIDONLY: {items}")

    def fetched_by_uid(self, uid: int, items: dict[str, Value]) -> Told:
        """Take in a UIDFETCH response; gives what is known of the message then."""
        check(uid not in self.gone, f"UIDFETCH {uid}, which was expunged")
        check(_number(items.get("UID", b"%d" % uid)) == uid, f"UIDFETCH {uid} has {items}")
        told = next((each for each in self.messages if each.uid == uid), None)
        if told is None:
            told = next((each for each in self.messages if each.uid is None), None)
            check(told is not None, f"UIDFETCH {uid}, a message more than the {len(self.messages)} of EXISTS")
            assert told is not None
            told.uid = uid
            self.messages.sort(key=lambda each: (each.uid is None, each.uid))
        self._has(uid, told, items)
        return told

    def _place_of(self, uid: int) -> int | None:
        places = [place for place, told in enumerate(self.messages) if told.uid in (uid, None)]
        return places[0] if places else None


def parse_fetch(response: Response) -> dict[str, Value]:
    """The items of a FETCH response by name."""
    values = _list(parse_values(response.octets[response.octets.index(b"(") :])[0])
    names = [_octets(name).decode() for name in values[::2]]
    return dict(zip(names, values[1::2], strict=True))


def parse_copyuid(argument: bytes) -> tuple[int, list[int], list[int]]:
    """UIDVALIDITY, sources and targets."""
    uidvalidity, sources, targets = argument.split()
    found = parse_uids(sources), parse_uids(targets)
    check(len(found[0]) == len(found[1]), f"COPYUID {argument!r} has sets of two sizes")
    return int(uidvalidity), *found


def _flags(value: Value) -> Flags:
    """`\\Recent` is each session's own and says nothing of the message."""
    return frozenset(_octets(name).decode() for name in _list(value)) - {"\\Recent"}


def _number(value: Value) -> int:
    return int(_octets(value))


def _only(value: Value) -> Value:
    (only,) = _list(value)
    return only


def _list(value: Value) -> list[Value]:
    assert isinstance(value, list), value
    return value


def _octets(value: Value) -> bytes:
    assert isinstance(value, bytes), value
    return value
