"""One client's session: what it is allowed, what it was told, and how it answers.

`dispatch` executes commands on it one after another; the handlers hold what each command does. A handler writes
untagged responses to `output`, and gives a `Completion` or raises: a refusal of the tree, which the table in `errors`
words, or `CommandFailed` with an answer of its own.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from angarium.engine.rows import AccountId, ModSeq
from angarium.names import MailboxName, Namespace, modutf7
from angarium.sequenceset import UidSet
from angarium.store import Actor, SeenOverlay, SelectedMailbox

from .capabilities import capabilities_after_login, capabilities_before_login
from .errors import Answer
from .limits import BEFORE_LOGIN, ParserLimits
from .output import Output
from .parser import ImapParser
from .responses import Condition, ResponseCode, serialize_status
from .services import ImapServices, Peer, Place
from .states import State
from .telemetry import SessionTelemetry


@dataclass(frozen=True, slots=True)
class Completion:
    """How a command ended well."""

    text: bytes = b"Completed"
    code: ResponseCode | bytes = b""


COMPLETED = Completion()


class CommandFailed(Exception):
    """A handler ends its command with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.text.decode("ascii", "replace"))
        self.answer = answer


@dataclass(frozen=True, slots=True)
class FlagsTold:
    """Messages whose flags a FETCH response has just told, as they were at `modseq`, and by `seen`."""

    uids: UidSet
    modseq: ModSeq
    seen: SeenOverlay


class PendingAppend(Protocol):
    """An APPEND whose message is coming."""

    def write(self, chunk: bytes) -> None:
        """The next octets; what cannot be stored is remembered, and said at the end."""

    async def finish(self, session: "ImapSession") -> Completion:
        """The message is whole: store it."""

    async def abort(self) -> None:
        """Throw away what has come."""


LineHandler = Callable[["ImapSession", bytes], Awaitable[Completion | None]]
"""Takes a line that is no command; None means that it has asked for another one."""


class ImapSession:
    """State of one connection above its octets."""

    __slots__ = (
        "actor",
        "append",
        "bad_commands",
        "client_id",
        "close_after_answer",
        "commands_done",
        "condstore",
        "ends_after_command",
        "flags_told",
        "is_idling",
        "line_handler",
        "namespace",
        "output",
        "parser",
        "peer",
        "place",
        "selected",
        "services",
        "started_s",
        "tag",
        "wake",
        "watched",
    )

    def __init__(
        self, services: ImapServices, peer: Peer, output: Output, place: Place, wake: Callable[[], None]
    ) -> None:
        self.services = services
        self.peer = peer
        self.output = output
        self.place = place
        self.wake = wake
        """Has the connection run `dispatch.tell_changes` soon; what a watch calls."""
        self.parser = ImapParser(limits_before_login(services))
        self.actor: Actor | None = None
        self.namespace: Namespace | None = None
        self.selected: SelectedMailbox | None = None
        self.condstore = False
        """Whether the client has shown that it knows mod-sequences (RFC 7162 §3.1)."""
        self.client_id = ""
        """What ID told, for logs."""
        self.is_idling = False
        self.watched: AccountId | None = None
        """Whose announcements call `wake`, in IDLE."""
        self.flags_told: FlagsTold | None = None
        """By the present command, so that they are not told again at its end."""
        self.append: PendingAppend | None = None
        self.line_handler: LineHandler | None = None
        self.tag = b"*"
        """Of the command that is being executed."""
        self.bad_commands = 0
        """In a row."""
        self.commands_done = 0
        """Refused ones too."""
        self.close_after_answer = False
        self.ends_after_command = False
        """The server shuts down: BYE comes with the end of the command that runs."""
        self.started_s = time.monotonic()

    # Who

    @property
    def user(self) -> Actor:
        """The actor of a session that is logged in; the state table keeps others away."""
        assert self.actor is not None
        return self.actor

    @property
    def names(self) -> Namespace:
        """Names as this user sees them."""
        assert self.namespace is not None
        return self.namespace

    @property
    def mailbox(self) -> SelectedMailbox:
        """The selected mailbox; the state table keeps sessions without one away."""
        assert self.selected is not None
        return self.selected

    def logged_in(self, actor: Actor) -> None:
        """From here on the session is this user's."""
        self.place.log_in(str(actor.userid) if actor.userid is not None else "anonymous")
        self.actor = actor
        self.namespace = self.services.store.namespace(actor)
        self.parser.limits = limits_after_login(self.services)
        self.parser.state = State.AUTHENTICATED
        self.follow_telemetry()

    def follow_telemetry(self) -> None:
        """Begin or end the record of this session, as the user's directory for it has come or gone."""
        services, recording = self.services, self.output.recording
        user = ""
        if self.actor is not None:
            user = str(self.actor.userid) if self.actor.userid is not None else "anonymous"
        if user not in services.telemetry.users:
            if recording is not None:
                recording.close()
                self.output.recording = None
        elif recording is None:
            log_settings = services.settings.log
            begun = services.telemetry.record(
                user,
                service=self.peer.service,
                session=self.peer.session,
                octets_max=log_settings.telemetry_max_size,
                elapsed=log_settings.logtimestamps,
            )
            self.output.recording = SessionTelemetry(begun, is_within=self.parser.buffered_octets > 0)

    def is_now(self, actor: Actor) -> None:
        """The same user, who is in other groups by now; what she may do changes with the next `refresh`."""
        self.actor = actor
        if self.selected is not None:
            self.selected.actor = actor

    # Names on the wire

    def mailbox_name(self, octets: bytes) -> MailboxName:
        """The mailbox that the client means; MailboxNameInvalid."""
        return self.names.to_internal(self.decode_name(octets))

    def decode_name(self, octets: bytes) -> str:
        """A name or pattern of the client's as text: modified UTF-7 (RFC 3501 §5.1.3)."""
        return modutf7.decode(octets)

    def encode_name(self, name: MailboxName) -> bytes:
        """The mailbox as this client is told of it."""
        return modutf7.encode(self.names.to_external(name))

    def encode_text(self, text: str) -> bytes:
        """A name, prefix or pattern as this client is told of it."""
        return modutf7.encode(text)

    # Selected or not

    def open_mailbox(self, selected: SelectedMailbox) -> None:
        """The session has selected a mailbox."""
        self.selected = selected
        self.parser.state = State.SELECTED
        self.place.select(selected.mailbox.name.internal)

    def close_mailbox(self) -> None:
        """The session has no mailbox selected."""
        self.selected = None
        self.place.select("")
        if self.parser.state is State.SELECTED:
            self.parser.state = State.AUTHENTICATED

    def start_idling(self) -> None:
        """From here on `wake` is called at every change of the selected mailbox's account."""
        self.is_idling = True
        if self.selected is not None:
            self.watched = self.selected.mailbox.account
            self.services.watchers.watch(self.watched, self.wake)

    def stop_idling(self) -> None:
        """Nobody is told of anything between commands any more; nothing happens where nobody was."""
        self.is_idling = False
        if self.watched is not None:
            self.services.watchers.unwatch(self.watched, self.wake)
            self.watched = None

    # Answers

    def capabilities(self) -> list[bytes]:
        """What CAPABILITY answers now."""
        suppressed = self.services.settings.imap.suppress_capabilities
        idle = self.services.idle_is_offered
        if self.actor is not None:
            return capabilities_after_login(idle=idle, suppressed=suppressed)
        logins = self.services.logins
        return capabilities_before_login(
            logins.mechanisms(self.peer),
            login_disabled=not logins.plaintext_allowed(self.peer),
            idle=idle,
            suppressed=suppressed,
        )

    def answer(self, condition: Condition, text: bytes, code: ResponseCode | bytes = b"") -> None:
        """The tagged answer of the present command."""
        self.output.write(serialize_status(condition, text, tag=self.tag, code=code))

    def say_bye(self, text: bytes, code: ResponseCode | bytes = b"") -> None:
        """The last response; the connection closes behind it."""
        self.output.write(serialize_status(Condition.BYE, text, code=code))
        self.close_after_answer = True


def limits_before_login(services: ImapServices) -> ParserLimits:
    """Small ones, for those whom nobody knows yet."""
    limits = services.settings.limits
    return ParserLimits(
        line_octets=limits.max_line_before_login,
        atom_octets=BEFORE_LOGIN.atom_octets,
        quoted_octets=BEFORE_LOGIN.quoted_octets,
        literal_octets=limits.max_literal_before_login,
        command_octets=limits.max_line_before_login + 2 * limits.max_literal_before_login,
        arguments=BEFORE_LOGIN.arguments,
    )


def limits_after_login(services: ImapServices) -> ParserLimits:
    """Those of the options."""
    imap = services.settings.imap
    return ParserLimits(
        line_octets=imap.maxline,
        atom_octets=imap.maxword,
        quoted_octets=imap.maxquoted,
        literal_octets=imap.maxliteral,
        command_octets=imap.maxargssize or 2 * imap.maxline,
        message_octets=services.settings.limits.maxmessagesize,
        arguments=services.settings.limits.max_command_arguments,
        nesting=imap.maxnesting,
    )
