"""The ManageSieve service of a worker."""

import asyncio
from collections.abc import Callable

from angarium.managesieve.connection import ManageSieveConnection
from angarium.managesieve.host import ManageSieveHost


def managesieve_protocols(host: ManageSieveHost) -> Callable[[], asyncio.Protocol]:
    """What makes the protocol of each new connection."""
    return lambda: ManageSieveConnection(host)
