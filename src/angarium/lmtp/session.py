"""`LmtpSession`: executes the commands of one connection, one after another."""

import asyncio
import logging
import pwd
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import assert_never

from angarium import __version__
from angarium.config import ServerInfo
from angarium.errors import AngariumError, TemporaryError, UserNameInvalid
from angarium.flags import NO_FLAGS, Flags
from angarium.lmtp import replies
from angarium.lmtp.authentication import EXTERNAL, authenticate, take_external
from angarium.lmtp.channel import Channel
from angarium.lmtp.commands import (
    Auth,
    Bdat,
    Body,
    Command,
    Data,
    Help,
    Lhlo,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Rset,
    StartTls,
    Vrfy,
)
from angarium.lmtp.events import CommandReceived, CommandRefused, DataChunk
from angarium.lmtp.grammar import Problem, is_utf8, without_8bit
from angarium.lmtp.host import LmtpHost, Peer
from angarium.lmtp.refusals import reply_to
from angarium.lmtp.replies import Reply
from angarium.lmtp.states import State, refusal_of
from angarium.names import parse_userid
from angarium.operations.delivery import (
    Delivered,
    Letter,
    Outcome,
    deliver,
    find_recipient,
    requests_of_mail,
    requests_of_rcpt,
)
from angarium.operations.logins import Peer as LoginPeer
from angarium.operations.logins import Secured
from angarium.operations.messages import (
    DeliveryTarget,
    EightBitHeader,
    IncomingMessage,
    MessageLimits,
    PreparedMessage,
    Recipient,
    Trace,
)
from angarium.store import Actor

log = logging.getLogger(__name__)

_PROTOCOL = "lmtp"
_RECORDED_AT_ONCE = 50
"""Recipients, before others have their turn: a line of the log takes some 30 µs."""

# By `reject8bit` and `munge8bit`.
_EIGHT_BIT_HEADERS = {
    (False, False): EightBitHeader.KEPT,
    (False, True): EightBitHeader.MUNGED,
    (True, False): EightBitHeader.REFUSED,
    (True, True): EightBitHeader.REFUSED,
}


@dataclass(slots=True)
class _Transaction:
    """What MAIL, RCPT and BDAT have gathered."""

    mail: Mail
    sender: Actor
    targets: list[DeliveryTarget] = field(default_factory=list)
    recipients: list[Rcpt] = field(default_factory=list)
    """One for each target."""
    incoming: IncomingMessage | None = None
    """The message whose chunks come by BDAT."""
    refusal: Exception | None = None
    """Why nothing more of it is taken."""
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    """What the message holds."""


class LmtpSession:
    """One client's session; one object a connection."""

    __slots__ = (
        "_actor",
        "_channel",
        "_client_name",
        "_commands",
        "_host",
        "_is_authenticated",
        "_peer",
        "_state",
        "_transaction",
        "delivered",
        "id",
    )

    def __init__(self, host: LmtpHost, peer: Peer, channel: Channel) -> None:
        self._host = host
        self._peer = peer
        self._channel = channel
        self._state = State.CONNECTED if peer.is_authorised else State.UNAUTHORISED
        self._client_name = ""
        self._transaction: _Transaction | None = None
        self._commands = 0
        self._is_authenticated = False
        self._actor: Actor | None = None
        """Who has said who it is, where it had to."""
        self.id = host.store.sources.random_id()
        self.delivered = 0
        """Recipients who were delivered to."""

    async def run(self) -> None:
        """Serve the client until it leaves. ConnectionEnded; what was not delivered then, is not."""
        self._channel.send(self._greeting())
        try:
            while self._state is not State.ENDED:
                event = await self._channel.next_event()
                if self._has_too_many_commands():
                    self._answer(replies.TOO_MANY_COMMANDS)
                    self._state = State.ENDED
                elif isinstance(event, CommandReceived):
                    if await self._may_go_on():
                        await self._execute(event.command)
                else:
                    assert isinstance(event, CommandRefused)
                    self._refuse(event.problem)
        finally:
            await self._end_transaction()

    async def _may_go_on(self) -> bool:
        """A login that holds no more ends its session, as in all protocols."""
        if self._actor is None or self._host.logins is None:
            return True
        over = await self._host.logins.why_over(self._actor)
        if over is None:
            return True
        self._answer(replies.OVER[over])
        self._state = State.ENDED
        return False

    def _refuse(self, problem: Problem) -> None:
        self._answer(replies.PROBLEMS[problem])
        # What follows may be anything, and nothing of it may be taken for a command.
        if problem in (Problem.HTTP, Problem.CHUNK):
            self._state = State.ENDED

    async def _execute(self, command: Command) -> None:
        refusal = refusal_of(self._state, type(command))
        if refusal is replies.AUTHENTICATION_REQUIRED and self._host.settings.lmtp.soft_noauth:
            refusal = replies.AUTHENTICATION_REQUIRED_FOR_NOW
        if refusal is not None:
            if isinstance(command, Bdat):
                await self._refuse_chunk(command, refusal)
            else:
                self._answer(refusal)
            return
        match command:
            case Mail():
                await self._begin(command)
            case Rcpt():
                await self._add_recipient(command)
            case Data():
                await self._take_message()
            case Bdat():
                await self._take_chunk(command)
            case Lhlo():
                await self._greet(command)
            case StartTls():
                await self._start_tls()
            case Auth():
                await self._authenticate(command)
            case Rset():
                await self._end_transaction()
                self._answer(replies.RSET_OK)
            case Noop():
                self._answer(replies.NOOP_OK)
            case Help():
                self._answer(replies.HELP_TEXT)
            case Vrfy():
                self._answer(replies.VRFY_UNCERTAIN)
            case Quit():
                self._answer(replies.QUIT_OK)
                self._state = State.ENDED
            case _:
                assert_never(command)

    # Greetings

    def _greeting(self) -> bytes:
        server = self._host.settings.server
        match server.serverinfo:
            case ServerInfo.ON:
                text = f"{server.servername} Angarium LMTP {__version__} server ready"
            case ServerInfo.MIN:
                text = f"{server.servername} LMTP server ready"
            case ServerInfo.OFF:
                text = "LMTP server ready"
        return Reply(220, "", (text,)).serialize(self.id)

    async def _greet(self, command: Lhlo) -> None:
        # RFC 5321 §4.1.4: it gives up a transaction as RSET does.
        await self._end_transaction()
        if self._state is State.CONNECTED:
            self._state = State.READY
        self._client_name = command.client_name
        settings = self._host.settings
        size_max = settings.limits.maxmessagesize
        lines = [settings.server.servername, "8BITMIME", "BINARYMIME", "CHUNKING", "ENHANCEDSTATUSCODES", "PIPELINING"]
        if self._takes_utf8:
            lines.append("SMTPUTF8")
        lines.append(f"SIZE {size_max}" if size_max else "SIZE")
        if self._offers_tls:
            lines.append("STARTTLS")
        mechanisms = self._mechanisms
        if mechanisms:
            lines.append("AUTH " + " ".join(mechanisms))
        lines += ["IGNOREQUOTA", "Ok"]
        self._answer(Reply(250, "", tuple(lines), names_session=True))

    @property
    def _takes_utf8(self) -> bool:
        """Not where headers with UTF-8 are refused or spoilt (RFC 6531 §3.1)."""
        lmtp = self._host.settings.lmtp
        return not lmtp.reject8bit and not lmtp.munge8bit

    @property
    def _offers_tls(self) -> bool:
        """What stays on this machine needs none."""
        return self._host.start_tls is not None and not self._peer.is_tls and not self._peer.is_local

    async def _start_tls(self) -> None:
        if not self._offers_tls:
            self._answer(replies.TLS_ACTIVE if self._peer.is_tls else replies.PROBLEMS[Problem.COMMAND_UNKNOWN])
            return
        if self._is_authenticated:
            # What was said in plaintext would have to be forgotten with the rest.
            self._answer(replies.ALREADY_AUTHENTICATED)
            return
        # RFC 3207 §4.2: all that was learnt before is forgotten.
        await self._end_transaction()
        self._client_name = ""
        self._peer = replace(self._peer, is_tls=True)
        self._state = State.CONNECTED if self._peer.is_authorised else State.UNAUTHORISED
        self._answer(replies.BEGIN_TLS)
        self._channel.start_tls(session=self.id, established=self._tls_established)

    def _tls_established(self, secured: Secured | None) -> None:
        self._peer = self._peer.secured_by(secured)

    @property
    def _mechanisms(self) -> Sequence[str]:
        """By which the peer can say who it is; one that may deliver already is known."""
        if self._peer.is_authorised:
            return (EXTERNAL,)
        logins = self._host.logins
        return logins.mechanisms(self._login_peer) if logins is not None else ()

    @property
    def _login_peer(self) -> LoginPeer:
        peer = self._peer
        return LoginPeer(
            peer.address,
            self._host.service,
            self.id,
            peer.is_tls,
            "lmtp",
            self._client_name,
            bindings=peer.bindings,
            certificate_user=peer.certificate_user,
            cipher=peer.cipher,
        )

    async def _authenticate(self, command: Auth) -> None:
        """RFC 4954 §4: once, behind LHLO and in no transaction."""
        if not self._client_name:
            self._answer(replies.NOT_GREETED)
        elif self._transaction is not None:
            self._answer(replies.AUTH_IN_TRANSACTION)
        elif self._is_authenticated:
            self._answer(replies.ALREADY_AUTHENTICATED)
        elif self._peer.is_authorised:
            reply = await take_external(self._channel, command)
            self._is_authenticated = reply is replies.AUTHENTICATED
            self._answer(reply)
        elif self._host.logins is None:
            self._answer(replies.PROBLEMS[Problem.COMMAND_UNKNOWN])
        else:
            outcome = await authenticate(self._channel, self._host.logins, command, self._login_peer)
            if isinstance(outcome, Reply):
                self._answer(outcome)
                return
            self._actor = outcome
            self._is_authenticated = True
            self._peer = replace(self._peer, is_authorised=True)
            self._channel.authorised()
            self._state = State.READY
            self._answer(replies.AUTHENTICATED)

    # A transaction

    async def _begin(self, command: Mail) -> None:
        size_max = self._host.settings.limits.maxmessagesize
        if 0 < size_max < command.size_octets:
            self._answer(replies.TOO_LARGE)
            return
        if command.is_utf8 and not self._takes_utf8:
            self._answer(replies.PROBLEMS[Problem.PARAMETER_UNKNOWN])
            return
        return_path = self._checked_address(command.return_path, allows_utf8=command.is_utf8)
        if return_path is None:
            self._answer(replies.NOT_ASCII)
            return
        if return_path != command.return_path:
            command = replace(command, return_path=return_path)
        try:
            sender = await self._sender(command.submitter)
        except Exception as error:  # noqa: BLE001 - the reply tells, and the log
            self._answer(self._reply_to(error))
            return
        self._transaction = _Transaction(command, sender)
        self._state = State.MAIL
        self._answer(replies.MAIL_OK)

    def _checked_address(self, address: str, *, allows_utf8: bool) -> str | None:
        """The address as it is taken; None where it may not be other than ASCII."""
        if address.isascii() or (allows_utf8 and is_utf8(address)):
            return address
        return None if self._host.settings.lmtp.lmtp_strict_rfc2821 else without_8bit(address)

    async def _sender(self, submitter: str) -> Actor:
        """Whose right to post it is: of the submitter, whom only a peer that is authorised tells us (RFC 4954 §5)."""
        store = self._host.store
        if self._peer.uid is not None:
            submitter = await asyncio.to_thread(_name_of, self._peer.uid)
        if submitter:
            try:
                userid = parse_userid(submitter, store.policy.names)
            except UserNameInvalid:
                pass  # not a user of ours
            else:
                groups = await self._host.delivery.groups_of(userid)
                return await store.actor(
                    userid, groups=groups, client=self._peer.address, protocol=_PROTOCOL, session=self.id
                )
        return Actor(None, client=self._peer.address, protocol=_PROTOCOL, session=self.id)

    async def _add_recipient(self, command: Rcpt) -> None:
        assert self._transaction is not None
        transaction = self._transaction
        if len(transaction.targets) >= self._host.settings.lmtp.lmtp_max_recipients:
            self._answer(replies.TOO_MANY_RECIPIENTS)
            return
        address = self._checked_address(command.address, allows_utf8=transaction.mail.is_utf8)
        if address is None:
            self._answer(replies.NOT_ASCII)
            return
        if command.is_private and not self._peer.is_local:
            self._answer(replies.PROBLEMS[Problem.PARAMETER_UNKNOWN])
            return
        if command.ignore_quota and self._peer.uid is not None:
            self._answer(replies.NOT_PERMITTED)
            return
        try:
            target = await find_recipient(
                self._host.delivery,
                transaction.sender,
                Recipient.parse(address),
                size_octets=transaction.mail.size_octets,
                ignore_quota=command.ignore_quota,
                is_exact=command.is_exact,
                flags=Flags.of(command.flags) if command.flags else NO_FLAGS,
                flags_by_right=transaction.sender.userid is not None or self._peer.uid is not None,
            )
        except Exception as error:  # noqa: BLE001 - one recipient never disturbs the others
            reply = self._reply_to(error)
            # Unknown users are everyday; what passes by itself, or with an administrator's help, is for her to see.
            level = logging.WARNING if isinstance(error, TemporaryError) else logging.DEBUG
            log.log(level, "recipient_refused", extra={"session": self.id, "code": reply.code, "reason": str(error)})
            self._answer(reply)
            return
        if command.suppress_duplicates is not None:
            target = replace(target, suppress_duplicates=command.suppress_duplicates)
        transaction.targets.append(target)
        transaction.recipients.append(command)
        self._state = State.RCPT
        self._answer(replies.RCPT_OK)

    async def _end_transaction(self) -> None:
        transaction, self._transaction = self._transaction, None
        if self._state in (State.MAIL, State.RCPT, State.CHUNKS, State.REFUSED):
            self._state = State.READY
        if transaction is not None:
            await transaction.stack.aclose()

    # The message

    async def _take_message(self) -> None:
        assert self._transaction is not None
        transaction = self._transaction
        if transaction.mail.body is Body.BINARY_MIME:
            self._answer(replies.BDAT_NEEDED)
            return
        try:
            incoming = await self._open(transaction)
        except Exception as error:  # noqa: BLE001 - the reply tells, and the log
            self._answer(self._reply_to(error))
            return
        self._answer(replies.GO_AHEAD)
        self._channel.expect_data()
        await self._write(incoming)
        await self._conclude(incoming, transaction)

    async def _take_chunk(self, command: Bdat) -> None:
        """RFC 3030 §2. Once something is refused, chunks are read to their ends and dropped; behind the last one each
        recipient is told why (RFC 2033 §4.3)."""
        assert self._transaction is not None
        transaction = self._transaction
        if self._state is State.RCPT:
            self._state = State.CHUNKS
            try:
                transaction.incoming = await self._open(transaction)
            except Exception as error:  # noqa: BLE001 - the reply tells, and the log
                transaction.refusal = error
        await self._write(transaction.incoming)
        if transaction.incoming is not None and transaction.refusal is None:
            transaction.refusal = transaction.incoming.refusal
        if command.is_last:
            await self._conclude(transaction.incoming, transaction)
        elif self._state is State.REFUSED:
            self._answer(replies.MESSAGE_REFUSED)
        elif transaction.refusal is not None:
            self._state = State.REFUSED
            self._answer(self._reply_to(transaction.refusal))
        else:
            self._answer(replies.CHUNK_OK)

    async def _refuse_chunk(self, command: Bdat, refusal: Reply) -> None:
        await self._write(None)
        # RFC 2033 §4.3: a reply for each recipient, of which there is none.
        if not (command.is_last and self._state is State.MAIL):
            self._answer(refusal)

    async def _write(self, incoming: IncomingMessage | None) -> None:
        """Read what comes to its end; None drops it."""
        while isinstance(event := await self._channel.next_event(), DataChunk):
            if incoming is not None:
                incoming.write(event.octets)

    async def _conclude(self, incoming: IncomingMessage | None, transaction: _Transaction) -> None:
        """The message is whole: deliver it and tell."""
        if incoming is None:
            assert transaction.refusal is not None
            outcomes: Sequence[Outcome] = [transaction.refusal] * len(transaction.targets)
        else:
            outcomes = await self._deliver(incoming, transaction)
        for outcome in outcomes:
            self._answer(self._status(outcome))
        await self._end_transaction()
        # What was delivered is told before anything else is begun.
        self._channel.flush()

    async def _open(self, transaction: _Transaction) -> IncomingMessage:
        settings = self._host.settings
        accounts = [target.account for target in transaction.targets]
        async with AsyncExitStack() as stack:
            stack.enter_context(self._host.backlog.places(accounts, settings.engine))
            incoming = await stack.enter_async_context(
                IncomingMessage.delivered(
                    self._host.store,
                    {target.partition for target in transaction.targets},
                    self._trace(transaction.mail),
                    limits=MessageLimits.from_settings(settings.limits),
                    eight_bit_header=_EIGHT_BIT_HEADERS[settings.lmtp.reject8bit, settings.lmtp.munge8bit],
                    is_binary=transaction.mail.body is Body.BINARY_MIME,
                )
            )
            transaction.stack = stack.pop_all()
        return incoming

    def _trace(self, mail: Mail) -> Trace:
        server = self._host.settings.server
        sources = self._host.store.sources
        return Trace(
            return_path=mail.return_path,
            client_name=self._client_name,
            client_address=self._peer.trace_address,
            server_name=server.servername,
            server_version=f"Angarium {__version__}" if server.serverinfo is ServerInfo.ON else "Angarium",
            protocol=self._protocol_name(mail),
            time=datetime.fromtimestamp(sources.now_s(), UTC),
            message_id=f"lmtp-{sources.random_id()}@{server.servername}",
        )

    def _protocol_name(self, mail: Mail) -> str:
        """RFC 3848, RFC 6531 §4.3; the A is for a client that is authenticated, as all are in one way or the other."""
        return ("UTF8" if mail.is_utf8 else "") + ("LMTPSA" if self._peer.is_tls else "LMTPA")

    async def _deliver(self, incoming: IncomingMessage, transaction: _Transaction) -> Sequence[Outcome]:
        """What became of the message for each recipient; no refusal and no fault leaves one without."""
        message: PreparedMessage | None = None
        outcomes: Sequence[Outcome]
        try:
            message = await incoming.finish()
            outcomes = await deliver(self._host.delivery, self._letter(transaction, message), transaction.targets)
        except Exception as error:  # noqa: BLE001 - each recipient is told
            outcomes = [error] * len(transaction.targets)
        for place, (target, outcome) in enumerate(zip(transaction.targets, outcomes, strict=True), start=1):
            self._record(message, target, outcome)
            if place % _RECORDED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return outcomes

    def _letter(self, transaction: _Transaction, message: PreparedMessage) -> Letter:
        mail = transaction.mail
        return Letter(
            sender=transaction.sender,
            return_path=mail.return_path,
            message=message,
            remote_ip=self._peer.address,
            remote_host=self._client_name,
            is_utf8=mail.is_utf8,
            dsn=requests_of_mail(ret=mail.ret, envid=mail.envid, deliver_by=mail.deliver_by),
            recipient_dsn={
                each.address: requests_of_rcpt(notify=each.notify, orcpt=each.orcpt)
                for each in transaction.recipients
                if each.notify or each.orcpt
            },
        )

    def _record(self, message: PreparedMessage | None, target: DeliveryTarget, outcome: Outcome) -> None:
        fields: dict[str, object] = {"session": self.id, "mailbox": target.name.internal}
        if message is not None:
            fields["message_id"] = f"<{message.search.message_id}>"
            fields["size_octets"] = message.size_octets
        if isinstance(outcome, Delivered):
            self.delivered += 1
            self._host.count_delivery()
            for filed in outcome.filed:
                where = {"mailbox": filed.name.internal, "uid": filed.uid}
                if filed.uid is not None:
                    log.info("delivered", extra=fields | where)
                else:
                    log.info("duplicate_eliminated", extra=fields | where)
            if not outcome.filed or outcome.sent:
                log.info("script_carried_out", extra=fields | {"sent": " ".join(outcome.sent)})
        else:
            reason = {"error": type(outcome).__name__, "reason": str(outcome)}
            log.info("delivery_refused", extra=fields | reason)

    def _status(self, outcome: Outcome) -> Reply:
        return replies.DELIVERED if isinstance(outcome, Delivered) else self._reply_to(outcome)

    # Answers

    def _reply_to(self, error: Exception) -> Reply:
        if not isinstance(error, AngariumError):
            log.error("command_failed", extra={"session": self.id}, exc_info=error)
        return reply_to(error, over_quota_is_permanent=self._host.settings.lmtp.lmtp_over_quota_perm_failure)

    def _answer(self, reply: Reply) -> None:
        self._channel.send(reply.serialize(self.id))

    def _has_too_many_commands(self) -> bool:
        """Who may not deliver has no use for many."""
        if self._state is not State.UNAUTHORISED:
            return False
        self._commands += 1
        return self._commands > self._host.settings.limits.max_commands_before_login


def _name_of(uid: int) -> str:
    """The name of a user of the machine, in a thread: it may be asked over a network; empty for one without."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""
