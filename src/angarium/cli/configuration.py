"""Both files as the server takes them: read, checked whole, and every fault told at once."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from angarium.auth import AccessRules, LoginPolicy
from angarium.cli.location import Location
from angarium.cli.outsiders import check_outsiders, preload_libraries
from angarium.config import CyrusConf, Notice, NoticeEvent, Position, Settings, load_cyrus_conf, load_settings
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
    """The configuration of a server, with certificates and access rules, which the server's user must be able to read,
    and the libraries that it asks for, which are in memory from here on. ConfigError with a line for each fault."""
    faults: list[str] = []
    notices: list[Notice] = []
    file = f"{location.imapd_conf}: "
    conf = _collect(faults, lambda: load_cyrus_conf(location.cyrus_conf))
    names = conf.service_names if conf is not None else None
    loaded = _collect(faults, lambda: load_settings(location.imapd_conf, services=names))
    if conf is not None and not conf.services:
        allowed = "imapd, pop3d, lmtpd, timsieved"
        faults.append(f"{location.cyrus_conf}: SERVICES has no service that this server has; allowed: {allowed}")
    if conf is not None and loaded is not None:
        _collect(faults, partial(preload_libraries, loaded.settings), prefix=file)
        identity = _collect(faults, partial(identity_for, loaded.settings.server), prefix=file)
        with nullcontext() if identity is None else identity.acting():
            notices = _check_settings(faults, loaded.settings, conf, prefix=file)
            if identity is not None:
                _check_certificates(faults, loaded.settings, conf)
    if conf is None or loaded is None or faults:
        raise ConfigError("\n".join(dict.fromkeys(faults)))
    return CheckedConfiguration(loaded.settings, conf, (*loaded.notices, *conf.notices, *notices))


def _check_settings(faults: list[str], settings: Settings, conf: CyrusConf, *, prefix: str) -> list[Notice]:
    notices: list[Notice] = []
    for each in (settings, *settings.services.values()):
        policy = _collect(faults, partial(StorePolicy.from_settings, each), prefix=prefix)
        if policy is not None:
            _collect(faults, partial(LoginPolicy.from_settings, each, policy.names), prefix=prefix)
            files = each.auth.access_rules, each.auth.hosts_allow, each.auth.hosts_deny
            access = _collect(faults, partial(AccessRules.read, *files, policy.names))
            if access is not None and each.auth.access_rules is not None:
                notices += _unused(access, each.auth.access_rules, conf)
            _collect(faults, partial(check_outsiders, each, policy.names), prefix=prefix)
    return list(dict.fromkeys(notices))


def _unused(access: AccessRules, file: Path, conf: CyrusConf) -> list[Notice]:
    """A `deny` that never fits lets in."""
    text = "no service of cyrus.conf has this name, so the rule holds for none; name one of them, or all"
    return [
        Notice(NoticeEvent.ACCESS_RULE_UNUSED, Position(file, line), name, text)
        for line, name in access.strange_services(conf.service_names)
    ]


def _check_certificates(faults: list[str], settings: Settings, conf: CyrusConf) -> None:
    # A certificate that several services have is told of once, by one that cannot be without.
    ordered = sorted(conf.services, key=is_tls, reverse=True)
    by_certificate = {settings.for_service(each.name).tls: each for each in reversed(ordered)}
    for service in by_certificate.values():
        _collect(faults, partial(service_tls, service, settings))


def _collect(faults: list[str], check: Callable[[], Answer], *, prefix: str = "") -> Answer | None:
    try:
        return check()
    except ConfigError as error:
        faults += [f"{prefix}{line}" for line in str(error).splitlines()]
        return None
