"""The LMTP service of a worker."""

import asyncio
from collections.abc import Callable

from angarium.lmtp.host import LmtpHost
from angarium.lmtp.protocol import LmtpProtocol


def lmtp_protocols(host: LmtpHost) -> Callable[[], asyncio.Protocol]:
    """What makes the protocol of each new connection."""
    return lambda: LmtpProtocol(host)
