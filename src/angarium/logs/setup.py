"""Where the log goes."""

import logging
import sys
from enum import Enum, auto
from typing import Final

from angarium.config import LogFormat, LogSettings
from angarium.logrecords import EventRecord

from .jsonlines import JsonFormatter
from .lines import LineHandler
from .readable import ReadableFormatter
from .syslog import SyslogHandler


class Destination(Enum):
    """Where the log of a process goes."""

    STDOUT = auto()
    """A server in the foreground."""
    STDERR = auto()
    """A tool, whose standard output is its answer."""
    SYSLOG = auto()
    """A daemon."""


FORMATTERS: Final = {LogFormat.TEXT: ReadableFormatter, LogFormat.JSON: JsonFormatter}


def configure_logging(settings: LogSettings, destination: Destination) -> None:
    """Send everything that is logged in this process, and in those it forks, there; called again, it replaces."""
    root = logging.getLogger()
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
        handler.close()
    root.addHandler(_handler(settings, destination))
    root.setLevel(logging.DEBUG if settings.debug else logging.INFO)
    # No record keeps where in the program it was made, and to find that out takes a third of a line.
    logging._srcfile = None  # noqa: SLF001 - as the manual of `logging` has it
    logging.setLogRecordFactory(EventRecord)
    # Its debug lines name every selector; its warnings matter.
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _handler(settings: LogSettings, destination: Destination) -> logging.Handler:
    if destination is Destination.SYSLOG:
        return SyslogHandler(settings.syslog_prefix, settings.syslog_facility)
    handler = LineHandler(sys.stdout if destination is Destination.STDOUT else sys.stderr)
    handler.setFormatter(FORMATTERS[settings.log_format]())
    return handler
