"""What is logged, and how."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from enum import StrEnum

from angarium.config.kinds import Choice, Size, Switch, Text
from angarium.config.option import Scope, option


class LogFormat(StrEnum):
    """The form of log lines in the foreground; syslog has its own."""

    TEXT = "text"
    JSON = "json"


class SyslogFacility(StrEnum):
    """The facilities of syslog that make sense for a mail server."""

    AUTH = "auth"
    AUTHPRIV = "authpriv"
    DAEMON = "daemon"
    MAIL = "mail"
    USER = "user"
    LOCAL0 = "local0"
    LOCAL1 = "local1"
    LOCAL2 = "local2"
    LOCAL3 = "local3"
    LOCAL4 = "local4"
    LOCAL5 = "local5"
    LOCAL6 = "local6"
    LOCAL7 = "local7"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """Logging."""

    syslog_prefix: str = option(
        Text(pattern=r"[!-~]{0,64}", allowed="a word of printable ASCII"),
        "cyrus",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Stands before the name of the service in syslog: `PREFIX/imap[PID]`.",
    )
    syslog_facility: SyslogFacility = option(
        Choice(SyslogFacility),
        "local6",
        scope=Scope.SERVER,
        at_start=True,
        meaning="The syslog facility of all but logins, which go to `auth`.",
    )
    debug: bool = option(Switch(), "no", scope=Scope.SERVER, at_start=True, meaning="Log events of level debug too.")
    logtimestamps: bool = option(
        Switch(),
        "no",
        meaning="The marks in telemetry files tell the seconds since the mark before, instead of the time.",
    )
    telemetry_max_size: int = option(
        Size(minimum=64 * 1024),
        "100M",
        added=True,
        meaning="What is recorded of one session, where the user has a directory below `configdirectory/log`.",
    )
    log_format: LogFormat = option(
        Choice(LogFormat),
        "text",
        scope=Scope.SERVER,
        at_start=True,
        added=True,
        meaning="How a server in the foreground writes its log to standard output: readable lines or JSON objects.",
    )
