"""Makes connections of one service, and ends those that are silent for too long."""

import asyncio
import time

from angarium.connections import Door

from .connection import ImapConnection
from .services import ImapServices

_SWEEP_S = 5.0


class ImapFactory:
    """Called for each new connection; one for each service and settings."""

    def __init__(self, services: ImapServices, door: Door, *, service: str, is_tls: bool) -> None:
        self._services = services
        self._door = door
        self._service = service
        self._is_tls = is_tls
        self._connections: set[ImapConnection] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    def __call__(self) -> ImapConnection:
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)
        return ImapConnection(self._services, self._door, self._connections, service=self._service, is_tls=self._is_tls)

    def _sweep(self) -> None:
        """One timer for all connections; it rests while there are none."""
        self._sweeping = None
        now_s = time.monotonic()
        for connection in tuple(self._connections):
            if now_s > self._deadline_s(connection):
                connection.time_out()
            elif now_s > connection.active_s + _SWEEP_S:
                connection.rest()
        if self._connections:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def _deadline_s(self, connection: ImapConnection) -> float:
        settings = self._services.settings
        session = connection.session
        if session is None:
            return connection.active_s + settings.limits.login_timeout.total_seconds()
        if session.actor is None:
            # Who is not known cannot put the end off by being busy.
            return session.started_s + settings.limits.login_timeout.total_seconds()
        silence = settings.imap.timeout
        if session.is_idling and settings.imap.imapidletimeout:
            silence = settings.imap.imapidletimeout
        return connection.active_s + silence.total_seconds()
