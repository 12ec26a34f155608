"""One client's session: what it is allowed, what it was told, and how it answers.

`dispatch` executes commands on it one after another; the handlers hold what each command does. A handler writes
untagged responses to `output`, and gives a `Completion` or raises: a refusal of the tree, which the table in `errors`
words, or `CommandFailed` with an answer of its own.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol

from angarium.collation import DEFAULT_COMPARATOR, Comparator
from angarium.config import Client
from angarium.connections import Place
from angarium.engine.rows import AccountId, ModSeq
from angarium.errors import MailboxNameInvalid
from angarium.languages import Language
from angarium.names import MailboxName, Namespace, modutf7, nfc
from angarium.operations.logins import LoggedIn, Peer, secured_peer
from angarium.sequenceset import UidSet
from angarium.store import Actor, SeenOverlay, SelectedMailbox

from .capabilities import Moment, Occasion, capabilities
from .compression import Deflater, Inflater
from .contexts import Contexts
from .dialect import DEFAULT, Extension, served_but
from .errors import Answer
from .events import MessageBegun, TextBegun, UrlGiven
from .limits import unasked_octets
from .notification import Notification
from .output import Output
from .parser import ImapParser
from .responses import BYE, Condition, ResponseCode, serialize_status
from .services import ImapServices
from .states import State
from .telemetry import SessionTelemetry
from .terminals import QuotableUtf8


class Completion(NamedTuple):
    """How a command ended well."""

    text: bytes = b"Completed"
    code: bytes = b""


COMPLETED = Completion()

_AUTHENTICATED: Final = State.AUTHENTICATED  # see `responses.OK`


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
    """An APPEND or REPLACE whose messages are coming, in the order that `AppendBegun` tells.

    What cannot be stored is said at once by the coroutines; what `write` finds is remembered until the next of them.
    """

    async def begin_message(self, session: "ImapSession", event: MessageBegun) -> None:
        """The message that was coming is whole, and another one follows."""

    async def begin_text(self, session: "ImapSession", event: TextBegun) -> None:
        """A part follows whose octets the client sends."""

    async def take_url(self, session: "ImapSession", event: UrlGiven) -> None:
        """The next part is here already."""

    def write(self, chunk: bytes) -> None:
        """The next octets."""

    async def finish(self, session: "ImapSession") -> Completion:
        """All messages are whole: store them."""

    async def abort(self) -> None:
        """Throw away what has come."""


LineHandler = Callable[["ImapSession", bytes], Awaitable[Completion | None]]
"""Takes a line that is no command; None means that it has asked for another one."""


class ImapSession:
    """State of one connection above its octets."""

    __slots__ = (
        "actor",
        "after_answer",
        "append",
        "bad_commands",
        "client_id",
        "client_name",
        "client_version",
        "close_after_answer",
        "commands_done",
        "comparator",
        "contexts",
        "ends_after_command",
        "flags_told",
        "hidden",
        "inflater",
        "is_idling",
        "language",
        "line_handler",
        "namespace",
        "notification",
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
        self.parser = ImapParser(services.limits_before_login)
        self.selected: SelectedMailbox | None = None
        self.hidden: frozenset[str] = frozenset()
        """Capabilities that are hidden from this client, in capitals; `hide` follows what is known of it."""
        self.client_id = ""
        """What ID told, for logs."""
        self.client_name = ""
        self.client_version = ""
        self.is_idling = False
        self.watched: AccountId | None = None
        """Whose announcements call `wake`, for the selected mailbox: in IDLE, or by NOTIFY."""
        self.flags_told: FlagsTold | None = None
        """By the present command, so that they are not told again at its end."""
        self.contexts: Contexts | None = None
        """Searches in the selected mailbox of whose results the client is kept told; None where there are none."""
        self.append: PendingAppend | None = None
        self.line_handler: LineHandler | None = None
        self.after_answer: Callable[[], None] | None = None
        """What the present command changes only behind its answer."""
        self.inflater: Inflater | None = None
        """What the client sends comes through it."""
        self.tag = b"*"
        """Of the command that is being executed."""
        self.close_after_answer = False
        self.ends_after_command = False
        """The server shuts down: BYE comes with the end of the command that runs."""
        self._begin()

    def _begin(self) -> None:
        """Nobody is logged in; what a user's commands leave in the session is here, so that the next one finds nothing
        of it."""
        self.actor: Actor | None = None
        self.namespace: Namespace | None = None
        self.bad_commands = 0
        """In a row."""
        self.commands_done = 0
        """Refused ones too."""
        self.notification: Notification | None = None
        """What NOTIFY asked for; None: it was not used."""
        self.comparator: Comparator = DEFAULT_COMPARATOR
        """By which texts are compared (RFC 5255 §4.2)."""
        self.language: Language | None = None
        """What the client is told texts in (RFC 5255 §3); None: `i-default`, English as it stands in the code."""
        self.started_s = time.monotonic()
        self.hide()

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

    def logged_in(self, logged_in: LoggedIn) -> None:
        """From here on the session is this user's. SessionLimitExceeded."""
        client = f"{self.client_name} {self.client_version}".strip()
        peer = self.peer._replace(client=client) if client else self.peer
        self.services.logins.seat(logged_in, self.place, peer)
        actor = self.actor = logged_in.actor
        self.namespace = self.services.store.namespace(actor)
        self.parser.limits = self.services.limits_after_login
        self.parser.state = _AUTHENTICATED
        self.hide()
        if self.services.telemetry.users or self.output.recording is not None:
            self.follow_telemetry()
        if logged_in.alert:
            self.tell(Condition.OK, logged_in.alert.encode("ascii"), ResponseCode.ALERT)

    def log_out(self) -> None:
        """From here on the session is nobody's, and as it was at its beginning; but for TLS, and for what ID has told
        (RFC 8437 §3). `end_compression` and `follow_telemetry` are due behind the answer."""
        self.stop_idling()
        self.close_mailbox()
        self.end_notification()
        self.place.log_out()
        self.parser.limits = self.services.limits_before_login
        self.parser.state = State.NOT_AUTHENTICATED
        self.parser.dialect = DEFAULT
        self._begin()

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

    # What it may say

    def hide(self) -> None:
        """Hide from the client what the options say, by what is known of it now; what is enabled stays so."""
        imap = self.services.settings.imap
        if not imap.hide_capabilities and not imap.suppress_capabilities:
            return
        user = str(self.actor.userid or "anonymous") if self.actor is not None else ""
        client = Client(self.peer.address, self.client_name, self.client_version, user)
        rules = [rule.hidden for rule in imap.hide_capabilities if rule.matches(client)]
        self.hidden = frozenset(imap.suppress_capabilities).union(*rules)
        self.parser.dialect = self.parser.dialect.serving(served_but(self.hidden))
        unasked = unasked_octets(self.parser.dialect.served, literalminus=imap.literalminus)
        if self.parser.limits.unasked_octets != unasked:
            self.parser.limits = replace(self.parser.limits, unasked_octets=unasked)

    @property
    def enabled(self) -> frozenset[Extension]:
        """What the client has turned on, by ENABLE or by using it; the parser goes by the same set."""
        return self.parser.dialect.enabled

    def enable(self, *extensions: Extension) -> None:
        """From here on these are on; QRESYNC has CONDSTORE in it (RFC 7162 §3.2.3)."""
        implied = [Extension.CONDSTORE] if Extension.QRESYNC in extensions else []
        self.parser.dialect = self.parser.dialect.enabling([*extensions, *implied])

    @property
    def is_rev2(self) -> bool:
        """Whether the client speaks IMAP4rev2 (RFC 9051 §6.3.1)."""
        return Extension.IMAP4REV2 in self.parser.dialect.enabled

    @property
    def condstore(self) -> bool:
        """Whether the client has shown that it knows mod-sequences (RFC 7162 §3.1)."""
        return Extension.CONDSTORE in self.parser.dialect.enabled

    # Names on the wire

    def mailbox_name(self, octets: bytes) -> MailboxName:
        """The mailbox that the client means; MailboxNameInvalid.

        A name in UTF-8 is taken in NFC, so that it is made so (RFC 9051 §5.1); of one in modified UTF-7 the exact form
        is kept (§A.1). Both find a mailbox of either spelling.
        """
        text = self.decode_name(octets)
        return self.names.to_internal(nfc(text) if self.parser.dialect.quotes_utf8 else text)

    def decode_name(self, octets: bytes) -> str:
        """A name or pattern of the client's as text: modified UTF-7 (RFC 3501 §5.1.3), or UTF-8 where the client has
        enabled what brings it (RFC 9051 §5.1, RFC 9755 §3). MailboxNameInvalid."""
        if not self.parser.dialect.quotes_utf8:
            return modutf7.decode(octets)
        try:
            return octets.decode()
        except UnicodeDecodeError as error:
            raise MailboxNameInvalid("not UTF-8") from error

    def encode_name(self, name: MailboxName) -> bytes:
        """The mailbox as this client is told of it."""
        return self.encode_text(self.names.to_external(name))

    def name_in_text(self, name: MailboxName) -> bytes:
        """The mailbox as a text for people has it, which is ASCII for all but clients of IMAP4rev2 (RFC 9051 §9)."""
        return self.encode_name(name) if self.is_rev2 else modutf7.encode(self.names.to_external(name))

    def encode_text(self, text: str) -> bytes:
        """A name, prefix or pattern as this client is told of it."""
        return QuotableUtf8(nfc(text).encode()) if self.parser.dialect.quotes_utf8 else modutf7.encode(text)

    # Selected or not

    def open_mailbox(self, selected: SelectedMailbox) -> None:
        """The session has selected a mailbox."""
        self.selected = selected
        if self.notification is not None:
            selected.wanted = self.notification.kinds
        self.follow_selected()
        self.parser.state = State.SELECTED
        self.place.select(selected.mailbox.name.internal)

    def close_mailbox(self) -> None:
        """The session has no mailbox selected."""
        self.selected = None
        self.contexts = None
        if self.notification is not None:
            self.notification.take_arrived()
        self.follow_selected()
        self.place.select("")
        if self.parser.state is State.SELECTED:
            self.parser.state = State.AUTHENTICATED

    # Told of changes between commands or not

    def start_idling(self) -> None:
        """From here on `wake` is called at every change of the selected mailbox's account."""
        self.is_idling = True
        self.follow_selected()

    def stop_idling(self) -> None:
        """Nobody is told of anything between commands any more, but by NOTIFY; nothing happens where nobody was."""
        if self.is_idling:
            self.is_idling = False
            self.follow_selected()

    def set_notification(self, notification: Notification) -> None:
        """From here on the client is told of this, at any time."""
        self.end_notification()
        self.notification = notification
        notification.start(self.services.watchers, self.wake)
        if self.selected is not None:
            self.selected.wanted = notification.kinds
        self.follow_selected()

    def end_notification(self) -> None:
        """As if there had been no NOTIFY; nothing happens where there was none."""
        if self.notification is not None:
            self.notification.stop()
            self.notification = None
            self.follow_selected()

    def follow_selected(self) -> None:
        """Have `wake` called for the selected mailbox's account where the client can be told."""
        listens = self.is_idling or (self.notification is not None and bool(self.notification.kinds))
        account = self.selected.mailbox.account if listens and self.selected is not None else None
        if account == self.watched:
            return
        if self.watched is not None:
            self.services.watchers.unwatch(self.watched, self.wake)
        if account is not None:
            self.services.watchers.watch(account, self.wake)
        self.watched = account

    # Plain or not

    @property
    def offers_tls(self) -> bool:
        """Whether STARTTLS is of use."""
        return self.services.start_tls is not None and not self.peer.is_tls

    def start_tls(self) -> None:
        """Behind the present answer all is TLS, and nothing counts that somebody on the way may have put in before:
        neither what the client has sent and was not executed, nor what ID told (RFC 9051 §6.2.1), nor the language, for
        which a client must ask again (RFC 5255 §3.1, §7)."""
        assert self.services.start_tls is not None
        self.output.flush()
        self.parser.drop_buffered()
        self.peer = self.peer._replace(is_tls=True)
        self.client_id = self.client_name = self.client_version = ""
        self.language = None
        self.hide()
        self.services.start_tls(self.output.transport, session=self.peer.session, established=self._learn_who_is_there)

    def _learn_who_is_there(self) -> None:
        """What the handshake has told."""
        self.peer = secured_peer(self.peer, self.output.transport)

    # Compressed or not

    def compress(self) -> None:
        """Behind the present answer all goes compressed, in both directions."""
        self.output.flush()
        self.output.deflater = Deflater()
        self.inflater = Inflater()
        self.inflater.receive(self.parser.take_buffered())

    def end_compression(self) -> None:
        """Behind the present answer nothing is compressed any more (RFC 8437 §4.1)."""
        self.output.end_compression()
        if self.inflater is not None:
            self.parser.receive_data(self.inflater.end())
            self.inflater = None

    def receive(self, data: bytes) -> None:
        """Takes octets as they came."""
        if self.inflater is None:
            self._parse(data)
        else:
            self.inflater.receive(data)

    def inflate_some(self) -> bool:
        """Give the parser, which has nothing left, more of what the client sent compressed; whether there was any.
        CompressionBroken."""
        piece = self.inflater.next_piece() if self.inflater is not None else b""
        if piece:
            self._parse(piece)
        return bool(piece)

    def _parse(self, data: bytes) -> None:
        if self.output.recording is not None:
            self.output.recording.received(data)
        self.parser.receive_data(data)

    # Answers

    def capabilities(self, *, in_greeting: bool = False) -> bytes:
        """What CAPABILITY answers now, or what the greeting announces; words with spaces between them."""
        services = self.services
        is_before = in_greeting or self.actor is None
        mechanisms: tuple[str, ...] = ()
        plaintext_allowed = starttls = False
        if is_before:
            # How one may log in is not told behind a login, so nobody is asked then.
            mechanisms = tuple(services.logins.mechanisms(self.peer))
            plaintext_allowed = services.logins.plaintext_allowed(self.peer)
            starttls = self.offers_tls
        served = self.parser.dialect.served
        told_by = (in_greeting, is_before, mechanisms, plaintext_allowed, served, self.hidden, starttls)
        announced = services.announced.get(told_by)
        if announced is None:
            after_greeting = Moment.BEFORE_LOGIN if is_before else Moment.AFTER_LOGIN
            occasion = Occasion(
                Moment.GREETING if in_greeting else after_greeting,
                services.settings,
                mechanisms,
                plaintext_allowed,
                served,
                self.hidden,
                starttls,
                services.sieve_url,
            )
            announced = services.announced[told_by] = b" ".join(capabilities(occasion))
        return announced

    def answer(self, condition: Condition, text: bytes, code: bytes = b"") -> None:
        """The tagged answer of the present command."""
        if self.language is not None:
            text = self.language.translate(text)
        self.output.write(serialize_status(condition, text, tag=self.tag, code=code))

    def tell(self, condition: Condition, text: bytes, code: bytes = b"") -> None:
        """An untagged status response."""
        self.output.write(serialize_status(condition, self.localized(text), code=code))

    def say_bye(self, text: bytes, code: bytes = b"") -> None:
        """The last response; the connection closes behind it."""
        self.tell(BYE, text, code)
        self.close_after_answer = True

    def localized(self, text: bytes) -> bytes:
        """A text of ours in the session's language."""
        return text if self.language is None else self.language.translate(text)
