"""`event_webhook`: a POST for each event, signed so that the receiver knows who sends it and when.

The signature is HMAC-SHA256, by the secret, of the value of `X-Angarium-Timestamp`, a dot and the body, in hex. The
time is that of sending, so that an old request cannot be played again; the event's own id tells a repetition of ours.
"""

import asyncio
import hashlib
import hmac
import http.client
import ssl
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from .notification import Notification
from .sink import EventRefused, SinkFailed

_PAYLOAD_OCTETS_MAX: Final = 4 << 20
_ANSWER_OCTETS_MAX: Final = 64 * 1024
_SECRET_OCTETS_MAX: Final = 4096
_THREADS: Final = 4
_REFUSALS: Final = frozenset({400, 413, 415, 422})
"""What a server says of a request that it will never take."""


class WebhookSink:
    """Statuses from 200 to 299 mean that the event was taken; 400, 413, 415 and 422 that it never will be; after others
    it is sent again. Redirects are not followed: the secret was agreed on with one server."""

    name = "webhook"
    at_once = _THREADS

    def __init__(
        self, url: str, secret: Path | None, *, timeout_s: float, version: str, now_s: Callable[[], int]
    ) -> None:
        self._url = urlsplit(url)
        self._place = f"{self._url.scheme}://{self._url.netloc}"
        """For the log: what stands behind it may be a secret."""
        self._secret = secret
        self._timeout_s = timeout_s
        self._agent = f"Angarium/{version}"
        self._now_s = now_s
        self._threads = ThreadPoolExecutor(_THREADS, "angarium-webhook")
        self._tls = ssl.create_default_context() if url.startswith("https:") else None
        self._kept: deque[http.client.HTTPConnection] = deque()
        """Connections that wait for the next event; any thread takes one."""
        self._is_closed = False

    async def send(self, notification: Notification) -> None:
        loop = asyncio.get_running_loop()
        status = await loop.run_in_executor(self._threads, self._post, notification)
        if status in _REFUSALS:
            raise EventRefused(f"{self._place} answers {status}")
        if not 200 <= status <= 299:
            raise SinkFailed(f"{self._place} answers {status}")

    async def close(self) -> None:
        """Does not wait for requests that are under way."""
        self._is_closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        while self._kept:
            self._kept.pop().close()

    # In a thread

    def _post(self, notification: Notification) -> int:
        body = notification.payload(_PAYLOAD_OCTETS_MAX)
        try:
            headers = self._headers(notification, body)
            return self._request(body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise SinkFailed(f"{self._place}: {str(error) or type(error).__name__}") from error

    def _headers(self, notification: Notification, body: bytes) -> dict[str, str]:
        time_s = str(self._now_s())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": self._agent,
            "X-Angarium-Event": notification.name.value,
            "X-Angarium-Event-Id": notification.id,
            "X-Angarium-Timestamp": time_s,
        }
        if self._secret is not None:
            signature = hmac.new(_read_secret(self._secret), f"{time_s}.".encode() + body, hashlib.sha256).hexdigest()
            headers["X-Angarium-Signature"] = f"sha256={signature}"
        return headers

    def _request(self, body: bytes, headers: dict[str, str]) -> int:
        """A server may have closed a connection that was kept; then a new one is made."""
        try:
            kept = self._kept.pop()
        except IndexError:
            kept = None
        if kept is not None:
            try:
                return self._exchange(kept, body, headers)
            except (http.client.HTTPException, OSError):
                kept.close()
        connection = self._connect()
        try:
            return self._exchange(connection, body, headers)
        except BaseException:
            connection.close()
            raise

    def _connect(self) -> http.client.HTTPConnection:
        parts = self._url
        assert parts.hostname is not None
        if self._tls is not None:
            return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=self._timeout_s, context=self._tls)
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=self._timeout_s)

    def _exchange(self, connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]) -> int:
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        response.read(_ANSWER_OCTETS_MAX)
        if self._is_closed or response.will_close or not response.isclosed():
            connection.close()
        else:
            self._kept.append(connection)
        return response.status


def _read_secret(path: Path) -> bytes:
    """Read anew for each event, so that it can be changed. OSError where it cannot be read, or there is none."""
    with open(path, "rb") as file:
        secret = file.read(_SECRET_OCTETS_MAX).strip()
    if not secret:
        raise OSError(f"{path} is empty")
    return secret
