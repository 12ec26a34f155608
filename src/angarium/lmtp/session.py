"""`LmtpSession`: executes the commands of one connection, one after another."""

import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import assert_never

from angarium import __version__
from angarium.config import ServerInfo
from angarium.errors import AngariumError, TemporaryError, UserNameInvalid
from angarium.lmtp import replies
from angarium.lmtp.channel import Channel
from angarium.lmtp.commands import Command, Data, Help, Lhlo, Mail, Noop, Quit, Rcpt, Rset, Vrfy
from angarium.lmtp.events import CommandReceived, CommandRefused, DataChunk
from angarium.lmtp.grammar import Problem
from angarium.lmtp.host import LmtpHost, Peer
from angarium.lmtp.refusals import reply_to
from angarium.lmtp.replies import Reply
from angarium.lmtp.states import State, refusal_of
from angarium.names import parse_userid
from angarium.operations.messages import (
    Delivered,
    DeliveryTarget,
    IncomingMessage,
    MessageLimits,
    PreparedMessage,
    Recipient,
    Trace,
    deliver,
    resolve_recipient,
)
from angarium.store import Actor

log = logging.getLogger(__name__)

_PROTOCOL = "lmtp"


@dataclass(slots=True)
class _Transaction:
    """What MAIL and RCPT have gathered."""

    mail: Mail
    sender: Actor
    targets: list[DeliveryTarget] = field(default_factory=list)


class LmtpSession:
    """One client's session; one object a connection."""

    __slots__ = (
        "_channel",
        "_client_name",
        "_commands",
        "_host",
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
        self.id = host.store.sources.random_id()
        self.delivered = 0
        """Recipients who were delivered to."""

    async def run(self) -> None:
        """Serve the client until it leaves. ConnectionEnded; what was not delivered then, is not."""
        self._channel.send(self._greeting())
        while self._state is not State.ENDED:
            event = await self._channel.next_event()
            if self._has_too_many_commands():
                self._answer(replies.TOO_MANY_COMMANDS)
                self._state = State.ENDED
            elif isinstance(event, CommandReceived):
                await self._execute(event.command)
            else:
                assert isinstance(event, CommandRefused)
                self._answer(replies.PROBLEMS[event.problem])
                if event.problem is Problem.HTTP:
                    self._state = State.ENDED

    async def _execute(self, command: Command) -> None:
        refusal = refusal_of(self._state, type(command))
        if refusal is not None:
            self._answer(refusal)
            return
        match command:
            case Mail():
                await self._begin(command)
            case Rcpt():
                await self._add_recipient(command)
            case Data():
                await self._take_message()
            case Lhlo():
                self._greet(command)
            case Rset():
                self._end_transaction()
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

    def _greet(self, command: Lhlo) -> None:
        # RFC 5321 §4.1.4: it gives up a transaction as RSET does.
        self._end_transaction()
        if self._state is State.CONNECTED:
            self._state = State.READY
        self._client_name = command.client_name
        settings = self._host.settings
        size_max = settings.limits.maxmessagesize
        lines = (
            settings.server.servername,
            "8BITMIME",
            "ENHANCEDSTATUSCODES",
            "PIPELINING",
            f"SIZE {size_max}" if size_max else "SIZE",
            "IGNOREQUOTA",
            "Ok",
        )
        self._answer(Reply(250, "", lines, names_session=True))

    # A transaction

    async def _begin(self, command: Mail) -> None:
        size_max = self._host.settings.limits.maxmessagesize
        if 0 < size_max < command.size_octets:
            self._answer(replies.TOO_LARGE)
            return
        try:
            sender = await self._sender(command.submitter)
        except Exception as error:  # noqa: BLE001 - the reply tells, and the log
            self._answer(self._reply_to(error))
            return
        self._transaction = _Transaction(command, sender)
        self._state = State.MAIL
        self._answer(replies.MAIL_OK)

    async def _sender(self, submitter: str) -> Actor:
        """Whose right to post it is: of the submitter, whom only a peer that is authorised tells us (RFC 4954 §5)."""
        store = self._host.store
        if submitter:
            try:
                userid = parse_userid(submitter, store.policy.names)
            except UserNameInvalid:
                pass  # not a user of ours
            else:
                return await store.actor(userid, client=self._peer.address, protocol=_PROTOCOL, session=self.id)
        return Actor(None, client=self._peer.address, protocol=_PROTOCOL, session=self.id)

    async def _add_recipient(self, command: Rcpt) -> None:
        assert self._transaction is not None
        transaction = self._transaction
        if len(transaction.targets) >= self._host.settings.lmtp.lmtp_max_recipients:
            self._answer(replies.TOO_MANY_RECIPIENTS)
            return
        try:
            target = await resolve_recipient(
                self._host.store,
                self._host.settings.lmtp,
                transaction.sender,
                Recipient.parse(command.address),
                size_octets=transaction.mail.size_octets,
                ignore_quota=command.ignore_quota,
            )
        except Exception as error:  # noqa: BLE001 - one recipient never disturbs the others
            reply = self._reply_to(error)
            # Unknown users are everyday; what passes by itself, or with an administrator's help, is for her to see.
            level = logging.WARNING if isinstance(error, TemporaryError) else logging.DEBUG
            log.log(level, "recipient_refused", extra={"session": self.id, "code": reply.code, "reason": str(error)})
            self._answer(reply)
            return
        transaction.targets.append(target)
        self._state = State.RCPT
        self._answer(replies.RCPT_OK)

    def _end_transaction(self) -> None:
        self._transaction = None
        if self._state in (State.MAIL, State.RCPT):
            self._state = State.READY

    # The message

    async def _take_message(self) -> None:
        assert self._transaction is not None
        transaction = self._transaction
        async with AsyncExitStack() as stack:
            try:
                incoming = await self._open(stack, transaction)
            except Exception as error:  # noqa: BLE001 - the reply tells, and the log
                self._answer(self._reply_to(error))
                return
            self._answer(replies.GO_AHEAD)
            self._channel.expect_data()
            while isinstance(event := await self._channel.next_event(), DataChunk):
                incoming.write(event.octets)
            outcomes = await self._deliver(incoming, transaction)
            for outcome in outcomes:
                self._answer(self._status(outcome))
            self._end_transaction()
            # What was delivered is told before anything else is begun.
            self._channel.flush()

    async def _open(self, stack: AsyncExitStack, transaction: _Transaction) -> IncomingMessage:
        settings = self._host.settings
        accounts = [target.account for target in transaction.targets]
        stack.enter_context(self._host.backlog.places(accounts, settings.engine))
        return await stack.enter_async_context(
            IncomingMessage.delivered(
                self._host.store,
                {target.partition for target in transaction.targets},
                self._trace(transaction.mail),
                limits=MessageLimits.from_settings(settings.limits),
            )
        )

    def _trace(self, mail: Mail) -> Trace:
        server = self._host.settings.server
        sources = self._host.store.sources
        return Trace(
            return_path=mail.return_path,
            client_name=self._client_name,
            client_address=self._peer.trace_address,
            server_name=server.servername,
            server_version=f"Angarium {__version__}" if server.serverinfo is ServerInfo.ON else "Angarium",
            # RFC 3848: the A is for a client that is authenticated, as all are here in one way or the other.
            protocol="LMTPA",
            time=datetime.fromtimestamp(sources.now_s(), UTC),
            message_id=f"lmtp-{sources.random_id()}@{server.servername}",
        )

    async def _deliver(self, incoming: IncomingMessage, transaction: _Transaction) -> Sequence[Delivered | Exception]:
        """What became of the message for each recipient; no refusal and no fault leaves one without."""
        message: PreparedMessage | None = None
        outcomes: Sequence[Delivered | Exception]
        try:
            message = await incoming.finish()
            outcomes = await deliver(
                self._host.store, self._host.settings.lmtp, transaction.sender, message, transaction.targets
            )
        except Exception as error:  # noqa: BLE001 - each recipient is told
            outcomes = [error] * len(transaction.targets)
        for target, outcome in zip(transaction.targets, outcomes, strict=True):
            self._record(message, target, outcome)
        return outcomes

    def _record(self, message: PreparedMessage | None, target: DeliveryTarget, outcome: Delivered | Exception) -> None:
        fields: dict[str, object] = {"session": self.id, "mailbox": target.name.internal}
        if message is not None:
            fields["message_id"] = f"<{message.search.message_id}>"
            fields["size_octets"] = message.size_octets
        if isinstance(outcome, Delivered):
            self.delivered += 1
            self._host.count_delivery()
            log.info("delivered", extra=fields | {"mailbox": outcome.name.internal, "uid": outcome.uid})
        else:
            reason = {"error": type(outcome).__name__, "reason": str(outcome)}
            log.info("delivery_refused", extra=fields | reason)

    def _status(self, outcome: Delivered | Exception) -> Reply:
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
