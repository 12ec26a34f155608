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
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

PAIR_WAIT_MAX_S: Final = 30.0
ADDRESS_WAIT_MAX_S: Final = 3.0
ADDRESS_FREE_FAILURES: Final = 10
"""Typing errors of an office, or of all users of a webmail server, before its address counts."""

_FIRST_WAIT_S: Final = 0.5
_HALF_LIFE_S: Final = 300.0
_LIMIT: Final = 20_000
_IPV6_NETWORK_BITS: Final = 64

Key = TypeVar("Key", bound=Hashable)


class Throttle(Protocol):
    """What a login asks before and tells after a check. Names are as the client gave them or canonical, but always the
    same for the same user."""

    def admit(self, address: str, userid: str) -> float | None:
        """Seconds to wait before the password is looked at; None refuses without a look."""

    def failed(self, address: str, userid: str) -> None: ...

    def succeeded(self, address: str, userid: str) -> None: ...


@dataclass(slots=True)
class _Score:
    failures: float
    counted_s: float
    not_before_s: float


class _Scores(Generic[Key]):
    """Bounded; the key that failed longest ago goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._scores: OrderedDict[Key, _Score] = OrderedDict()

    def __len__(self) -> int:
        return len(self._scores)

    def get(self, key: Key, now_s: float) -> _Score | None:
        score = self._scores.get(key)
        if score is None:
            return None
        score.failures *= 0.5 ** ((now_s - score.counted_s) / _HALF_LIFE_S)
        score.counted_s = now_s
        if score.failures < 0.5:
            del self._scores[key]
            return None
        return score

    def add(self, key: Key, now_s: float) -> _Score:
        score = self.get(key, now_s)
        if score is None:
            score = self._scores[key] = _Score(0.0, now_s, now_s)
        score.failures += 1
        self._scores.move_to_end(key)
        if len(self._scores) > self._limit:
            self._scores.popitem(last=False)
        return score

    def forget(self, key: Key) -> None:
        self._scores.pop(key, None)


class LoginThrottle:
    """The scores of one process."""

    def __init__(self, *, clock_s: Callable[[], float] = time.monotonic, limit: int = _LIMIT) -> None:
        self._clock_s = clock_s
        self._limit = limit
        self._pairs: _Scores[tuple[str, str]] = _Scores(limit)
        self._addresses: _Scores[str] = _Scores(limit)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pairs) + len(self._addresses) + len(self._known)

    def admit(self, address: str, userid: str) -> float | None:
        now_s = self._clock_s()
        pair = (network_of(address), userid)
        wait_s = 0.0 if pair in self._known else self._address_wait_s(pair[0], now_s)
        score = self._pairs.get(pair, now_s)
        if score is None:
            return wait_s
        start_s = max(now_s + wait_s, score.not_before_s)
        if start_s - now_s > PAIR_WAIT_MAX_S:
            return None
        # Whoever tries at the same time comes after this one.
        score.not_before_s = start_s + _pair_wait_s(score.failures)
        return start_s - now_s

    def failed(self, address: str, userid: str) -> None:
        now_s = self._clock_s()
        network = network_of(address)
        self._addresses.add(network, now_s)
        score = self._pairs.add((network, userid), now_s)
        score.not_before_s = max(score.not_before_s, now_s + _pair_wait_s(score.failures))

    def succeeded(self, address: str, userid: str) -> None:
        pair = (network_of(address), userid)
        self._pairs.forget(pair)
        self._known[pair] = None
        self._known.move_to_end(pair)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)

    def _address_wait_s(self, network: str, now_s: float) -> float:
        score = self._addresses.get(network, now_s)
        if score is None or score.failures <= ADDRESS_FREE_FAILURES:
            return 0.0
        return _growing(score.failures - ADDRESS_FREE_FAILURES, ADDRESS_WAIT_MAX_S)


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
