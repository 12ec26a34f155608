"""What loading has to say without stopping: events with stable names and fields.

The loader returns them and logs nothing, since the log is only set up by what it loads.
"""

import logging
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Final


class NoticeEvent(StrEnum):
    """Names of events, as they stand in the log."""

    OPTION_DEPRECATED = "option_deprecated"
    OPTION_UNKNOWN = "option_unknown"
    OPTION_NOT_SERVED = "option_not_served"
    OPTION_WITHOUT_MEANING = "option_without_meaning"
    OPTION_WHOLE_SERVER = "option_whole_server"
    ANYONE_MAY_LOG_IN = "anyone_may_log_in"
    VALUE_RAISED = "value_raised"
    VALUE_NOT_SERVED = "value_not_served"
    SERVICE_UNKNOWN = "service_unknown"
    SERVICE_NOT_SERVED = "service_not_served"
    SERVICE_WITHOUT_TLS = "service_without_tls"
    ACCESS_RULE_UNUSED = "access_rule_unused"
    COMMAND_NOT_SERVED = "command_not_served"
    COMMAND_NOT_NEEDED = "command_not_needed"
    FLAG_WITHOUT_EFFECT = "flag_without_effect"
    KEY_UNKNOWN = "key_unknown"
    KEY_WITHOUT_EFFECT = "key_without_effect"


class NoticeLevel(Enum):
    """How it is logged."""

    INFO = logging.INFO
    WARNING = logging.WARNING
    ERROR = logging.ERROR


WARNINGS: Final = frozenset(
    {
        NoticeEvent.OPTION_DEPRECATED,
        NoticeEvent.OPTION_UNKNOWN,
        NoticeEvent.OPTION_NOT_SERVED,
        NoticeEvent.OPTION_WHOLE_SERVER,
        NoticeEvent.VALUE_NOT_SERVED,
        NoticeEvent.SERVICE_UNKNOWN,
        NoticeEvent.SERVICE_NOT_SERVED,
        NoticeEvent.SERVICE_WITHOUT_TLS,
        NoticeEvent.ACCESS_RULE_UNUSED,
        NoticeEvent.COMMAND_NOT_SERVED,
        NoticeEvent.KEY_UNKNOWN,
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A line of a file; the first line is 1."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that an administrator may want to know about a configuration."""

    event: NoticeEvent
    position: Position
    subject: str
    """The option, service, command or key, as written in the file."""
    text: str
    """A sentence: what it is, why, and what to use instead."""

    @property
    def level(self) -> NoticeLevel:
        if self.event is NoticeEvent.ANYONE_MAY_LOG_IN:
            return NoticeLevel.ERROR
        return NoticeLevel.WARNING if self.event in WARNINGS else NoticeLevel.INFO

    def fields(self) -> dict[str, str | int]:
        """Fields for the log, beside the event's name."""
        return {
            "file": str(self.position.file),
            "line": self.position.line,
            "subject": self.subject,
            "text": self.text,
        }
