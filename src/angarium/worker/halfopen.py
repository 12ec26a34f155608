"""Connections whose TLS handshake is not done. They have no seat yet, so they are counted here, for one worker.

Where there are as many as may be, one that takes long makes room for a newcomer; where none does, the newcomer goes.
So whoever opens connections and says nothing keeps nobody out for long, and clients that all come back at once do not
drive one another out.
"""

import logging
import resource
import time
from collections.abc import Callable
from typing import Final, Protocol

from angarium.auth.throttle import network_of

MAXIMUM: Final = 8192
_DESCRIPTORS_SHARE: Final = 4
"""No more than one in so many of the process."""
_NETWORK_SHARE: Final = 8
"""One network has no more than one in so many of the places; a mail hub or a webmail is one, too."""
_LONG_S: Final = 3.0
"""What a handshake takes where a packet is lost on the way."""
_QUIET_S: Final = 60.0

log = logging.getLogger(__name__)


class Connection(Protocol):
    """A connection."""

    def abort(self) -> None:
        """Drop it now."""


class HalfOpen:
    """Those that are under way."""

    def __init__(self, maximum: int, of_network_max: int, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._maximum = maximum
        self._of_network_max = of_network_max
        self._clock_s = clock_s
        self._all: dict[Connection, tuple[str, float]] = {}
        """With network and time; the one that has begun first comes first."""
        self._of_network: dict[str, dict[Connection, None]] = {}
        self._told_s = -_QUIET_S

    @classmethod
    def within_descriptors(cls) -> "HalfOpen":
        """As many as suit what the process may have open."""
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        maximum = min(MAXIMUM, descriptors // _DESCRIPTORS_SHARE)
        return cls(maximum, maximum // _NETWORK_SHARE)

    def __len__(self) -> int:
        return len(self._all)

    def begin(self, address: str, connection: Connection) -> bool:
        """Whether there is a place; `end` gives it back."""
        network = network_of(address)
        of_network = self._of_network.get(network, {})
        if len(of_network) >= self._of_network_max and not self._make_room(network, of_network):
            return False
        if len(self._all) >= self._maximum and not self._make_room(network, self._all):
            return False
        self._all[connection] = (network, self._clock_s())
        self._of_network.setdefault(network, {})[connection] = None
        return True

    def end(self, connection: Connection) -> None:
        """Its handshake is done, or will never be; a second time does nothing."""
        found = self._all.pop(connection, None)
        if found is not None:
            of_network = self._of_network[found[0]]
            del of_network[connection]
            if not of_network:
                del self._of_network[found[0]]

    def _make_room(self, network: str, among: dict[Connection, tuple[str, float]] | dict[Connection, None]) -> bool:
        now_s = self._clock_s()
        if now_s - self._told_s >= _QUIET_S:
            self._told_s = now_s
            log.warning("too_many_handshakes", extra={"address": network, "unfinished": len(among)})
        oldest = next(iter(among))
        if now_s - self._all[oldest][1] < _LONG_S:
            return False
        self.end(oldest)
        oldest.abort()
        return True
