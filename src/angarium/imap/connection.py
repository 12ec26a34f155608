"""One IMAP connection: octets in, octets out, and a task only while there is something to do.

States: *idle* (no task; octets or a change start one), *busy* (a task executes what has come; reading is paused while
more than a bound of octets waits), *closing* (no session any more; the transport closes once what was written is sent).
Deadlines are kept by one sweep for all connections (`factory`), not by a timer each.
"""

import asyncio
import logging
import os
import time
from typing import cast

from angarium.connections import ClientGone, Door, Seat
from angarium.errors import AngariumError
from angarium.operations.logins import Peer, secured_peer

from . import dispatch
from .output import Output
from .responses import Condition, serialize_status
from .services import ImapServices
from .session import ImapSession

log = logging.getLogger(__name__)


class ImapConnection(asyncio.Protocol):
    """A transport's protocol."""

    __slots__ = (
        "_ahead",
        "_ahead_octets",
        "_connections",
        "_door",
        "_is_at_end",
        "_is_tls",
        "_output",
        "_reading_paused",
        "_seat",
        "_service",
        "_services",
        "_task",
        "_transport",
        "_wants_to_tell",
        "active_s",
        "session",
    )

    def __init__(
        self,
        services: ImapServices,
        door: Door,
        connections: "set[ImapConnection]",
        *,
        service: str,
        is_tls: bool,
    ) -> None:
        self._services = services
        self._door = door
        self._connections = connections
        self._service = service
        self._is_tls = is_tls
        self._transport: asyncio.Transport | None = None
        self._output: Output | None = None
        self._seat: Seat | None = None
        self._task: asyncio.Task[None] | None = None
        self._ahead: list[bytes] = []
        self._ahead_octets = 0
        self._is_at_end = False
        """The client sends nothing more."""
        self._reading_paused = False
        self._wants_to_tell = False
        self.session: ImapSession | None = None
        self.active_s = time.monotonic()
        """When the client has last done something, or we for it."""

    @property
    def server_address(self) -> tuple[str, int] | None:
        """Address and port that the client has connected to; None for a unix socket."""
        sockname = self._transport.get_extra_info("sockname") if self._transport is not None else None
        return (str(sockname[0]), int(sockname[1])) if isinstance(sockname, tuple) else None

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being of that class.
        transport = cast(asyncio.Transport, transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=self._services.settings.limits.max_unsent_size)
        peername = transport.get_extra_info("peername")
        address = peername[0] if isinstance(peername, tuple) else ""
        session_id = f"{self._services.settings.server.servername}-{int(time.time())}-{os.urandom(8).hex()}"
        server = self.server_address if self._services.asks_server_address else None
        server_address = "" if server is None else server[0]
        peer = Peer(address, self._service, session_id, self._is_tls, server_address=server_address)
        if self._is_tls:
            peer = secured_peer(peer, transport)
        if not self._services.logins.admitted(peer):
            transport.close()
            return
        try:
            seat = self._door.admit(self._service, address, self, session=session_id)
        except AngariumError as error:
            log.info("connection_refused", extra={"service": self._service, "address": address, "reason": str(error)})
            transport.write(serialize_status(Condition.BYE, b"Too many connections"))
            transport.close()
            return
        self._seat = seat
        self._output = Output(transport)
        self.session = ImapSession(self._services, peer, self._output, seat, self.wake)
        self._connections.add(self)
        dispatch.greet(self.session)

    def data_received(self, data: bytes) -> None:
        self.active_s = time.monotonic()
        if self.session is None or self.session.close_after_answer:
            return
        if self._task is not None:
            self._ahead.append(data)
            self._ahead_octets += len(data)
            if self._ahead_octets > self._services.settings.limits.max_ahead_size:
                self._pause_reading()
            return
        self.session.receive(data)
        self._start()

    def eof_received(self) -> bool:
        """What was sent before is still answered, over TLS too (RFC 8446 §6.1)."""
        self._is_at_end = True
        if self._task is None and self.session is not None:
            self._start()
        return True

    def pause_writing(self) -> None:
        if self._output is not None:
            self._output.pause()

    def resume_writing(self) -> None:
        self.active_s = time.monotonic()
        if self._output is not None:
            self._output.resume()

    def tls_begun(self, transport: asyncio.Transport) -> None:
        """Behind the answer to STARTTLS, with the transport of TLS (`worker.tlstransport`)."""
        self._resume_reading()
        self._ahead.clear()
        self._ahead_octets = 0
        self._transport = transport
        assert self._output is not None
        self._output.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the base class names it
        self._connections.discard(self)
        if self._output is not None:
            self._output.resume()  # nobody waits for a client that is gone
        if self._seat is not None:
            self._seat.leave()
            self._seat = None
        if self.session is not None:
            self.session.close_after_answer = True
            if self._task is None:
                self._start()  # to let go of what the session holds

    # What others call

    def wake(self) -> None:
        """Something changed that the session may have to tell; called on the loop."""
        self._wants_to_tell = True
        if self._task is None and self.session is not None and not self.session.close_after_answer:
            self._start()

    def rest(self) -> None:
        """The client has been silent for a while, and perhaps is for long: hold no more for it than must be."""
        if self._task is None and self._output is not None and self._output.deflater is not None:
            self._output.deflater.rest()

    def close_for_shutdown(self) -> None:
        """Say goodbye: at once where no command runs, else after it."""
        if self.session is not None and not self.session.close_after_answer:
            self.session.ends_after_command = True
            if self._task is None:
                self._start()

    def abort(self) -> None:
        """Drop the transport now."""
        if self._transport is not None:
            self._transport.abort()

    def time_out(self) -> None:
        """The client was silent for too long (RFC 9051 §5.4), or does not take what we send."""
        if self.session is None or (self._output is not None and self._output.is_paused):
            self.abort()
        elif self._task is None and not self.session.close_after_answer:
            self.session.say_bye(b"Autologout; idle for too long")
            self._start()

    # The task

    def _start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        session = self.session
        assert session is not None
        commands_before = session.commands_done
        try:
            if session.actor is None and self._services.pace is not None:
                await self._services.pace.turn()
            await dispatch.run(session)
            while not session.close_after_answer and (self._wants_to_tell or self._ahead):
                if self._wants_to_tell:
                    self._wants_to_tell = False
                    await dispatch.tell_changes(session)
                # Also where there is always something to tell, what the client says has its turn.
                self._take_ahead(session)
                await dispatch.run(session)
            session.close_after_answer |= self._is_at_end
        except ClientGone:
            session.close_after_answer = True
        except Exception:
            log.exception("imap_session_failed", extra={"session": session.peer.session})
            session.close_after_answer = True
            dispatch.server_bug(session)
        finally:
            self._task = None
            # What we tell a client in IDLE, or by NOTIFY, is nothing that it did.
            if session.commands_done != commands_before and not session.is_idling:
                self.active_s = time.monotonic()
            if session.close_after_answer:
                await self._end(session)

    async def _end(self, session: ImapSession) -> None:
        self.session = None
        if self._transport is not None:
            self._transport.close()
        try:
            await dispatch.end(session)
        except AngariumError as error:
            log.warning("imap_session_not_ended", extra={"session": session.peer.session, "error": str(error)})

    def _take_ahead(self, session: ImapSession) -> None:
        """Give the session what has come meanwhile."""
        if self._ahead:
            session.receive(b"".join(self._ahead))
            self._ahead.clear()
            self._ahead_octets = 0
            self._resume_reading()

    def _pause_reading(self) -> None:
        if self._transport is not None and not self._reading_paused and not self._transport.is_closing():
            self._transport.pause_reading()
            self._reading_paused = True

    def _resume_reading(self) -> None:
        if self._transport is not None and self._reading_paused and not self._transport.is_closing():
            self._transport.resume_reading()
        self._reading_paused = False
