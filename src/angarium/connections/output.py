"""What goes to one client: gathered while commands are answered, written whole, and paused while the client is slow.

A client that reads slowly or stops holds back its own commands only: `drain` waits while the transport's buffer is
full, so what is kept for it stays bounded.
"""

import asyncio
from typing import Final, Protocol

from angarium.connections.interface import Recording

_GATHERED_OCTETS: Final = 65_536
"""What is gathered before it goes to the transport; also what a slice of an answer may be."""
_JOINED_OCTETS: Final = 8192
"""Pieces that are this large in the mean are not copied into one."""


class ClientGone(Exception):
    """The connection is lost: nobody is there to be answered."""


class Deflating(Protocol):
    """What compresses all that goes out."""

    def deflate(self, data: bytes) -> bytes:
        """The octets as they go out."""


class Output:
    """Answers on their way to a transport."""

    __slots__ = (
        "_drained",
        "_flushes_soon",
        "_gathered",
        "_octets",
        "_paused",
        "deflater",
        "recording",
        "sent_octets",
        "transport",
    )

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._gathered: list[bytes] = []
        self._octets = 0
        self._paused = False
        self._flushes_soon = False
        self._drained: asyncio.Future[None] | None = None
        self.sent_octets = 0
        self.recording: Recording | None = None
        """Where this is recorded as well, while it is."""
        self.deflater: Deflating | None = None
        """What goes out goes through it, where a protocol has compression, from the next flush on."""

    def write(self, data: bytes) -> None:
        """Add to what is gathered; `flush` or `drain` sends it."""
        self._gathered.append(data)
        self._octets += len(data)

    def flush(self) -> None:
        """Give what is gathered to the transport in one piece, so that an answer is one packet where it can be."""
        gathered, octets = self._gathered, self._octets
        if not gathered:
            return
        self._gathered, self._octets = [], 0
        self.sent_octets += octets
        if self.transport.is_closing():
            return
        if self.recording is not None:
            self.recording.sent(b"".join(gathered))
        if self.deflater is not None:
            self.transport.write(self.deflater.deflate(b"".join(gathered)))
        elif octets >= _JOINED_OCTETS * len(gathered):
            self.transport.writelines(gathered)
        else:
            self.transport.write(b"".join(gathered))

    def flush_soon(self) -> None:
        """Flush when the loop is next free: answers to commands that were sent together go out together, and wait for
        no command that takes its time."""
        if not self._flushes_soon:
            self._flushes_soon = True
            asyncio.get_running_loop().call_soon(self._flush_now)

    async def drain(self) -> None:
        """Between slices of an answer: send what has gathered to a piece, and wait while the client is behind.

        ClientGone where nothing can be sent any more. What was asked for and not begun yet is then not done; a write to
        the store, which is done between two calls of this, never ends in the middle.
        """
        if self._octets >= _GATHERED_OCTETS:
            self.flush()
        while self._paused and not self.transport.is_closing():
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained
        if self.transport.is_closing():
            raise ClientGone

    @property
    def is_paused(self) -> bool:
        """Whether the transport's buffer is full."""
        return self._paused

    def pause(self) -> None:
        """The transport's buffer is full."""
        self._paused = True

    def resume(self) -> None:
        """The transport's buffer has room again, or there is nobody left to write to."""
        self._paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    def _flush_now(self) -> None:
        self._flushes_soon = False
        self.flush()
