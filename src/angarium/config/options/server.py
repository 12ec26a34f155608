"""The server as a whole: its name, its processes, the account that they run as."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from angarium.config.kinds import Choice, Duration, FileMode, Number, Text
from angarium.config.networks import Network, Networks
from angarium.config.option import Scope, option, optional

HOST_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]*", re.ASCII)
MAX_WORKERS: Final = 512


class ServerInfo(StrEnum):
    """How much a greeting tells."""

    OFF = "off"
    MIN = "min"
    ON = "on"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Identity and processes."""

    servername: str = option(
        Text(pattern=HOST_NAME.pattern, allowed="a host name"),
        "{hostname}",
        meaning="The host name in greetings and in the Received header. Unset, it is the machine's own.",
    )
    serverinfo: ServerInfo = option(
        Choice(ServerInfo),
        "on",
        meaning="What a greeting tells: host, program and version (`on`), the host alone (`min`), or nothing (`off`).",
    )
    cyrus_user: str | None = optional(
        Text(pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]*\$?", allowed="the name of an account of this machine"),
        scope=Scope.SERVER,
        at_start=True,
        meaning="The account that workers and commands run as when the server is started by root. Unset, it is "
        "`cyrus`; without root it has no effect.",
    )
    cyrus_group: str | None = optional(
        Text(pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]*\$?", allowed="the name of a group of this machine"),
        scope=Scope.SERVER,
        at_start=True,
        meaning="The group that they run as. Unset, it is the group of `cyrus_user`. Supplementary groups are kept.",
    )
    umask: int = option(
        FileMode(),
        "077",
        scope=Scope.SERVER,
        at_start=True,
        meaning="The permissions that no new file or directory gets.",
    )
    workers: int = option(
        Number(1, MAX_WORKERS),
        "{cores}",
        scope=Scope.SERVER,
        at_start=True,
        added=True,
        meaning="How many processes serve connections. Unset, it is the number of processor cores.",
    )
    proxy_protocol_from: tuple[Network, ...] = option(
        Networks(),
        "",
        added=True,
        meaning="The proxies in front of this server that say by the PROXY protocol whom they speak for. A connection "
        "from there must begin with its header, version 1 or 2; anybody else who sends one is not understood. Only the "
        "proxies' own addresses belong here: whoever may send a header may say that it comes from anywhere.",
    )
    shutdown_timeout: timedelta = option(
        Duration(),
        "30s",
        scope=Scope.SERVER,
        added=True,
        meaning="How long running commands may go on once the server was told to stop.",
    )
    worker_silence_max: timedelta = option(
        Duration(minimum=timedelta(seconds=1)),
        "10s",
        scope=Scope.SERVER,
        at_start=True,
        added=True,
        meaning="A worker that shows no sign of life for so long is killed and replaced, since it may hold locks.",
    )
