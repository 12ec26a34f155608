"""`Pop3Protocol`: a connection of the event loop; a task only while there is something to do.

States: *idle* (no task; octets or a shutdown start one), *busy* (a task executes what has come; reading is paused while
more than a bound of octets waits), *ended* (the transport closes once what was written is sent). A connection that is
lost, or silent for too long, ends without QUIT, so nothing that was deleted goes (RFC 1939 §3).
"""

import asyncio
import logging
import os
import time
from typing import Final, cast

from angarium.connections import ClientGone, Output, Seat
from angarium.errors import SessionLimitExceeded
from angarium.operations.logins import Peer, secured_peer
from angarium.pop3 import dispatch, replies
from angarium.pop3.host import Pop3Host
from angarium.pop3.replies import Reply
from angarium.pop3.session import Pop3Session
from angarium.pop3.states import State

log = logging.getLogger(__name__)

_EVENTS_A_TURN: Final = 32
"""How many commands, of those that were sent ahead, are executed before others have their turn."""
_FAREWELL_S: Final = 30.0
"""How long a client may take nothing of the last answers, one of which may be a message."""
_PROTOCOL: Final = "pop"


class Pop3Protocol(asyncio.Protocol):
    """One connection; made by the event loop."""

    __slots__ = (
        "_active_s",
        "_host",
        "_is_at_end",
        "_is_lost",
        "_is_reading_paused",
        "_is_stopping",
        "_is_woken",
        "_loop",
        "_output",
        "_seat",
        "_session",
        "_started_s",
        "_task",
        "_timer",
        "_transport",
        "_unsent_octets",
    )

    def __init__(self, host: Pop3Host) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._output: Output | None = None
        self._session: Pop3Session | None = None
        self._seat: Seat | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._active_s = self._started_s = self._loop.time()
        """When the client has last done something, or we for it."""
        self._unsent_octets = 0
        """What a client had not taken when it was last looked at, at the end."""
        self._is_at_end = False
        """The client sends nothing more."""
        self._is_lost = False
        self._is_stopping = False
        self._is_woken = False
        self._is_reading_paused = False

    @property
    def server_address(self) -> tuple[str, int] | None:
        """Address and port that the client has connected to; None for a unix socket."""
        sockname = self._transport.get_extra_info("sockname") if self._transport is not None else None
        return (str(sockname[0]), int(sockname[1])) if isinstance(sockname, tuple) else None

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being of that class.
        self._transport = cast(asyncio.Transport, transport)
        host = self._host
        self._transport.set_write_buffer_limits(high=host.settings.limits.max_unsent_size)
        peername = transport.get_extra_info("peername")
        address = peername[0] if isinstance(peername, tuple) else ""
        session_id = f"{host.settings.server.servername}-{int(time.time())}-{os.urandom(8).hex()}"
        server = self.server_address
        peer = Peer(
            address,
            host.service,
            session_id,
            host.is_tls,
            protocol=_PROTOCOL,
            server_address=server[0] if server is not None else "",
        )
        if not host.logins.admitted(peer):
            self._refuse(replies.NOT_ADMITTED)
            return
        try:
            self._seat = host.door.admit(host.service, address, self, session=session_id)
        except SessionLimitExceeded as refusal:
            fields = {"service": host.service, "address": address, "reason": str(refusal)}
            log.info("connection_refused", extra=fields)
            self._refuse(replies.TOO_MANY_CONNECTIONS)
            return
        peer = secured_peer(peer, transport)
        self._output = Output(self._transport)
        self._session = Pop3Session(host, peer, self._output, self._seat)
        self._start_timer()
        dispatch.greet(self._session)
        if host.alerts.shutdown is None:
            self._output.flush()
        else:
            self._start()

    def data_received(self, data: bytes) -> None:
        self._active_s = self._loop.time()
        session = self._session
        if session is None:
            return
        session.parser.receive_data(data)
        if self._task is None:
            self._start()
        elif session.parser.buffered_octets > self._host.settings.limits.max_ahead_size:
            self._pause_reading()

    def eof_received(self) -> bool:
        """What was sent before is still answered."""
        self._is_at_end = True
        self._start_idle()
        return True

    def connection_lost(self, _: Exception | None) -> None:
        self._is_at_end = self._is_lost = True
        self._stop_timer()
        if self._output is not None:
            self._output.resume()  # nobody waits for a client that is gone
        if self._seat is not None:
            self._seat.leave()
            self._seat = None
        self._start_idle()

    def pause_writing(self) -> None:
        if self._output is not None:
            self._output.pause()

    def resume_writing(self) -> None:
        self._active_s = self._loop.time()
        if self._output is not None:
            self._output.resume()

    def tls_begun(self, transport: asyncio.Transport) -> None:
        """Behind the answer to STLS, with the transport of TLS; what came before it is forgotten."""
        assert self._session is not None
        assert self._output is not None
        self._resume_reading()
        self._transport = self._output.transport = transport
        self._session.tls_begun()

    def _tls_established(self) -> None:
        """The handshake is done, and tells who is there."""
        if self._session is not None and self._transport is not None:
            self._session.peer = secured_peer(self._session.peer, self._transport)

    # What the worker calls

    def close_for_shutdown(self) -> None:
        """Say goodbye and close: at once where no command runs, else after it."""
        self._is_stopping = True
        self._start_idle()

    def abort(self) -> None:
        """Drop the transport now."""
        if self._transport is not None:
            self._transport.abort()

    def wake(self) -> None:
        """Take notice of a shutdown file, or of a login that holds no more."""
        self._is_woken = True
        self._start_idle()

    # The task

    def _start_idle(self) -> None:
        if self._task is None and self._session is not None:
            self._start()

    def _start(self) -> None:
        self._task = self._loop.create_task(self._work())

    async def _work(self) -> None:
        session = self._session
        assert session is not None
        try:
            await self._execute(session)
        except ClientGone:
            session.state = State.ENDED
        except Exception:  # a fault of ours, which nobody can name before: it ends this session, and is in the log
            log.exception("pop3_session_failed", extra={"session": session.peer.session})
            session.end(replies.SESSION_FAILED)
        finally:
            self._task = None
            self._active_s = self._loop.time()
            session.output.flush()
            if session.state is State.ENDED:
                self._end(session)

    async def _execute(self, session: Pop3Session) -> None:
        """All that has come."""
        if not session.is_logged_in and self._host.pace is not None:
            await self._host.pace.turn()
        events = 0
        while not self._is_lost and not self._end_where_shut(session):
            event = session.parser.next_event()
            if event is None and self._is_woken:
                self._is_woken = False
                await dispatch.end_where_over(session)
                if session.state is State.ENDED:
                    return
                continue
            if event is None:
                self._resume_reading()
                if self._is_at_end:
                    session.state = State.ENDED
                return
            was_logged_in = session.is_logged_in
            await dispatch.execute(session, event)
            session.output.flush_soon()
            await session.output.drain()
            if session.is_logged_in is not was_logged_in:
                self._start_timer()
            if session.state is State.ENDED:
                return
            if session.starts_tls:
                session.output.flush()
                assert self._host.start_tls is not None
                assert self._transport is not None
                self._host.start_tls(self._transport, session=session.peer.session, established=self._tls_established)
            events += 1
            if events % _EVENTS_A_TURN == 0:
                await asyncio.sleep(0)
        session.state = State.ENDED

    def _end_where_shut(self, session: Pop3Session) -> bool:
        """Say goodbye where the server goes down, or is closed to this session."""
        if session.exchange is not None and not self._is_stopping:
            return False  # its client takes no other answer than that to its line
        shutdown = self._host.alerts.shutdown
        if shutdown is not None and not (session.is_logged_in and session.actor.is_admin):
            session.end(replies.closed(shutdown))  # in the administrator's words, whatever the session's language
            return True
        if self._is_stopping:
            session.end(replies.SHUTTING_DOWN)
            return True
        return False

    # Time

    def _deadline_s(self) -> float:
        """Who is not known cannot put the end off by being busy."""
        settings = self._host.settings
        if self._session is not None and self._session.is_logged_in:
            return self._active_s + settings.pop3.poptimeout.total_seconds()
        return self._started_s + settings.limits.login_timeout.total_seconds()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self._loop.call_later(self._deadline_s() - self._loop.time(), self._check_silence)

    def _check_silence(self) -> None:
        if self._deadline_s() > self._loop.time():
            self._start_timer()
        elif self._task is None or (self._output is not None and self._output.is_paused):
            # RFC 1939 §3: without an answer, and without the deletions.
            self._timer = None
            self.abort()
        else:
            # Our own command takes that long.
            self._timer = self._loop.call_later(_FAREWELL_S, self._check_silence)

    # The end

    def _refuse(self, reply: Reply) -> None:
        assert self._transport is not None
        self._transport.write(reply.serialize())
        self._transport.close()

    def _end(self, session: Pop3Session) -> None:
        self._session = None
        session.close()
        self._stop_timer()
        if self._transport is not None and not self._is_lost:
            self._unsent_octets = self._transport.get_write_buffer_size()
            self._transport.close()
            self._timer = self._loop.call_later(_FAREWELL_S, self._check_farewell)

    def _check_farewell(self) -> None:
        assert self._transport is not None
        before, self._unsent_octets = self._unsent_octets, self._transport.get_write_buffer_size()
        if self._unsent_octets < before:
            self._timer = self._loop.call_later(_FAREWELL_S, self._check_farewell)
        else:
            self._timer = None
            self._transport.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pause_reading(self) -> None:
        if self._transport is not None and not self._is_reading_paused and not self._transport.is_closing():
            self._transport.pause_reading()
            self._is_reading_paused = True

    def _resume_reading(self) -> None:
        if self._transport is not None and self._is_reading_paused and not self._transport.is_closing():
            self._transport.resume_reading()
        self._is_reading_paused = False
