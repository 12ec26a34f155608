"""`notifysocket`: a datagram for each event, as Cyrus sends it to its notifyd, or the JSON alone.

notifyd reads `method NUL class NUL priority NUL user NUL mailbox NUL options NUL message NUL`, where `options` is the
number of those that follow it, and takes an empty method for the one that it was started with (`-m`).
"""

import asyncio
import errno
import socket
from typing import Final

from angarium.config import DatagramFormat

from .notification import Notification
from .sink import EventRefused, SinkFailed

_DATAGRAM_OCTETS_MAX: Final = 8192
"""What notifyd reads."""
_FULL: Final = frozenset({errno.EAGAIN, errno.ENOBUFS})
_WAIT_S: Final = 0.01
_WAITS: Final = 100


class DatagramSink:
    """A datagram that the receiver's queue holds was taken: what it makes of it nobody tells."""

    name = "socket"
    at_once = 1

    def __init__(self, path: str, form: DatagramFormat) -> None:
        self._path = path
        self._form = form
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)

    async def send(self, notification: Notification) -> None:
        datagram = self.datagram(notification)
        for _ in range(_WAITS):
            try:
                self._socket.sendto(datagram, self._path)
            except OSError as error:
                if error.errno == errno.EMSGSIZE:
                    raise EventRefused(f"{self._path} takes no {len(datagram)} octets") from error
                if error.errno not in _FULL:
                    raise SinkFailed(f"{self._path}: {error.strerror}") from error
            else:
                return
            await asyncio.sleep(_WAIT_S)
        raise SinkFailed(f"{self._path} is full")

    async def close(self) -> None:
        self._socket.close()

    def datagram(self, notification: Notification) -> bytes:
        """The event in the form that was chosen."""
        if self._form is DatagramFormat.JSON:
            return notification.payload(_DATAGRAM_OCTETS_MAX)
        user, mailbox = [text.replace("\0", "")[:1000] for text in (notification.user, notification.mailbox)]
        head = "\0".join(["", "EVENT", "", user, mailbox, "0", ""]).encode("utf-8", "replace")
        return head + notification.payload(_DATAGRAM_OCTETS_MAX - len(head) - 1) + b"\0"
