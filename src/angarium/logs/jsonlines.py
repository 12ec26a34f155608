"""Lines for a program: one JSON object an event."""

import json
import logging
from datetime import datetime
from functools import lru_cache

from .fields import event_of, fields_of, service_of, traceback_of


class JsonFormatter(logging.Formatter):
    """The fields stand beside `time`, `level`, `service`, `process` and `event`, which win over fields so named."""

    def format(self, record: logging.LogRecord) -> str:
        at_ms = int(record.created * 1000)
        second, offset = _second(at_ms // 1000)
        values: dict[str, object] = {
            **fields_of(record),
            "time": f"{second}.{at_ms % 1000:03d}{offset}",
            "level": logging.getLevelName(record.levelno).lower(),
            "service": service_of(record),
            "process": record.process,
            "event": event_of(record),
        }
        trace = traceback_of(record)
        if trace:
            values["traceback"] = trace
        return json.dumps(values)


@lru_cache(maxsize=1)
def _second(at_s: int) -> tuple[str, str]:
    """Date and time of day, and the offset from UTC."""
    text = datetime.fromtimestamp(at_s).astimezone().isoformat()
    return text[:19], text[19:]
