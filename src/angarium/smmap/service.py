"""The socket map service of a worker."""

import asyncio
from collections.abc import Callable

from angarium.smmap.host import SmmapHost
from angarium.smmap.protocol import SmmapProtocol


def smmap_protocols(host: SmmapHost) -> Callable[[], asyncio.Protocol]:
    """What makes the protocol of each new connection."""
    return lambda: SmmapProtocol(host)
