"""One end of a socket, whatever is spoken over it."""

import asyncio
from dataclasses import dataclass


@dataclass(slots=True)
class SocketClient:
    """Made to be inherited from by who knows the protocol."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def close(self) -> None:
        """Close it, and wait until it is closed."""
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass  # the server was first
