"""A connection without a socket."""

import asyncio
from collections.abc import Iterable


class MemoryTransport(asyncio.Transport):
    """What a protocol writes is kept; what it is sent, a test gives to its `data_received`."""

    def __init__(self, **extra: object) -> None:
        super().__init__()
        self._extra = {"peername": ("192.0.2.7", 4711)} | extra
        self._protocol: asyncio.Protocol | None = None
        self._is_closing = False
        self.written = bytearray()
        self.writes = 0
        """How many pieces it came in."""
        self.is_written = asyncio.Event()
        self.is_read = asyncio.Event()
        """Not while reading is paused."""
        self.is_read.set()
        self.is_closed = asyncio.Event()

    def begin(self, protocol: asyncio.Protocol) -> None:
        self._protocol = protocol
        protocol.connection_made(self)

    async def converse(self, protocol: asyncio.Protocol, chunks: Iterable[bytes]) -> bytes:
        """What the server says, from greeting to close, to a client that sends these chunks and then no more."""
        self.begin(protocol)
        for chunk in chunks:
            await self.is_read.wait()
            protocol.data_received(chunk)
            await asyncio.sleep(0)
        protocol.eof_received()
        await self.is_closed.wait()
        return bytes(self.written)

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._extra.get(name, default)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writelines((data,))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        assert not self._is_closing
        for data in list_of_data:
            self.written += data
        self.writes += 1
        self.is_written.set()

    def pause_reading(self) -> None:
        assert self.is_read.is_set()
        self.is_read.clear()

    def resume_reading(self) -> None:
        assert not self.is_read.is_set()
        self.is_read.set()

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self.is_read.set()
            asyncio.get_running_loop().call_soon(self._lose)

    def abort(self) -> None:
        self.close()

    def _lose(self) -> None:
        assert self._protocol is not None
        self._protocol.connection_lost(None)
        self.is_closed.set()
