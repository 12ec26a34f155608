"""Both files as the server takes them: read, checked whole, and every fault told at once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from angarium.auth import LoginPolicy
from angarium.cli.location import Location
from angarium.config import CyrusConf, Notice, Settings, load_cyrus_conf, load_settings
from angarium.errors import ConfigError
from angarium.master.identity import identity_for
from angarium.store import StorePolicy
from angarium.worker import is_tls, service_tls

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class CheckedConfiguration:
    """What a server can start with, and what there is to say of it."""

    settings: Settings
    conf: CyrusConf
    notices: tuple[Notice, ...]


def load_configuration(location: Location) -> CheckedConfiguration:
    """The configuration of a server, certificates included, which the server's user must be able to read. ConfigError
    with a line for each fault of either file."""
    faults: list[str] = []
    conf = _collect(faults, lambda: load_cyrus_conf(location.cyrus_conf))
    names = conf.service_names if conf is not None else None
    loaded = _collect(faults, lambda: load_settings(location.imapd_conf, services=names))
    if conf is not None and not conf.services:
        allowed = "imapd, pop3d, lmtpd, timsieved"
        faults.append(f"{location.cyrus_conf}: SERVICES has no service that this server has; allowed: {allowed}")
    if conf is not None and loaded is not None:
        _check_settings(faults, loaded.settings, location)
        _check_certificates(faults, loaded.settings, conf, location)
    if conf is None or loaded is None or faults:
        raise ConfigError("\n".join(dict.fromkeys(faults)))
    return CheckedConfiguration(loaded.settings, conf, (*loaded.notices, *conf.notices))


def _check_settings(faults: list[str], settings: Settings, location: Location) -> None:
    file = f"{location.imapd_conf}: "
    for each in (settings, *settings.services.values()):
        policy = _collect(faults, partial(StorePolicy.from_settings, each), prefix=file)
        if policy is not None:
            _collect(faults, partial(LoginPolicy.from_settings, each, policy.names), prefix=file)


def _check_certificates(faults: list[str], settings: Settings, conf: CyrusConf, location: Location) -> None:
    identity = _collect(faults, lambda: identity_for(settings.server), prefix=f"{location.imapd_conf}: ")
    if identity is None:
        return
    # A certificate that several services have is told of once, by one that cannot be without.
    ordered = sorted(conf.services, key=is_tls, reverse=True)
    by_certificate = {settings.for_service(each.name).tls: each for each in reversed(ordered)}
    with identity.acting():
        for service in by_certificate.values():
            _collect(faults, partial(service_tls, service, settings))


def _collect(faults: list[str], check: Callable[[], Answer], *, prefix: str = "") -> Answer | None:
    try:
        return check()
    except ConfigError as error:
        faults += [f"{prefix}{line}" for line in str(error).splitlines()]
        return None
