"""Failed logins slow the guesser, and not the neighbour behind the same address.

Two scores count failures, and fall by half every few minutes. That of an address and a user name together holds back
further tries of that name from there, each longer than the one before, and tries made side by side queue up. That of an
address alone, which a guesser raises by trying many names, holds back the names that have never logged in from there:
a neighbour's is not among them, or waits some seconds once.

A network of IPv6 counts as one address, since one customer has all of it (RFC 6177 §2).
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from angarium.names import UserId

PAIR_WAIT_MAX_S: Final = 30.0
ADDRESS_WAIT_MAX_S: Final = 3.0
ADDRESS_FREE_FAILURES: Final = 10
"""Typing errors of an office, or of all users of a webmail server, before its address counts."""
CODE_FREE_FAILURES: Final = 5
CODE_WAIT_MAX_S: Final = 300.0

CODES: Final = "totp"
"""What stands in place of a network where codes are counted."""

_FIRST_WAIT_S: Final = 0.5
_HALF_LIFE_S: Final = 300.0
_LIMIT: Final = 20_000
_IPV6_NETWORK_BITS: Final = 64

_NAME_LENGTH_MAX: Final = 255
"""Of a name that no user can have."""


class Throttle(Protocol):
    """What a login asks before and tells after a check. Names are as the client gave them or canonical, but always the
    same for the same user."""

    def admit(self, address: str, userid: str) -> float | None:
        """Seconds to wait before the password is looked at; None refuses without a look."""

    def failures(self, address: str, userid: str) -> float:
        """Those of the user from there that count now."""

    def knows(self, address: str, userid: str) -> bool:
        """Whether the user has logged in from there lately."""

    def failed(self, address: str, userid: str) -> None: ...

    def succeeded(self, address: str, userid: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Score:
    """What is known of a key now."""

    failures: float
    """They fall by half every few minutes."""
    not_before_s: float
    """When the next try may be looked at, by the clock of the throttle."""


class Scores(Protocol):
    """Where failures are counted: in one process, or over all workers (`worker.sharedscores`). Bounded; what failed
    longest ago, or least, goes first. Times are those of one monotonic clock."""

    def get(self, key: str, now_s: float) -> Score | None:
        """None for a key without a failure that still counts."""

    def add(self, key: str, now_s: float) -> Score:
        """Count a failure; gives what is known then."""

    def hold(self, key: str, not_before_s: float) -> None:
        """Have the next try wait; for a key that `get` or `add` gave a score of."""

    def forgive(self, key: str, now_s: float) -> None:
        """Forget the failures of a key."""

    def note_known(self, key: str, now_s: float) -> None:
        """Somebody logged in."""

    def is_known(self, key: str) -> bool:
        """Whether somebody has, lately."""


def decayed(failures: float, age_s: float) -> float:
    """What is left of them; 0 where that is next to nothing."""
    left: float = failures * 0.5 ** (age_s / _HALF_LIFE_S)
    return left if left >= 0.5 else 0.0


class LocalScores:
    """The scores of one process."""

    def __init__(self, *, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._scores: OrderedDict[str, tuple[Score, float]] = OrderedDict()
        """With the time of the last failure."""
        self._known: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._scores) + len(self._known)

    def get(self, key: str, now_s: float) -> Score | None:
        found = self._scores.get(key)
        if found is None:
            return None
        score, counted_s = found
        failures = decayed(score.failures, now_s - counted_s)
        if not failures:
            del self._scores[key]
            return None
        return Score(failures, score.not_before_s)

    def add(self, key: str, now_s: float) -> Score:
        before = self.get(key, now_s)
        score = Score(before.failures + 1, before.not_before_s) if before is not None else Score(1, now_s)
        self._scores[key] = score, now_s
        self._scores.move_to_end(key)
        if len(self._scores) > self._limit:
            self._scores.popitem(last=False)
        return score

    def hold(self, key: str, not_before_s: float) -> None:
        score, counted_s = self._scores[key]
        self._scores[key] = Score(score.failures, not_before_s), counted_s

    def forgive(self, key: str, now_s: float) -> None:  # noqa: ARG002 - one process needs no time
        self._scores.pop(key, None)

    def note_known(self, key: str, now_s: float) -> None:  # noqa: ARG002 - likewise
        self._known[key] = None
        self._known.move_to_end(key)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)

    def is_known(self, key: str) -> bool:
        return key in self._known


class LoginThrottle:
    """Goes by the scores."""

    def __init__(self, scores: Scores | None = None, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._scores = scores if scores is not None else LocalScores()
        self._clock_s = clock_s

    def admit(self, address: str, userid: str) -> float | None:
        now_s = self._clock_s()
        network = network_of(address)
        pair = pair_key(network, userid)
        wait_s = 0.0 if self._scores.is_known(pair) else self._address_wait_s(network, now_s)
        score = self._scores.get(pair, now_s)
        if score is None:
            return wait_s
        start_s = max(now_s + wait_s, score.not_before_s)
        if start_s - now_s > PAIR_WAIT_MAX_S:
            return None
        # Whoever tries at the same time comes after this one.
        self._scores.hold(pair, start_s + _pair_wait_s(score.failures))
        return start_s - now_s

    def failures(self, address: str, userid: str) -> float:
        score = self._scores.get(pair_key(network_of(address), userid), self._clock_s())
        return score.failures if score is not None else 0.0

    def knows(self, address: str, userid: str) -> bool:
        return self._scores.is_known(pair_key(network_of(address), userid))

    def failed(self, address: str, userid: str) -> None:
        now_s = self._clock_s()
        network = network_of(address)
        self._scores.add(network, now_s)
        pair = pair_key(network, userid)
        score = self._scores.add(pair, now_s)
        self._scores.hold(pair, max(score.not_before_s, now_s + _pair_wait_s(score.failures)))

    def succeeded(self, address: str, userid: str) -> None:
        now_s = self._clock_s()
        pair = pair_key(network_of(address), userid)
        self._scores.forgive(pair, now_s)
        self._scores.note_known(pair, now_s)

    def _address_wait_s(self, network: str, now_s: float) -> float:
        score = self._scores.get(network, now_s)
        if score is None or score.failures <= ADDRESS_FREE_FAILURES:
            return 0.0
        return _growing(score.failures - ADDRESS_FREE_FAILURES, ADDRESS_WAIT_MAX_S)


class CodeThrottle:
    """Wrong codes of a second factor behind right passwords, counted by user: six digits are found in a day by who has
    the password and a thousand addresses to try them from (RFC 4226 §7.3).

    Nobody else can make the score grow. It falls as those of logins do, which leaves some 2,400 tries a day.
    """

    def __init__(self, scores: Scores | None = None, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._scores = scores if scores is not None else LocalScores()
        self._clock_s = clock_s

    def admits(self, userid: UserId) -> bool:
        """Whether a code is looked at now; if not, it is wrong."""
        now_s = self._clock_s()
        score = self._scores.get(_code_key(userid), now_s)
        return score is None or score.not_before_s <= now_s

    def failed(self, userid: UserId) -> float:
        """Count a wrong code; gives the seconds for which no other one is looked at."""
        now_s = self._clock_s()
        failures = self._scores.add(_code_key(userid), now_s).failures
        wait_s = _growing(failures - CODE_FREE_FAILURES, CODE_WAIT_MAX_S) if failures > CODE_FREE_FAILURES else 0.0
        self._scores.hold(_code_key(userid), now_s + wait_s)
        return wait_s


def pair_key(network: str, userid: str) -> str:
    """What failures of a user from a network are counted by; those of a network are by its name alone.

    Spellings that a directory or a database may take for one name (RFC 4518 §2.6) are one here.
    """
    return f"{network}\0{' '.join(userid.split()).casefold()}"


def _code_key(userid: UserId) -> str:
    return pair_key(CODES, str(userid))


def throttled_name(userid: UserId | None, typed: str) -> str:
    """What the throttle knows a user by, or a name that no user can have."""
    return str(userid) if userid is not None else typed[:_NAME_LENGTH_MAX]


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """What counts as one peer; text that is no address, as of a unix socket, stands for itself."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_NETWORK_BITS), strict=False))


def _pair_wait_s(failures: float) -> float:
    return _growing(failures, PAIR_WAIT_MAX_S)


def _growing(failures: float, maximum_s: float) -> float:
    """Doubles with each failure; the exponent is bounded so that no number of failures overflows."""
    return min(math.ldexp(_FIRST_WAIT_S, min(round(failures), 32) - 1), maximum_s)
