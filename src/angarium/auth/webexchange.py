"""Requests to a server of the web, whose answers are bounded; what asks blocks, and is for threads.

Redirects are not followed: who was named in the configuration is believed, and nobody else.
"""

import http.client
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from angarium.auth.connectionpool import ConnectionLost, ConnectionPool, reason_of
from angarium.auth.hangup import hung_up_after
from angarium.errors import AuthenticationUnavailable, ConfigError

TIME_MAX_S: Final = 3.0
"""For a connection, and for each part of an answer."""
WHOLE_S: Final = 6.0
"""For a whole answer."""
ANSWER_OCTETS_MAX: Final = 512 * 1024
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class WebExchange:
    """One address, with the connections to it; used by any thread."""

    def __init__(self, option: str, url: str, ca_file: Path | None) -> None:
        """ConfigError for an address that is none, or not safe, or certificates that cannot be read."""
        parts = urlsplit(url)
        try:
            self._port = parts.port
        except ValueError as error:
            raise ConfigError(f"{option}: {error}") from error
        self._host = parts.hostname or ""
        if not self._host or parts.scheme not in ("http", "https") or parts.username is not None:
            raise ConfigError(f"{option}: it is no URL")
        if parts.scheme == "http" and self._host not in _LOOPBACK:
            raise ConfigError(f"{option}: http: is for this machine only; use https:")
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._place = f"{parts.scheme}://{parts.netloc}"
        """For the log: what stands behind it may be a secret."""
        self._tls: ssl.SSLContext | None = None
        if parts.scheme == "https":
            try:
                self._tls = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
            except OSError as error:
                raise ConfigError(f"oauth_ca_file: {ca_file}: {error.strerror or error}") from error
        self._pool: ConnectionPool[http.client.HTTPConnection] = ConnectionPool(
            self._connect, lambda each: each.close()
        )

    def get(self) -> bytes:
        """What stands there. AuthenticationUnavailable for any status but 200."""
        return self._ask("GET", None, {"Accept": "application/json"})

    def post(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Likewise, what is answered."""
        return self._ask("POST", body, headers)

    def close(self) -> None:
        """Give back what waits."""
        self._pool.close()

    def _ask(self, method: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        status, answer = self._pool.use(lambda connection: self._exchange(connection, method, body, headers))
        if status != 200:
            raise AuthenticationUnavailable(f"{self._place} answers {status}")
        if len(answer) > ANSWER_OCTETS_MAX:
            raise AuthenticationUnavailable(f"{self._place} answers more than {ANSWER_OCTETS_MAX} octets")
        return answer

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, self._port, timeout=TIME_MAX_S, context=self._tls
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=TIME_MAX_S)
        try:
            connection.connect()
        except OSError as error:
            raise AuthenticationUnavailable(f"{self._place}: {reason_of(error)}") from error
        return connection

    def _exchange(
        self, connection: http.client.HTTPConnection, method: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        try:
            if connection.sock is None:
                connection.connect()
            with hung_up_after(WHOLE_S, connection.sock.fileno()):
                connection.request(method, self._path, body, dict(headers))
                response = connection.getresponse()
                # One octet too many is enough to know.
                answer = response.read(ANSWER_OCTETS_MAX + 1)
            if response.will_close or not response.isclosed():
                connection.close()
            return response.status, answer
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionLost(f"{self._place}: {reason_of(error)}") from error
