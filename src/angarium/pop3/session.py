"""One client's session: who it is, what it has open, and how it answers; `dispatch` executes commands on it."""

import logging
import time

from angarium.connections import NOT_RECORDED, Output, Place, follow_telemetry, stop_recording
from angarium.errors import AngariumError
from angarium.languages import Language
from angarium.operations.logins import LOGIN_REFUSALS, LoggedIn, LoginExchange, Peer
from angarium.operations.maildrop import Maildrop
from angarium.pop3.host import Pop3Host
from angarium.pop3.parser import Pop3Parser
from angarium.pop3.replies import Reply
from angarium.pop3.states import State
from angarium.store import Actor

log = logging.getLogger(__name__)


class Pop3Session:
    """State of one connection above its octets."""

    __slots__ = (
        "_actor",
        "_maildrop",
        "bad_commands",
        "challenge",
        "commands_done",
        "exchange",
        "folder",
        "host",
        "is_utf8",
        "language",
        "output",
        "parser",
        "peer",
        "place",
        "retrieved",
        "started_s",
        "starts_tls",
        "state",
        "user",
    )

    def __init__(self, host: Pop3Host, peer: Peer, output: Output, place: Place) -> None:
        self.host = host
        self.peer = peer
        self.output = output
        self.place = place
        self.parser = Pop3Parser()
        self.state = State.AUTHORIZATION
        self.challenge = host.logins.apop_challenge(peer)
        """Of the greeting; empty where APOP is not offered."""
        self.user: str | None = None
        """What USER said."""
        self.folder = ""
        """What was named beside the user, by `popsubfolders`."""
        self.exchange: LoginExchange | None = None
        """Of AUTH, while it waits for a line."""
        self.language: Language | None = None
        """What the client is told texts in (RFC 6856 §3); None: English as it stands in the code."""
        self.is_utf8 = False
        """Whether UTF8 was given."""
        self.starts_tls = False
        """Behind the answer all is TLS."""
        self.bad_commands = 0
        """In a row."""
        self.commands_done = 0
        """Refused ones too."""
        self.retrieved = 0
        """Messages that were sent in whole."""
        self.started_s = time.monotonic()
        self._actor: Actor | None = None
        self._maildrop: Maildrop | None = None

    # Who, and what she has open

    @property
    def actor(self) -> Actor:
        """The actor of a session that is logged in; the state table keeps others away."""
        assert self._actor is not None
        return self._actor

    @property
    def maildrop(self) -> Maildrop:
        """What a session that is logged in has open."""
        assert self._maildrop is not None
        return self._maildrop

    @property
    def is_logged_in(self) -> bool:
        return self._actor is not None

    def logged_in(self, logged_in: LoggedIn, maildrop: Maildrop) -> None:
        """From here on the session is this user's, with her maildrop."""
        self._actor = logged_in.actor
        self._maildrop = maildrop
        self.state = State.TRANSACTION
        self.place.select(maildrop.name)
        self.follow_telemetry()

    def is_now(self, actor: Actor) -> None:
        """The same user, who is in other groups by now."""
        self._actor = actor
        self.maildrop.is_now(actor)

    @property
    def offers_tls(self) -> bool:
        """Whether STLS is of use."""
        return self.host.start_tls is not None and not self.peer.is_tls and not self.is_logged_in

    def tls_begun(self) -> None:
        """All is TLS from here on, and nothing counts that somebody on the way may have put in before: neither what was
        sent and not executed, nor a name or a language (RFC 2595 §4)."""
        self.peer = self.peer._replace(is_tls=True)
        self.parser = Pop3Parser()
        self.user = None
        self.language = None
        self.starts_tls = False

    # Answers

    def say(self, reply: Reply) -> None:
        """The answer to a command, or the first line of one."""
        self.output.write(reply.serialize(self.language))

    def end(self, reply: Reply) -> None:
        """The last words; the connection closes behind them, and nothing is deleted."""
        self.say(reply)
        self.state = State.ENDED

    # What is known of it elsewhere

    def follow_telemetry(self) -> None:
        """Begin or end the record of this session, as the user's directory for it has come or gone."""
        user = str(self._actor.userid) if self._actor is not None else ""
        follow_telemetry(self.output, self.host.telemetry, user, peer=self.peer, settings=self.host.settings.log)

    def record(self, line: bytes | None) -> None:
        """The client sent this line; None for one that may have credentials in it."""
        if self.output.recording is not None:
            self.output.recording.received(NOT_RECORDED if line is None else line + b"\r\n")

    def refused(self, refusal: AngariumError) -> None:
        """For the log."""
        if self.is_logged_in or not isinstance(refusal, LOGIN_REFUSALS):
            fields = {"service": self.peer.service, "session": self.peer.session, "refusal": type(refusal).__name__}
            log.info("command_refused", extra={**fields, "reason": str(refusal)})

    def close(self) -> None:
        """The connection is lost or closed; what was not deleted by QUIT stays."""
        stop_recording(self.output)
        if self._actor is None:
            return
        log.info(
            "session_ended",
            extra={
                "service": self.peer.service,
                "session": self.peer.session,
                "user": str(self._actor.userid),
                "commands": self.commands_done,
                "sent_octets": self.output.sent_octets,
                "seconds": round(time.monotonic() - self.started_s, 3),
                "retrieved": self.retrieved,
                "deleted": self.maildrop.removed,
            },
        )
