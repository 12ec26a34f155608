"""`LmtpProtocol`: a connection of the event loop, with its parser and its session.

One task a connection executes the commands (`LmtpSession.run`); it asks for events and sleeps while there are none.
Reading stops while it works and `_READ_AHEAD_OCTETS` lie unread, so a client that sends a message faster than the disk
takes it waits in its own system call. Answers gather until the task has nothing left to do, and go out as one write, so
a group of pipelined commands gets one packet back (RFC 2920 §3.2).

Where the client disconnects, the task meets it at its next wait for octets, not before: a delivery that has begun is
carried through, and its answer is thrown away. A client that has closed its sending side alone still gets its answers.
"""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Final, cast

from angarium.lmtp import replies
from angarium.lmtp.channel import ClientGone, ClientSilent, ServerStopping
from angarium.lmtp.events import Event
from angarium.lmtp.host import LmtpHost, Peer
from angarium.lmtp.parser import LmtpParser
from angarium.lmtp.replies import Reply
from angarium.lmtp.session import LmtpSession
from angarium.operations.logins import Peer as LoginPeer
from angarium.operations.logins import Secured, secured

log = logging.getLogger(__name__)

_READ_AHEAD_OCTETS: Final = 64 * 1024
_EVENTS_A_TURN: Final = 32
"""How many commands, of those that were sent ahead, are executed before others have their turn."""
_CREDENTIALS: Final = struct.Struct("3i")
"""Process, user and group of a peer (SO_PEERCRED)."""
_FAREWELL_S: Final = 10.0
"""How long a client may take to fetch the last answer."""


class LmtpProtocol(asyncio.Protocol):
    """One connection; made by the event loop."""

    __slots__ = (
        "_active_at_s",
        "_answers",
        "_events",
        "_has_ended",
        "_host",
        "_is_at_end",
        "_is_lost",
        "_is_reading_paused",
        "_is_stopping",
        "_is_writing_paused",
        "_leave",
        "_loop",
        "_parser",
        "_peer",
        "_task",
        "_timeout_s",
        "_timer",
        "_transport",
        "_waiter",
        "_wants_octets",
    )

    _transport: asyncio.Transport
    _peer: Peer
    _task: asyncio.Task[None]

    def __init__(self, host: LmtpHost) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._parser = LmtpParser()
        self._answers: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        """What the task sleeps on, while it does."""
        self._wants_octets = False
        """Whether it is octets that the task sleeps for."""
        self._events = 0
        """Since the task last let others run."""
        self._timer: asyncio.TimerHandle | None = None
        self._leave: Callable[[], None] | None = None
        self._active_at_s = 0.0
        self._timeout_s = 0.0
        self._is_at_end = False
        """Nothing more will be received."""
        self._is_lost = False
        self._is_stopping = False
        self._is_reading_paused = False
        self._is_writing_paused = False
        self._has_ended = False
        """The task is through."""

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._peer = _peer_of(self._transport, self._host).secured_by(secured(self._transport))
        if not self._is_admitted():
            self._has_ended = True
            self._close()
            return
        shutdown = self._host.shutdown_text()
        if shutdown is not None:
            self._refuse(replies.closed(shutdown))
            return
        session = LmtpSession(self._host, self._peer, self)
        self._leave = self._host.admit(self._peer.address, self, session.id)
        if self._leave is None:
            self._refuse(replies.TOO_MANY_CONNECTIONS)
            return
        settings = self._host.settings
        timeout = settings.lmtp.lmtp_timeout if self._peer.is_authorised else settings.limits.login_timeout
        self._timeout_s = timeout.total_seconds()
        self._active_at_s = self._loop.time()
        self._timer = self._loop.call_later(self._timeout_s, self._check_silence)
        self._task = self._loop.create_task(self._serve(session))

    def _is_admitted(self) -> bool:
        """Whether the access rules let the peer speak at all."""
        host = self._host
        return host.logins is None or host.logins.admitted(LoginPeer(self._peer.address, host.service, ""))

    def data_received(self, data: bytes) -> None:
        self._parser.receive_data(data)
        self._note_activity()
        if self._wants_octets:
            self._wants_octets = False
            self._wake()
        elif self._parser.buffered_octets > _READ_AHEAD_OCTETS and not self._is_reading_paused:
            self._is_reading_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        self._is_at_end = True
        self._wake()
        return True

    def connection_lost(self, _: Exception | None) -> None:
        self._is_at_end = self._is_lost = True
        self._is_writing_paused = False
        self._wake()
        if self._has_ended:
            self._depart()

    def tls_begun(self, transport: asyncio.Transport) -> None:
        """Behind the answer to STARTTLS, with the transport of TLS; what came before it is forgotten."""
        if self._is_reading_paused:
            self._is_reading_paused = False
            self._transport.resume_reading()
        self._parser = LmtpParser()
        self._transport = transport

    def pause_writing(self) -> None:
        self._is_writing_paused = True

    def resume_writing(self) -> None:
        self._is_writing_paused = False
        self._note_activity()
        self._wake()

    # What the worker calls

    def close_for_shutdown(self) -> None:
        """Say goodbye and close: at once where no command runs, else after it."""
        self._is_stopping = True
        self._wake()

    def abort(self) -> None:
        """Drop the transport now."""
        self._transport.abort()

    def wake(self) -> None:
        """Take notice of a shutdown file."""
        self._wake()

    # What the session calls

    async def next_event(self) -> Event:
        self._require_service()
        self._events += 1
        if self._events > _EVENTS_A_TURN:
            self._events = 0
            await asyncio.sleep(0)
        while (event := self._parser.next_event()) is None:
            self.flush()
            if self._is_writing_paused:
                await self._drain()
            else:
                await self._receive()
        return event

    def expect_data(self) -> None:
        self._parser.expect_data()

    def expect_line(self) -> None:
        self._parser.expect_line()

    def authorised(self) -> None:
        self._peer = replace(self._peer, is_authorised=True)
        self._timeout_s = self._host.settings.lmtp.lmtp_timeout.total_seconds()
        self._note_activity()

    def start_tls(self, *, session: str, established: Callable[[Secured | None], None]) -> None:
        assert self._host.start_tls is not None
        self.flush()
        if not self._is_lost:
            self._host.start_tls(
                self._transport, session=session, established=lambda: established(secured(self._transport))
            )

    def send(self, octets: bytes) -> None:
        self._answers.append(octets)

    def flush(self) -> None:
        if self._answers and not self._is_lost:
            self._transport.write(b"".join(self._answers))
        self._answers.clear()

    # The task

    async def _serve(self, session: LmtpSession) -> None:
        began_at_s = self._loop.time()
        try:
            await session.run()
        except ClientGone:
            pass
        except ClientSilent:
            self.send(replies.TIMED_OUT.serialize(session.id))
        except ServerStopping:
            shutdown = None if self._is_stopping else self._host.shutdown_text()
            reply = replies.SHUTTING_DOWN if shutdown is None else replies.closed(shutdown)
            self.send(reply.serialize(session.id))
        except Exception:
            log.exception("session_failed", extra={"session": session.id})
            self.send(replies.SESSION_FAILED.serialize(session.id))
        finally:
            self._has_ended = True
            self.flush()
            self._close()
            log.info(
                "lmtp_session_ended",
                extra={
                    "session": session.id,
                    "address": self._peer.address,
                    "delivered": session.delivered,
                    "seconds": round(self._loop.time() - began_at_s, 3),
                },
            )

    def _require_service(self) -> None:
        """ServerStopping, but never in the middle of a message."""
        is_open = not self._is_stopping and self._host.shutdown_text() is None
        if not is_open and not self._parser.is_in_data:
            raise ServerStopping

    async def _drain(self) -> None:
        """Wait for a client that takes what is sent; octets may come meanwhile."""
        while self._is_writing_paused:
            await self._sleep()

    async def _receive(self) -> None:
        """Wait for octets. ConnectionEnded."""
        self._wants_octets = True
        while self._wants_octets:
            if self._is_at_end:
                raise ClientGone
            self._require_service()
            if self._is_reading_paused:
                self._is_reading_paused = False
                self._transport.resume_reading()
            await self._sleep()

    async def _sleep(self) -> None:
        self._waiter = self._loop.create_future()
        self._note_activity()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # Time

    def _note_activity(self) -> None:
        # Who may not deliver cannot put the end off by being busy.
        if self._peer.is_authorised:
            self._active_at_s = self._loop.time()

    def _check_silence(self) -> None:
        remaining_s = self._active_at_s + self._timeout_s - self._loop.time()
        if remaining_s <= 0:
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_exception(ClientSilent())
                return
            # Our own command takes that long.
            remaining_s = self._timeout_s
        self._timer = self._loop.call_later(remaining_s, self._check_silence)

    # The end

    def _refuse(self, reply: Reply) -> None:
        self._transport.write(reply.serialize(""))
        self._has_ended = True
        self._close()

    def _close(self) -> None:
        """Close once what was written is sent; both this and the loss of the connection come once, in any order."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_lost:
            self._depart()
            return
        self._transport.close()
        self._timer = self._loop.call_later(_FAREWELL_S, self._transport.abort)

    def _depart(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._leave is not None:
            self._leave()
            self._leave = None


def _peer_of(transport: asyncio.Transport, host: LmtpHost) -> Peer:
    connection = transport.get_extra_info("socket")
    if connection.family != socket.AF_UNIX:
        address, _, _ = transport.get_extra_info("peername")[0].partition("%")
        return Peer(address.removeprefix("::ffff:"), is_authorised=host.preauthorised)
    if not host.serves_users:
        return Peer("", is_authorised=True)
    octets = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(octets)
    return Peer("", is_authorised=True, uid=None if uid in (0, os.geteuid()) else uid)
