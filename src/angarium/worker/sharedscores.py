"""Failed logins, counted over all workers: the `Scores` of the throttle in the shared state.

Each segment has a table of failures and one of who logged in lately; a process writes its own and reads all. What a key
has is the sum of what the segments have of it. Forgiving is a time that a segment notes of a key: failures of before it
count no more, in whichever segment they stand. Times are those of CLOCK_MONOTONIC, which all processes share; the file
is made anew at each start of the server, so no time of before a boot is met.

Behind its tables a segment counts how often it has written to that of failures. Each login asks for a key, and mostly
one without any failure; while the counters stand still, that need not be looked for again.

A table has buckets of a few places each; a key has its bucket, and takes the place there of the one that counts least.
A place that is read while its owner writes it may be read half: it counts for one try as more or less than it is. Which
bucket a key has, a secret of the file decides: else a guesser would choose names that push his own failures out.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from angarium.auth import Score, decayed
from angarium.auth.throttle import pair_key
from angarium.worker.sharedstate import SCORES_OCTETS

_BUCKETS: Final = 512
_WAYS: Final = 8
_FAILURE: Final = struct.Struct("=Qdddd88s")
"""Key, failures, when they were counted, when the next try may be, when all was forgiven, and what the key was."""
_KEYS: Final = struct.Struct(f"Q{_FAILURE.size - 8}x" * _WAYS)
"""The keys of a bucket, each read as one word."""
_KNOWN: Final = struct.Struct("=Qd")
_KNOWN_BUCKETS: Final = 1024
_KNOWN_AT: Final = _BUCKETS * _WAYS * _FAILURE.size
_CHANGES_AT: Final = _KNOWN_AT + _KNOWN_BUCKETS * _WAYS * _KNOWN.size
_LABEL_OCTETS: Final = 88
_CLEAN_MAX: Final = 10_000
"""Keys that are remembered to have no failure."""

assert _CHANGES_AT + 8 == SCORES_OCTETS


@dataclass(frozen=True, slots=True)
class _Place:
    key: int
    failures: float
    counted_s: float
    not_before_s: float
    forgiven_s: float
    label: bytes


@dataclass(frozen=True, slots=True)
class Lockout:
    """A key with failures, for administrators."""

    network: str
    user: str
    """Empty for what is counted of a network alone; cut where it is long, which `is_cut` says."""
    is_cut: bool
    failures: float
    wait_s: float
    """Until the next try is looked at."""


class SharedScores:
    """Of one process, which writes the area of `segment`; `areas` are those of all (`SharedState.score_areas`), and
    `secret` is that of the file."""

    def __init__(self, areas: Sequence[memoryview], segment: int, secret: bytes) -> None:
        self._areas = areas
        self._secret = secret
        self._own = areas[segment]
        self._changes = [area[_CHANGES_AT:].cast("Q") for area in areas]
        self._own_changes = self._changes[segment]
        self._clean: set[str] = set()
        """Keys that had no failure when so many changes were counted."""
        self._clean_changes = -1

    def close(self) -> None:
        """Let go of the shared state."""
        for view in (*self._changes, *self._areas):
            view.release()

    def get(self, key: str, now_s: float) -> Score | None:
        # Counted before the look: what is written meanwhile makes for another number the next time.
        changes = sum([counter[0] for counter in self._changes])
        if changes != self._clean_changes or len(self._clean) >= _CLEAN_MAX:
            self._clean.clear()
            self._clean_changes = changes
        elif key in self._clean:
            return None
        score = self._score(self._number(key), now_s)
        if score is None:
            self._clean.add(key)
        return score

    def _score(self, number: int, now_s: float) -> Score | None:
        failures, not_before_s = 0.0, 0.0
        places = self._places_of(number)
        if not places:
            return None
        forgiven_s = max(place.forgiven_s for place in places)
        for place in places:
            if place.counted_s > forgiven_s:
                failures += decayed(place.failures, max(0.0, now_s - place.counted_s))
                not_before_s = max(not_before_s, place.not_before_s)
        return Score(failures, not_before_s) if failures else None

    def add(self, key: str, now_s: float) -> Score:
        number = self._number(key)
        at, place = self._take(number, _label(key), now_s)
        left = decayed(place.failures, max(0.0, now_s - place.counted_s)) if self._counts(number, place) else 0.0
        hold_s = place.not_before_s if left else now_s
        self._write(at, number, left + 1, now_s, hold_s, place.forgiven_s, place.label)
        return self.get(key, now_s) or Score(left + 1, hold_s)

    def hold(self, key: str, not_before_s: float) -> None:
        number = self._number(key)
        at, place = self._take(number, _label(key), 0.0)
        counted_s = place.counted_s
        if not place.failures or not self._counts(number, place):
            # It is another segment that has counted; a place of ours says no more than when the next try may be.
            counted_s = max((each.counted_s for each in self._places_of(number)), default=0.0)
        self._write(at, number, place.failures, counted_s, not_before_s, place.forgiven_s, place.label)

    def forgive(self, key: str, now_s: float) -> None:
        self._forgive(self._number(key), _label(key), now_s)

    def _forgive(self, number: int, label: bytes, now_s: float) -> None:
        if self._places_of(number):
            at, place = self._take(number, label, now_s)
            self._write(at, number, 0.0, 0.0, 0.0, now_s, place.label)

    def note_known(self, key: str, now_s: float) -> None:
        number = self._number(key)
        offsets = self._known_offsets(number)
        entries = [_KNOWN.unpack_from(self._own, offset) for offset in offsets]
        found = [offset for offset, entry in zip(offsets, entries, strict=True) if entry[0] == number]
        _KNOWN.pack_into(
            self._own, found[0] if found else offsets[_least([entry[1] for entry in entries])], number, now_s
        )

    def is_known(self, key: str) -> bool:
        number = self._number(key)
        offsets = self._known_offsets(number)
        return any(_KNOWN.unpack_from(area, offset)[0] == number for area in self._areas for offset in offsets)

    # For administrators

    def lockouts(self, now_s: float) -> list[Lockout]:
        """All keys whose failures count, the worst first."""
        return sorted([lockout for _, _, lockout in self._lockouts(now_s)], key=lambda each: -each.failures)

    def clear(self, now_s: float, *, network: str | None = None, user: str | None = None) -> int:
        """Forgive what was counted of a network, of a user wherever she came from, or with neither all; gives how many
        keys there were."""
        cleared = 0
        for number, label, lockout in self._lockouts(now_s):
            # Of a name that is cut the rest is in the number alone.
            if (network is None or lockout.network == network) and (
                user is None or number == self._number(pair_key(lockout.network, user))
            ):
                self._forgive(number, label, now_s)
                cleared += 1
        return cleared

    def _lockouts(self, now_s: float) -> list[tuple[int, bytes, Lockout]]:
        """With the number and the label of each."""
        found = []
        for number, label in {(place.key, place.label) for place in self._all() if place.failures}:
            score = self._score(number, now_s)
            if score is not None:
                network, _, user = label.decode(errors="replace").partition("\0")
                wait_s = max(0.0, score.not_before_s - now_s)
                lockout = Lockout(network, user, len(label) == _LABEL_OCTETS, score.failures, wait_s)
                found.append((number, label, lockout))
        return found

    # Places

    def _number(self, key: str) -> int:
        """What stands for a key; 0 marks a free place."""
        digest = hashlib.blake2b(key.encode(errors="replace"), digest_size=8, key=self._secret).digest()
        return int.from_bytes(digest, "little") or 1

    def _all(self) -> Iterator[_Place]:
        for area in self._areas:
            for fields in _FAILURE.iter_unpack(area[:_KNOWN_AT]):
                if fields[0]:
                    yield _place(fields)

    def _places_of(self, number: int) -> list[_Place]:
        offsets = _offsets(number)
        # Each login asks, and mostly there is no place: so the keys of a bucket are looked at in one piece.
        return [
            _place(_FAILURE.unpack_from(area, offset))
            for area in self._areas
            if number in (found := _KEYS.unpack_from(area, offsets.start))
            for offset, key in zip(offsets, found, strict=True)
            if key == number
        ]

    def _counts(self, number: int, place: _Place) -> bool:
        """Whether what our place has counted has not been forgiven, here or elsewhere."""
        return place.counted_s > max((each.forgiven_s for each in self._places_of(number)), default=0.0)

    def _take(self, number: int, label: bytes, now_s: float) -> tuple[int, _Place]:
        """Our place of a key: the one that it has, or else a new one, where the least stood."""
        offsets = _offsets(number)
        places = [_place(_FAILURE.unpack_from(self._own, offset)) for offset in offsets]
        for offset, place in zip(offsets, places, strict=True):
            if place.key == number:
                return offset, place
        weights = [decayed(place.failures, max(0.0, now_s - place.counted_s)) for place in places]
        return offsets[_least(weights)], _Place(number, 0.0, 0.0, 0.0, 0.0, label)

    def _write(
        self,
        offset: int,
        number: int,
        failures: float,
        counted_s: float,
        not_before_s: float,
        forgiven_s: float,
        label: bytes,
    ) -> None:
        _FAILURE.pack_into(self._own, offset, number, failures, counted_s, not_before_s, forgiven_s, label)
        self._own_changes[0] += 1

    def _known_offsets(self, number: int) -> range:
        start = _KNOWN_AT + number % _KNOWN_BUCKETS * _WAYS * _KNOWN.size
        return range(start, start + _WAYS * _KNOWN.size, _KNOWN.size)


def _label(key: str) -> bytes:
    return key.encode(errors="replace")[:_LABEL_OCTETS]


def _offsets(number: int) -> range:
    start = number % _BUCKETS * _WAYS * _FAILURE.size
    return range(start, start + _WAYS * _FAILURE.size, _FAILURE.size)


def _least(weights: Sequence[float]) -> int:
    return min(range(len(weights)), key=weights.__getitem__)


def _place(fields: tuple[int, float, float, float, float, bytes]) -> _Place:
    key, failures, counted_s, not_before_s, forgiven_s, label = fields
    return _Place(key, failures, counted_s, not_before_s, forgiven_s, label.rstrip(b"\0"))
