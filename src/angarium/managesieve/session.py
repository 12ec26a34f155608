"""One client's session: who it is, what it is allowed, and how it answers; `dispatch` executes commands on it."""

import logging
import time
from dataclasses import replace
from typing import Final, Protocol

from angarium.managesieve import responses
from angarium.managesieve.capabilities import Occasion, capabilities
from angarium.managesieve.host import ManageSieveHost, Recording, Seat
from angarium.managesieve.parser import ManageSieveParser, ParserLimits
from angarium.managesieve.responses import Condition, Response
from angarium.managesieve.states import State
from angarium.operations.logins import LoggedIn, LoginExchange, Peer
from angarium.store import Actor

log = logging.getLogger(__name__)

_NOT_OFFERED: Final = frozenset({"ANONYMOUS"})
"""Who does not say who she is has no scripts."""


class Channel(Protocol):
    """A connection as its session sees it."""

    def send(self, octets: bytes) -> None:
        """Have this sent with what else there is."""

    def start_tls(self) -> None:
        """Send what there is; what comes and goes behind it is TLS, and what has come already is forgotten."""

    @property
    def sent_octets(self) -> int:
        """Since the beginning."""


class CommandFailed(Exception):
    """A handler ends its command with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.text)
        self.response = response


class ManageSieveSession:
    """State of one connection above its octets."""

    __slots__ = (
        "_channel",
        "_recording",
        "actor",
        "commands_done",
        "ends_after_command",
        "exchange",
        "host",
        "parser",
        "peer",
        "seat",
        "started_s",
        "state",
    )

    def __init__(self, host: ManageSieveHost, peer: Peer, seat: Seat, channel: Channel) -> None:
        self.host = host
        self.peer = peer
        self.seat = seat
        self._channel = channel
        self._recording: Recording | None = None
        self.exchange: LoginExchange | None = None
        """That of a SASL mechanism which the client is in."""
        self.ends_after_command = False
        """The server shuts down: BYE comes with the end of the command that runs."""
        self._begin()
        self.parser = ManageSieveParser(self._limits())

    def _begin(self) -> None:
        """Nobody is logged in."""
        self.state = State.NOT_AUTHENTICATED
        self.actor: Actor | None = None
        self.commands_done = 0
        """Refused ones too."""
        self.started_s = time.monotonic()

    def _limits(self) -> ParserLimits:
        limits = self.host.settings.limits
        is_known = self.state is State.AUTHENTICATED
        script = self.host.scripts.limits.script_octets if is_known else limits.max_literal_before_login
        return ParserLimits(line=limits.max_line_before_login, script=script)

    # Who

    @property
    def user(self) -> Actor:
        """The actor of a session that is logged in; the state table keeps others away."""
        assert self.actor is not None
        return self.actor

    def mechanisms(self) -> list[str]:
        """SASL mechanisms that the client may use now."""
        return [name for name in self.host.logins.mechanisms(self.peer) if name not in _NOT_OFFERED]

    def logged_in(self, logged_in: LoggedIn) -> None:
        """From here on the session is this user's. SessionLimitExceeded."""
        self.host.logins.seat(logged_in, self.seat, self.peer)
        self.actor = logged_in.actor
        self.state = State.AUTHENTICATED
        self.parser.limits = self._limits()

    def log_out(self) -> None:
        """From here on the session is nobody's; what was sent ahead is still executed."""
        self.log_end()
        self.stop_recording()
        self.seat.log_out()
        self._begin()
        self.parser.limits = self._limits()

    def is_now(self, actor: Actor) -> None:
        """The same user, who is in other groups by now."""
        self.actor = actor

    # TLS

    @property
    def offers_tls(self) -> bool:
        """What stays on this machine needs none."""
        is_open = self.state is State.NOT_AUTHENTICATED and not self.peer.is_tls and bool(self.peer.address)
        return is_open and self.host.start_tls is not None

    def start_tls(self) -> None:
        """All that was learnt before is forgotten (RFC 5804 §2.2)."""
        self.answer(responses.BEGIN_TLS)
        self.parser = ManageSieveParser(self._limits())
        self._channel.start_tls()

    def tls_established(self, peer: Peer) -> None:
        """The handshake is done: capabilities are told anew."""
        self.peer = replace(peer, is_tls=True)
        self.tell_capabilities()
        self.answer(responses.OK)

    # What it says

    def greet(self) -> None:
        """What comes without being asked for (RFC 5804 §1.7)."""
        self.tell_capabilities()
        self.answer(Response(Condition.OK, self.host.alerts.motd))

    def tell_capabilities(self) -> None:
        """The lines, without the response that ends them."""
        owner = None if self.actor is None else str(self.actor.userid)
        mechanisms = self.mechanisms() if self.actor is None else []
        self.send(capabilities(Occasion(self.host.settings, mechanisms, starttls=self.offers_tls, owner=owner)))

    def send(self, octets: bytes) -> None:
        """Have this sent."""
        if self._recording is not None:
            self._recording.sent(octets)
        self._channel.send(octets)

    def answer(self, response: Response) -> None:
        """End a command; with BYE the session too."""
        self.send(response.serialize())
        if response.condition is Condition.BYE:
            self.state = State.ENDED

    # What is kept of it

    def follow_telemetry(self) -> None:
        """Begin or end the record of this session, as the user's directory for it has come or gone."""
        telemetry = self.host.telemetry
        user = "" if self.actor is None else str(self.actor.userid)
        if user not in telemetry.users:
            self.stop_recording()
        elif self._recording is None:
            log_settings = self.host.settings.log
            self._recording = telemetry.record(
                user,
                service=self.peer.service,
                session=self.peer.session,
                octets_max=log_settings.telemetry_max_size,
                elapsed=log_settings.logtimestamps,
            )

    def record(self, octets: bytes) -> None:
        """Note what the client has sent."""
        if self._recording is not None:
            self._recording.received(octets)

    def stop_recording(self) -> None:
        """There is nothing more to be recorded."""
        if self._recording is not None:
            self._recording.close()
            self._recording = None

    def log_end(self) -> None:
        """A user's session is over."""
        log.info(
            "session_ended",
            extra={
                "service": self.peer.service,
                "session": self.peer.session,
                "user": str(self.user.userid),
                "commands": self.commands_done,
                "sent_octets": self._channel.sent_octets,
                "seconds": round(time.monotonic() - self.started_s, 3),
            },
        )

    def end(self) -> None:
        """The connection is lost or closed: let go of everything."""
        self.stop_recording()
        self.state = State.ENDED
        if self.actor is not None:
            self.log_end()
            self.actor = None
