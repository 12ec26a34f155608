"""Syslog over the local socket, with the identity of each service: `PREFIX/imap[PID]` (cf. RFC 3164 §4.1)."""

import logging
import re
import socket
import time
from functools import lru_cache
from pathlib import Path
from typing import Final

from angarium.config import SyslogFacility

from .fields import event_of, service_of, traceback_of
from .wording import LOGIN_EVENTS, word_event

DEV_LOG: Final = Path("/dev/log")
_LINE_OCTETS_MAX: Final = 8000
"""What rsyslog takes by default is a little more."""
_NOTICE: Final = 5
_DEBUG: Final = 7
_SEVERITIES: Final = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")
_FACILITIES: Final = {
    SyslogFacility.USER: 1,
    SyslogFacility.MAIL: 2,
    SyslogFacility.DAEMON: 3,
    SyslogFacility.AUTH: 4,
    SyslogFacility.AUTHPRIV: 10,
    SyslogFacility.LOCAL0: 16,
    SyslogFacility.LOCAL1: 17,
    SyslogFacility.LOCAL2: 18,
    SyslogFacility.LOCAL3: 19,
    SyslogFacility.LOCAL4: 20,
    SyslogFacility.LOCAL5: 21,
    SyslogFacility.LOCAL6: 22,
    SyslogFacility.LOCAL7: 23,
}


class SyslogHandler(logging.Handler):
    """Sends datagrams and never waits: what a full or absent syslog does not take is lost."""

    def __init__(self, prefix: str, facility: SyslogFacility, *, path: Path = DEV_LOG) -> None:
        super().__init__()
        self._prefix = prefix
        self._facility = facility
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        try:
            # By name each time: a syslog that was restarted has another socket there.
            self._socket.sendto(self.datagram(record), self._path)
        except OSError:
            # There is no better place to complain.
            return
        except Exception:  # noqa: BLE001 - a record that cannot be worded must not harm whoever logged it
            self.handleError(record)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()

    def datagram(self, record: logging.LogRecord) -> bytes:
        """The datagram of a record."""
        is_login = event_of(record) in LOGIN_EVENTS
        facility = SyslogFacility.AUTH if is_login else self._facility
        severity = _NOTICE if is_login else _severity(record.levelno)
        identity = "/".join(each for each in (self._prefix, service_of(record)) if each)
        trace = traceback_of(record)
        text = word_event(record) + (f"\n{trace}" if trace else "")
        head = f"<{_FACILITIES[facility] * 8 + severity}>{_second(int(record.created))} {identity}[{record.process}]"
        line = f"{head}: {_escape(text)}"
        return line.encode(errors="replace")[:_LINE_OCTETS_MAX]


@lru_cache(maxsize=1)
def _second(at_s: int) -> str:
    return time.strftime("%b %e %H:%M:%S", time.localtime(at_s))


def _severity(level: int) -> int:
    return next((severity for least, severity in _SEVERITIES if level >= least), _DEBUG)


def _escape(text: str) -> str:
    """Control characters as `#` and three octal digits, as syslog daemons themselves write them."""
    return _CONTROLS.sub(lambda found: f"#{ord(found[0]):03o}", text)
