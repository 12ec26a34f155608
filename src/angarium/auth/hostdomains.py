"""The domain of an address of this server, for users who log in without one (`virtdomains: on`).

It is what stands behind the first dot of the address's name, as a look-up of the address tells it.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

_KEPT_S: Final = 3600.0
_WAIT_S: Final = 5.0


def name_of(address: str) -> str:
    """The name of an address; it may be asked over a network, and take as long as it likes. OSError."""
    return socket.getnameinfo((address, 0), socket.NI_NAMEREQD)[0]


class HostDomains:
    """One to a process; a server has few addresses."""

    def __init__(
        self, *, name_of: Callable[[str], str] = name_of, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._name_of = name_of
        self._clock_s = clock_s
        self._known: dict[str, tuple[str | None, float]] = {}

    def known(self, address: str) -> str | None:
        """What `learn` has learnt."""
        return self._known.get(address, (None, 0.0))[0]

    async def learn(self, address: str) -> None:
        """Ask for an address, unless that was done lately. One without a name has no domain."""
        known = self._known.get(address)
        if known is not None and self._clock_s() < known[1]:
            return
        domain = known[0] if known is not None else None
        try:
            async with asyncio.timeout(_WAIT_S):
                domain = (await asyncio.to_thread(self._name_of, address)).partition(".")[2].lower() or None
        except (OSError, TimeoutError) as error:
            log.warning("server_address_without_name", extra={"address": address, "reason": str(error)})
        self._known[address] = domain, self._clock_s() + _KEPT_S
