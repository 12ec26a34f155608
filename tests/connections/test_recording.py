"""Sessions whose users have a directory for it are recorded from there on."""

from collections.abc import Collection
from dataclasses import dataclass, field

from tests.connections.test_output import Transport

from angarium.config import LogSettings
from angarium.connections import Output, follow_telemetry, stop_recording
from angarium.operations.logins import Peer

PEER = Peer("192.0.2.7", "pop3", "session-1")


@dataclass(slots=True)
class Tape:
    octets: list[bytes] = field(default_factory=list)
    is_closed: bool = False

    def received(self, data: bytes) -> None:
        self.octets.append(data)

    def sent(self, data: bytes) -> None:
        self.octets.append(data)

    def close(self) -> None:
        self.is_closed = True


@dataclass(slots=True)
class Recorder:
    users: Collection[str]
    tapes: list[Tape] = field(default_factory=list)

    def record(self, user: str, *, service: str, session: str, octets_max: int, elapsed: bool) -> Tape:
        assert (user, service, session) == ("alice", "pop3", "session-1")
        self.tapes.append(Tape())
        return self.tapes[-1]


def test_what_is_said_between_begin_and_end_is_recorded_and_nothing_else() -> None:
    recorder = Recorder({"alice"})
    output = Output(Transport())
    settings = LogSettings()
    follow_telemetry(output, recorder, "", peer=PEER, settings=settings)
    output.write(b"before")
    follow_telemetry(output, recorder, "alice", peer=PEER, settings=settings)
    output.write(b"one")
    follow_telemetry(output, recorder, "alice", peer=PEER, settings=settings)
    output.write(b"two")
    recorder.users = ()
    follow_telemetry(output, recorder, "alice", peer=PEER, settings=settings)
    output.write(b"after")
    output.flush()
    (tape,) = recorder.tapes
    assert b"".join(tape.octets) == b"onetwo"
    assert tape.is_closed
    assert output.recording is None


def test_a_session_that_is_not_recorded_can_stop() -> None:
    transport = Transport()
    output = Output(transport)
    output.write(b"kept for later")
    stop_recording(output)
    assert transport.pieces == []
