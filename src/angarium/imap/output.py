"""What goes to one client, compressed where it asked for that."""

from angarium import connections

from .compression import Deflater
from .telemetry import SessionTelemetry


class Output(connections.Output):
    """Responses on their way to a transport."""

    __slots__ = ()

    deflater: Deflater | None
    """See `ImapSession.compress`."""
    recording: SessionTelemetry | None
    """See `ImapSession.follow_telemetry`."""

    def end_compression(self) -> None:
        """Send what is gathered and the end of the compressed stream; what follows is sent as it is."""
        self.flush()
        if self.deflater is not None and not self.transport.is_closing():
            self.transport.write(self.deflater.end())
        self.deflater = None
