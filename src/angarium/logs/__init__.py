"""The log: events with fields, as readable lines, as JSON, or in Cyrus's words through syslog."""

from .fields import event_of, fields_of, service_of
from .jsonlines import JsonFormatter
from .readable import ReadableFormatter
from .setup import Destination, configure_logging
from .syslog import SyslogHandler
from .wording import word_event

__all__ = [
    "Destination",
    "JsonFormatter",
    "ReadableFormatter",
    "SyslogHandler",
    "configure_logging",
    "event_of",
    "fields_of",
    "service_of",
    "word_event",
]
