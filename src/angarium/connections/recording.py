"""Sessions of users for whom there is a directory are recorded there, all of it behind the login (telemetry)."""

from typing import Final

from angarium.config import LogSettings
from angarium.connections.interface import Telemetry
from angarium.connections.output import Output
from angarium.operations.logins import Peer

NOT_RECORDED: Final = b"(not recorded)\r\n"
"""In the place of a line that may have credentials in it."""


def follow_telemetry(output: Output, telemetry: Telemetry, user: str, *, peer: Peer, settings: LogSettings) -> None:
    """Begin or end the record of a session, as the directory of its user has come or gone; `user` is empty while that
    is nobody."""
    if user not in telemetry.users:
        stop_recording(output)
    elif output.recording is None:
        output.flush()  # what was said before is not recorded
        output.recording = telemetry.record(
            user,
            service=peer.service,
            session=peer.session,
            octets_max=settings.telemetry_max_size,
            elapsed=settings.logtimestamps,
        )


def stop_recording(output: Output) -> None:
    """There is nothing to be recorded behind what was said already."""
    if output.recording is not None:
        output.flush()
        output.recording.close()
        output.recording = None
