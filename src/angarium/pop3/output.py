"""What goes to one client: gathered while commands are answered, and held back while the client is slow."""

import asyncio
from typing import Final

from angarium.pop3.host import Recording

_GATHERED_OCTETS: Final = 65_536
"""What is gathered before it goes to the transport."""
_JOINED_OCTETS: Final = 8192
"""Pieces that are this large in the mean are not copied into one."""


class ClientGone(Exception):
    """The connection is lost: nobody is there to be answered."""


class Output:
    """Answers on their way to a transport."""

    __slots__ = ("_drained", "_gathered", "_is_paused", "_octets", "recording", "sent_octets", "transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._gathered: list[bytes] = []
        self._octets = 0
        self._is_paused = False
        self._drained: asyncio.Future[None] | None = None
        self.sent_octets = 0
        self.recording: Recording | None = None
        """Where this is recorded as well, while it is."""

    def write(self, data: bytes) -> None:
        """Add to what is gathered; `flush` or `drain` sends it."""
        self._gathered.append(data)
        self._octets += len(data)

    def flush(self) -> None:
        """Give what is gathered to the transport in one piece, so that answers to commands that were sent together are
        one packet where they can be (RFC 2449 §6.6)."""
        if not self._gathered:
            return
        gathered, octets = self._gathered, self._octets
        self._gathered, self._octets = [], 0
        self.sent_octets += octets
        if self.transport.is_closing():
            return
        if self.recording is not None:
            self.recording.sent(b"".join(gathered))
        if octets >= _JOINED_OCTETS * len(gathered):
            self.transport.writelines(gathered)
        else:
            self.transport.write(b"".join(gathered))

    async def drain(self) -> None:
        """Send what has gathered to a piece, and wait while the client is behind. ClientGone."""
        if self._octets >= _GATHERED_OCTETS:
            self.flush()
        while self._is_paused and not self.transport.is_closing():
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained
        if self.transport.is_closing():
            raise ClientGone

    @property
    def is_paused(self) -> bool:
        """Whether the transport's buffer is full."""
        return self._is_paused

    def pause(self) -> None:
        """The transport's buffer is full."""
        self._is_paused = True

    def resume(self) -> None:
        """The transport's buffer has room again, or there is nobody left to write to."""
        self._is_paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None
