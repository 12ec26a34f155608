"""The ports of a store that needs no configuration: given, or found free once and kept in its cyrus.conf."""

import argparse
import re
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from angarium.config.zero import LOOPBACK
from angarium.errors import ConfigError

_PORT_MAX = 65_535


@dataclass(frozen=True, slots=True)
class PortChoice:
    """`--port NAME=N`; 0 means a free one."""

    service: str
    port: int


def parse_port(text: str) -> PortChoice:
    """For argparse."""
    match = re.fullmatch(r"([A-Za-z0-9_-]+)=([0-9]{1,5})", text, re.ASCII)
    if match is None or int(match[2]) > _PORT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=N; allowed: a service of cyrus.conf, and 0 to 65535")
    return PortChoice(match[1].lower(), int(match[2]))


def free_ports(names: Mapping[str, int]) -> dict[str, int]:
    """The same, with a free port of loopback for each 0; all are different."""
    found = dict(names)
    with ExitStack() as stack:
        for name, port in names.items():
            if port == 0:
                probe = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
                probe.bind((LOOPBACK, 0))
                found[name] = int(probe.getsockname()[1])
    return found


def with_port(cyrus_conf: str, service: str, port: int) -> str:
    """The text of a cyrus.conf in which this service listens on another port of the same host. ConfigError where no
    line has the service with a host and a port."""
    line = re.compile(
        rf'^(?P<before>[ \t]*{re.escape(service)}[ \t][^\n]*\blisten="?[^"\s]*:)[0-9]+(?=["\s]|$)',
        re.MULTILINE | re.IGNORECASE,
    )
    changed, count = line.subn(lambda match: f"{match['before']}{port}", cyrus_conf)
    if count != 1:
        raise ConfigError(f'--port {service}={port}: cyrus.conf has no line for {service} with listen="HOST:PORT"')
    return changed
