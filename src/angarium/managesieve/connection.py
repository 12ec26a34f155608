"""`ManageSieveConnection`: octets in, octets out, and a task only while there is something to do.

Reading is paused while commands are executed and `_READ_AHEAD_OCTETS` lie unread, and the task waits while the client
does not take its answers. What was sent ahead of STARTTLS is forgotten with the parser.
"""

import asyncio
import logging
import os
import time
from typing import Final, cast

from angarium.connections import ClientGone, Output, Seat
from angarium.errors import SessionLimitExceeded
from angarium.managesieve import dispatch, responses
from angarium.managesieve.host import ManageSieveHost
from angarium.managesieve.responses import Response
from angarium.managesieve.session import ManageSieveSession
from angarium.managesieve.states import State
from angarium.operations.logins import Peer, secured_peer

log = logging.getLogger(__name__)

_READ_AHEAD_OCTETS: Final = 64 * 1024
_EVENTS_A_TURN: Final = 32
"""How many commands, of those that were sent ahead, are executed before others have their turn."""
_FAREWELL_S: Final = 10.0
"""How long a client may take to fetch the last answer."""


class ManageSieveConnection(asyncio.Protocol):
    """A transport's protocol."""

    __slots__ = (
        "_active_at_s",
        "_host",
        "_is_at_end",
        "_is_lost",
        "_is_reading_paused",
        "_is_woken",
        "_loop",
        "_output",
        "_seat",
        "_session",
        "_task",
        "_timer",
        "_transport",
    )

    _transport: asyncio.Transport
    _output: Output
    _session: ManageSieveSession

    def __init__(self, host: ManageSieveHost) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._seat: Seat | None = None
        """None before it is admitted, and when it has left."""
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._active_at_s = self._loop.time()
        self._is_at_end = False
        """Nothing more will be received."""
        self._is_lost = False
        self._is_reading_paused = False
        self._is_woken = False

    @property
    def server_address(self) -> tuple[str, int] | None:
        """Address and port that the client has connected to; None for a unix socket."""
        sockname = self._transport.get_extra_info("sockname")
        return (str(sockname[0]), int(sockname[1])) if isinstance(sockname, tuple) else None

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being of that class.
        self._transport = cast(asyncio.Transport, transport)
        self._output = Output(self._transport)
        peername = self._transport.get_extra_info("peername")
        address = peername[0] if isinstance(peername, tuple) else ""
        service = self._host.service
        session_id = f"{self._host.settings.server.servername}-{int(time.time())}-{os.urandom(8).hex()}"
        server = self.server_address
        peer = Peer(
            address,
            service,
            session_id,
            protocol="sieve",
            server_address=server[0] if server is not None else "",
        )
        if not self._host.logins.admitted(peer):
            self._transport.close()
            return
        try:
            self._seat = self._host.door.admit(service, address, self, session=session_id)
        except SessionLimitExceeded as error:
            log.info("connection_refused", extra={"service": service, "address": address, "reason": str(error)})
            self._refuse(responses.TOO_MANY_CONNECTIONS)
            return
        peer = secured_peer(peer, transport)
        self._session = ManageSieveSession(self._host, peer, self._output, self._seat, begin_tls=self._begin_tls)
        self._start_timer()
        self._session.greet()
        self._output.flush()

    def data_received(self, data: bytes) -> None:
        if self._seat is None or self._session.state is State.ENDED:
            return
        self._note_activity()
        self._session.parser.receive_data(data)
        if self._task is None:
            self._start()
        elif self._session.parser.buffered_octets > _READ_AHEAD_OCTETS and not self._is_reading_paused:
            self._is_reading_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """What was sent before is still answered."""
        self._is_at_end = True
        if self._task is None and self._seat is not None:
            self._start()
        return True

    def pause_writing(self) -> None:
        self._output.pause()

    def resume_writing(self) -> None:
        self._note_activity()
        self._output.resume()

    def tls_begun(self, transport: asyncio.Transport) -> None:
        """Behind the answer to STARTTLS, with the transport of TLS (`worker.tlstransport`)."""
        self._resume_reading()
        self._transport = self._output.transport = transport

    def _tls_established(self) -> None:
        """The handshake is done."""
        if self._seat is not None and self._session.state is not State.ENDED:
            self._session.tls_established(secured_peer(self._session.peer, self._transport))
            self._output.flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the base class names it
        self._is_at_end = self._is_lost = True
        self._output.resume()  # nobody waits for a client that is gone
        self._stop_timer()
        if self._task is None:
            self._depart()

    # What the worker calls

    def close_for_shutdown(self) -> None:
        """Say goodbye: at once where no command runs, else after it."""
        if self._seat is not None:
            self._session.ends_after_command = True
            self.wake()

    def abort(self) -> None:
        """Drop the transport now."""
        self._transport.abort()

    def wake(self) -> None:
        """Take notice of a shutdown file, or of a login that holds no more."""
        self._is_woken = True
        if self._task is None and self._seat is not None:
            self._start()

    # What the session calls

    def _begin_tls(self) -> None:
        assert self._host.start_tls is not None
        self._output.flush()
        if not self._is_lost:
            self._host.start_tls(self._transport, session=self._session.peer.session, established=self._tls_established)

    # The task

    def _start(self) -> None:
        self._task = self._loop.create_task(self._work())

    async def _work(self) -> None:
        session = self._session
        try:
            await self._execute(session)
        except ClientGone:
            session.state = State.ENDED
        except Exception:  # a fault of ours, which nobody can name before: it ends this session, and is in the log
            log.exception("managesieve_session_failed", extra={"session": session.peer.session})
            session.answer(responses.SESSION_FAILED)
        finally:
            self._task = None
            self._note_activity()
            self._output.flush()
            if self._is_lost:
                self._depart()
            elif self._is_at_end or session.state is State.ENDED:
                self._close()

    async def _execute(self, session: ManageSieveSession) -> None:
        """All that has come."""
        if session.actor is None and self._host.pace is not None:
            await self._host.pace.turn()
        events = 0
        while not self._is_lost and not dispatch.end_where_told(session):
            event = session.parser.next_event()
            if event is None and self._is_woken:
                self._is_woken = False
                await dispatch.end_where_over(session)
                continue
            if event is None:
                if not self._is_reading_paused:
                    return
                self._resume_reading()
                await asyncio.sleep(0)
                continue
            was_known = session.actor is not None
            await dispatch.execute(session, event)
            if (session.actor is not None) is not was_known:
                self._start_timer()
            self._output.flush_soon()
            await self._output.drain()
            events += 1
            if events % _EVENTS_A_TURN == 0:
                await asyncio.sleep(0)

    def _resume_reading(self) -> None:
        if self._is_reading_paused and not self._transport.is_closing():
            self._transport.resume_reading()
        self._is_reading_paused = False

    # Time

    def _note_activity(self) -> None:
        # Who is not known cannot put the end off by being busy.
        if self._seat is not None and self._session.actor is not None:
            self._active_at_s = self._loop.time()

    def _silence_s(self) -> float:
        settings = self._host.settings
        is_known = self._session.actor is not None
        return (settings.imap.timeout if is_known else settings.limits.login_timeout).total_seconds()

    def _start_timer(self) -> None:
        self._stop_timer()
        if not self._is_lost:
            self._timer = self._loop.call_later(self._silence_s(), self._check_silence)

    def _check_silence(self) -> None:
        remaining_s = self._active_at_s + self._silence_s() - self._loop.time()
        if remaining_s <= 0:
            if self._output.is_paused:
                self._transport.abort()
                return
            if self._task is None:
                self._session.answer(responses.TIMED_OUT)
                self._output.flush()
                self._close()
                return
            # Our own command takes that long.
            remaining_s = self._silence_s()
        self._timer = self._loop.call_later(remaining_s, self._check_silence)

    # The end

    def _refuse(self, response: Response) -> None:
        self._transport.write(response.serialize())
        self._close()

    def _close(self) -> None:
        """Close once what was written is sent; the loss of the connection follows."""
        self._stop_timer()
        self._transport.close()
        self._timer = self._loop.call_later(_FAREWELL_S, self._transport.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _depart(self) -> None:
        """The connection is lost, and nothing runs for it."""
        self._stop_timer()
        if self._seat is not None:
            self._session.end()
            self._seat.leave()
            self._seat = None
