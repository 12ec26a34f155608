"""Lines for a program: one JSON object an event."""

import json
import logging
from datetime import datetime

from .fields import event_of, fields_of, service_of, traceback_of


class JsonFormatter(logging.Formatter):
    """The fields stand beside `time`, `level`, `service`, `process` and `event`, which win over fields so named."""

    def format(self, record: logging.LogRecord) -> str:
        values: dict[str, object] = {
            **fields_of(record),
            "time": datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": service_of(record),
            "process": record.process,
            "event": event_of(record),
        }
        trace = traceback_of(record)
        if trace:
            values["traceback"] = trace
        return json.dumps(values)
