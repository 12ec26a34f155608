"""One client's session: who it is, what it is allowed, and how it answers; `dispatch` executes commands on it."""

import logging
import time
from collections.abc import Callable
from typing import Final

from angarium.connections import Output, Place, follow_telemetry, stop_recording
from angarium.managesieve import responses
from angarium.managesieve.capabilities import Occasion, capabilities
from angarium.managesieve.host import ManageSieveHost
from angarium.managesieve.parser import ManageSieveParser, ParserLimits
from angarium.managesieve.responses import Condition, Response
from angarium.managesieve.states import State
from angarium.operations.logins import LoggedIn, LoginExchange, Peer
from angarium.store import Actor

log = logging.getLogger(__name__)

_NOT_OFFERED: Final = frozenset({"ANONYMOUS"})
"""Who does not say who she is has no scripts."""


class CommandFailed(Exception):
    """A handler ends its command with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.text)
        self.response = response


class ManageSieveSession:
    """State of one connection above its octets."""

    __slots__ = (
        "_begin_tls",
        "actor",
        "commands_done",
        "ends_after_command",
        "exchange",
        "host",
        "output",
        "parser",
        "peer",
        "seat",
        "started_s",
        "state",
    )

    def __init__(
        self, host: ManageSieveHost, peer: Peer, output: Output, seat: Place, *, begin_tls: Callable[[], None]
    ) -> None:
        """`begin_tls` sends what there is; what comes and goes behind it is TLS."""
        self.host = host
        self.peer = peer
        self.seat = seat
        self.output = output
        self._begin_tls = begin_tls
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
        stop_recording(self.output)
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
        self._begin_tls()

    def tls_established(self, peer: Peer) -> None:
        """The handshake is done: capabilities are told anew."""
        self.peer = peer._replace(is_tls=True)
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
        self.output.write(octets)

    def answer(self, response: Response) -> None:
        """End a command; with BYE the session too."""
        self.send(response.serialize())
        if response.condition is Condition.BYE:
            self.state = State.ENDED

    # What is kept of it

    def follow_telemetry(self) -> None:
        """Begin or end the record of this session, as the user's directory for it has come or gone."""
        user = "" if self.actor is None else str(self.actor.userid)
        follow_telemetry(self.output, self.host.telemetry, user, peer=self.peer, settings=self.host.settings.log)

    def record(self, octets: bytes) -> None:
        """Note what the client has sent."""
        if self.output.recording is not None:
            self.output.recording.received(octets)

    def log_end(self) -> None:
        """A user's session is over."""
        log.info(
            "session_ended",
            extra={
                "service": self.peer.service,
                "session": self.peer.session,
                "user": str(self.user.userid),
                "commands": self.commands_done,
                "sent_octets": self.output.sent_octets,
                "seconds": round(time.monotonic() - self.started_s, 3),
            },
        )

    def end(self) -> None:
        """The connection is lost or closed: let go of everything."""
        stop_recording(self.output)
        self.state = State.ENDED
        if self.actor is not None:
            self.log_end()
            self.actor = None
