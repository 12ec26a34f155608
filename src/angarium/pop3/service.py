"""The POP3 service of a worker."""

import asyncio
from collections.abc import Callable

from angarium.pop3.host import Pop3Host
from angarium.pop3.protocol import Pop3Protocol


def pop3_protocols(host: Pop3Host) -> Callable[[], asyncio.Protocol]:
    """What makes the protocol of each new connection."""
    return lambda: Pop3Protocol(host)
