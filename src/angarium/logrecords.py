"""Records of what is logged, which are what a line tells of an event and nothing else, and the loggers that make them.

Below `logs`, which brings the whole configuration along: the program has its loggers made by `EventLogger` before any
module asks for one.
"""

import logging
import os
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

_Caught = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class EventRecord(logging.LogRecord):
    """A record whose `__dict__` holds the fields alone.

    Of all else it has what this package's formatters read. No line tells where in the program or in which thread it was
    logged, and to find that out, and to tell it from the fields, takes longer than to write the line.
    """

    __slots__ = ("args", "created", "exc_info", "levelno", "msg", "name", "process")

    # What `logging` says of a record that it could not write, if it cannot find out who logged it.
    filename = "(unknown file)"
    lineno = 0

    def __init__(
        self,
        name: str,
        level: int,
        pathname: str,  # noqa: ARG002 - what `logging` passes to each record
        lineno: int,  # noqa: ARG002
        msg: object,
        args: tuple[object, ...],
        exc_info: _Caught | None,
        func: str | None = None,  # noqa: ARG002
        sinfo: str | None = None,  # noqa: ARG002
    ) -> None:
        self.created = time.time()
        self.process = os.getpid()
        self.name = name
        self.levelno = level
        self.msg = msg
        # A lone mapping is what the names in a message are looked up in.
        self.args = args[0] if len(args) == 1 and isinstance(args[0], Mapping) and args[0] else args
        self.exc_info = exc_info


class EventLogger(logging.Logger):
    """Gives an `EventRecord` its fields in one step: it has nothing that one of them could overwrite."""

    def makeRecord(  # noqa: N802 - as `logging` has it
        self,
        name: str,
        level: int,
        fn: str,
        lno: int,
        msg: object,
        args: Any,
        exc_info: _Caught | None,
        func: str | None = None,
        extra: Mapping[str, object] | None = None,
        sinfo: str | None = None,
    ) -> logging.LogRecord:
        """A record of an event; where `configure_logging` has not been called it is as `logging` makes it."""
        if extra is None or logging.getLogRecordFactory() is not EventRecord:
            return super().makeRecord(name, level, fn, lno, msg, args, exc_info, func, extra, sinfo)
        record = EventRecord(name, level, fn, lno, msg, args, exc_info, func, sinfo)
        record.__dict__.update(extra)
        return record
