"""What POP3 connections are given: the store, their settings, and the doors of the worker that serves them."""

from dataclasses import dataclass

from angarium.config import Settings
from angarium.connections import Alerts, Door, Pace, StartTls, Telemetry
from angarium.operations.logins import Logins
from angarium.store import Store


@dataclass(frozen=True, slots=True)
class Pop3Host:
    """One for a service and its settings; a connection keeps the one that it began with."""

    store: Store
    logins: Logins
    settings: Settings
    version: str
    service: str
    door: Door
    alerts: Alerts
    telemetry: Telemetry
    is_tls: bool = False
    """TLS from the first octet."""
    start_tls: StartTls | None = None
    """None where STLS is not offered."""
    pace: Pace | None = None
    """Of logins."""
