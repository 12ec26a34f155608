"""Events of the log: the name is the record's message, the fields are its `extra`."""

import logging
import traceback
from typing import Final

LoggedValue = str | int | float | bool | None
_LOGGED_TYPES: Final = (str, int, float, bool, type(None))

_PLAIN: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_SECRETS: Final = frozenset(
    {
        "password",
        "passwords",
        "secret",
        "secrets",
        "credentials",
        "token",
        "response",
        "literal",
        "body",
        "text_of_message",
    }
)
"""Never logged, whoever passes them: a last line of defence, not a licence."""
NO_FIELDS: Final = _PLAIN | _SECRETS


def event_of(record: logging.LogRecord) -> str:
    """The event's name; a library's record has a sentence there."""
    return record.getMessage() if record.args else str(record.msg)


def fields_of(record: logging.LogRecord) -> dict[str, LoggedValue]:
    """The fields in the order in which they were given; values of other types become text."""
    return {
        name: value if isinstance(value, _LOGGED_TYPES) else str(value)
        for name, value in record.__dict__.items()
        if name not in NO_FIELDS
    }


def service_of(record: logging.LogRecord) -> str:
    """Which service a record is of: the field `service`, else the part of the program that logged."""
    service = record.__dict__.get("service")
    if isinstance(service, str) and service:
        return service
    parts = record.name.split(".")
    return parts[1] if parts[0] == "angarium" and len(parts) > 1 else parts[0]


def traceback_of(record: logging.LogRecord) -> str:
    """The traceback; empty where there is none."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return "".join(traceback.format_exception(*record.exc_info)).rstrip()
