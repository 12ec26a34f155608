"""What goes to one client, compressed where it asked for that."""

import asyncio
from collections.abc import Sequence

from angarium import connections

from .compression import Deflater
from .telemetry import SessionTelemetry


class Output(connections.Output):
    """Responses on their way to a transport."""

    __slots__ = ("deflater",)

    recording: SessionTelemetry | None
    """See `ImapSession.follow_telemetry`."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self.deflater: Deflater | None = None
        """What goes out goes through it, from the next flush on (`ImapSession.compress`)."""

    def end_compression(self) -> None:
        """Send what is gathered and the end of the compressed stream; what follows is sent as it is."""
        self.flush()
        if self.deflater is not None and not self.transport.is_closing():
            self.transport.write(self.deflater.end())
        self.deflater = None

    def _send(self, pieces: Sequence[bytes], octets: int) -> None:
        if self.deflater is not None:
            self.transport.write(self.deflater.deflate(b"".join(pieces)))
        else:
            super()._send(pieces, octets)
