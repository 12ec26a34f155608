"""Lines for a person before a terminal: time, level, service, event, fields."""

import json
import logging
import re
import time
from functools import lru_cache
from typing import Final

from .fields import NO_FIELDS, event_of, service_of, traceback_of

_is_bare: Final = re.compile(r"[!#-<>-\[\]-~\u00a1-\u2027\u202a-\ud7ff\uf900-\ufffd]+").fullmatch
"""What needs no quotes: no space, quote, equals sign, backslash, control or line separator."""
_NUMBERS: Final = frozenset({int, float})
"""Bare as they are; what is derived from them, as `bool` is, may not be."""
_NOT_SHOWN: Final = NO_FIELDS | {"service"}
_MILLISECONDS: Final = tuple(f".{each:03d}" for each in range(1000))


class ReadableFormatter(logging.Formatter):
    """One line an event; a traceback follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        at_ms = int(record.created * 1000)
        line = (
            f"{_second(at_ms // 1000)}{_MILLISECONDS[at_ms % 1000]} "
            f"{_origin(record.levelno, service_of(record), record.process)} {one_line(event_of(record))}"
        )
        for name, value in record.__dict__.items():
            if name in _NOT_SHOWN:
                continue
            if (type(value) is str and _is_bare(value)) or type(value) in _NUMBERS:
                line += f" {name}={value}"
            else:
                line += f" {name}={show_value(value)}"
        trace = traceback_of(record) if record.exc_info else ""
        return f"{line}\n{trace}" if trace else line


@lru_cache(maxsize=1)
def _second(at_s: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_s))


@lru_cache(maxsize=64)
def _origin(level: int, service: str, process: int | None) -> str:
    """Who says it, and how grave it is; a process says most of its lines under few of these."""
    return f"{logging.getLevelName(level).lower():8} {service}[{process}]"


def show_value(value: object) -> str:
    """A value as one word; quoted, as JSON does, where it is none by itself."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if _is_bare(text) else json.dumps(text)


def one_line(text: str) -> str:
    """The text with its control characters escaped, so that what a client sends cannot forge a line."""
    return text if text.isprintable() else json.dumps(text)[1:-1]
