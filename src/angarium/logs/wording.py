"""Events in the words that administrators of Cyrus search for, where recorded; others by name and fields."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from .fields import LoggedValue, event_of, fields_of
from .readable import show_value

Fields = Mapping[str, LoggedValue]

_SASL_FAIL: Final = "SASL(-1): generic failure"
_SASL_ERRORS: Final = {
    "AuthenticationFailed": "SASL(-13): authentication failure",
    "AuthorizationFailed": "SASL(-14): authorization failure",
    "AccessDenied": "SASL(-14): authorization failure",
    "AuthenticationUnavailable": "SASL(-24): remote authentication server unavailable",
}
"""In the words of Cyrus SASL, by the class of the refusal: fail2ban goes by them, and must not ban who comes while a
directory is down."""


def word_event(record: logging.LogRecord) -> str:
    """One sentence for syslog, without identity and time."""
    event = event_of(record)
    fields = fields_of(record)
    wording = _WORDINGS.get(event)
    if wording is not None:
        return wording(fields)
    return " ".join([event, *(f"{name}={show_value(value)}" for name, value in fields.items() if name != "service")])


def _login(fields: Fields) -> str:
    mechanism = _text(fields, "mechanism")
    if fields.get("outcome") == "ok":
        tls = "+TLS" if fields.get("tls") else ""
        session = _text(fields, "session")
        trace = f" trace={show_value(fields['trace'])}" if "trace" in fields else ""
        user = _text(fields, "user")
        return f"login: {_client(fields)} {user} {mechanism}{tls} User logged in SESSIONID=<{session}>{trace}"
    reason = f"{_SASL_ERRORS.get(_text(fields, 'refusal'), _SASL_FAIL)}: {_text(fields, 'reason')}"
    if mechanism == "plaintext":
        return f"badlogin: {_client(fields)} plaintext {_text(fields, 'user')} {reason}"
    return f"badlogin: {_client(fields)} {mechanism} ({_text(fields, 'user')}) [{reason}]"


def _delivered(fields: Fields) -> str:
    return f"Delivered: {_text(fields, 'message_id')} to mailbox: {_text(fields, 'mailbox')}"


def _duplicate(fields: Fields) -> str:
    return f"dupelim: eliminated duplicate message to {_text(fields, 'mailbox')} id {_text(fields, 'message_id')}"


def _session_ended(fields: Fields) -> str:
    user = _text(fields, "user") or "-"
    return f"USAGE {user} user: {_seconds(fields, 'user_s')} sys: {_seconds(fields, 'system_s')}"


def _worker_exited(fields: Fields) -> str:
    if "signal" in fields:
        return f"process {fields.get('worker')} exited, signaled to death by {fields['signal']}"
    return f"process {fields.get('worker')} exited, status {fields.get('status')}"


def _client(fields: Fields) -> str:
    address = _text(fields, "address")
    host = _text(fields, "host")
    if not address:
        return host or "localhost"
    return f"{host} [{address}]" if host and host != address else f"[{address}]"


def _seconds(fields: Fields, name: str) -> str:
    value = fields.get(name)
    return f"{float(value):.6f}" if isinstance(value, int | float) else "0.000000"


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    return "" if value is None else str(value)


_WORDINGS: Final[Mapping[str, Callable[[Fields], str]]] = {
    "login": _login,
    "delivered": _delivered,
    "duplicate_eliminated": _duplicate,
    "session_ended": _session_ended,
    "worker_exited": _worker_exited,
}

LOGIN_EVENTS: Final = frozenset({"login"})
"""These go to the facility `auth`, at level notice."""
