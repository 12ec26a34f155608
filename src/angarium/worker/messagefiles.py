"""`motd` and `shutdown` below `configdirectory/msg`: what an administrator has to say to all who are connected.

Only the first line counts, and it comes in a form that every protocol can send: printable ASCII, without the brackets
at its beginning that a client would take for a response code, and short enough for a reply line (RFC 5321 §4.5.3.1.5).
"""

import logging
import os
import stat
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

LINE_OCTETS_MAX: Final = 480
_NO_TEXT: Final = "System going down"
"""Of a shutdown file that is empty or cannot be read: that it is there says enough."""


class MessageFiles:
    """What both files said when they were last read."""

    __slots__ = ("_complained", "motd", "shutdown")

    def __init__(self) -> None:
        self.motd = ""
        """Empty where there is nothing to say."""
        self.shutdown: str | None = None
        """None while the server is open to all."""
        self._complained: set[str] = set()

    def read(self, directory: Path) -> bool:
        """Read both anew; gives whether the shutdown file has come or gone. Blocks, and raises nothing."""
        was_shut = self.shutdown is not None
        self.motd = self._line(directory / "motd") or ""
        line = self._line(directory / "shutdown")
        self.shutdown = line if line != "" else _NO_TEXT
        return was_shut != (self.shutdown is not None)

    def _line(self, path: Path) -> str | None:
        """The first line; empty where it cannot be read, None where there is no such file."""
        try:
            line = _first_line(path)
        except FileNotFoundError:
            line = None
        except OSError as error:
            if path.name not in self._complained:
                self._complained.add(path.name)
                log.warning("message_file_unreadable", extra={"path": str(path), "reason": error.strerror})
            return ""
        self._complained.discard(path.name)
        return line


def _first_line(path: Path) -> str | None:
    # Without waiting, since a FIFO of that name would never open.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        octets = os.read(descriptor, 4 * LINE_OCTETS_MAX)
    finally:
        os.close(descriptor)
    line = octets.partition(b"\n")[0].decode("utf-8", "replace")
    printable = "".join([character for character in line if character.isprintable()])
    return printable.encode("ascii", "replace").decode("ascii").strip().lstrip("[ ")[:LINE_OCTETS_MAX]
