"""What ManageSieve connections are given: the store, logins, their settings, and the doors of the worker."""

from dataclasses import dataclass

from angarium.config import Settings
from angarium.connections import Alerts, Door, Pace, StartTls, Telemetry
from angarium.operations.logins import Logins
from angarium.operations.scripts import CheckedScripts
from angarium.store import Store


@dataclass(frozen=True, slots=True)
class ManageSieveHost:
    """One for a service and its settings; a connection keeps the one that it began with."""

    service: str
    """The name in cyrus.conf."""
    store: Store
    settings: Settings
    """Those of the service (`Settings.for_service`)."""
    logins: Logins
    scripts: CheckedScripts
    door: Door
    alerts: Alerts
    telemetry: Telemetry
    start_tls: StartTls | None = None
    """None where it is not offered."""
    pace: Pace | None = None
    """Of logins."""
