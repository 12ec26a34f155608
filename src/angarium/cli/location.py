"""Which store a command is about: `--dir DIR`, `-C imapd.conf`, or what the machine has."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SYSTEM_IMAPD_CONF: Final = Path("/etc/imapd.conf")
SYSTEM_CYRUS_CONF: Final = Path("/etc/cyrus.conf")


@dataclass(frozen=True, slots=True)
class Location:
    """Two files; they need not exist."""

    imapd_conf: Path
    cyrus_conf: Path
    directory: Path | None
    """The directory that has everything, where the store is one of those that need no configuration."""


def add_location_arguments(parser: argparse.ArgumentParser) -> None:
    """The two options that every command has."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--dir",
        metavar="DIR",
        type=Path,
        help="the directory that holds everything: configuration, mail, certificate; with neither --dir nor -C, it is "
        f"{SYSTEM_IMAPD_CONF} and {SYSTEM_CYRUS_CONF} if both exist, else angarium in the state directory of the user",
    )
    group.add_argument("-C", metavar="FILE", dest="imapd_conf", type=Path, help="the imapd.conf of the store")


def location_of(
    arguments: argparse.Namespace,
    *,
    environment: Mapping[str, str] = os.environ,
    system: tuple[Path, Path] = (SYSTEM_IMAPD_CONF, SYSTEM_CYRUS_CONF),
) -> Location:
    """The store that the arguments mean; paths are absolute. A cyrus.conf stands beside its imapd.conf unless `-M` of
    `serve` says otherwise."""
    cyrus_conf: Path | None = getattr(arguments, "cyrus_conf", None)
    if arguments.imapd_conf is not None:
        imapd_conf = _absolute(arguments.imapd_conf)
        return Location(imapd_conf, _absolute(cyrus_conf or imapd_conf.with_name("cyrus.conf")), None)
    if arguments.dir is None and all(path.exists() for path in system):
        return Location(system[0], _absolute(cyrus_conf or system[1]), None)
    directory = _absolute(arguments.dir or state_directory(environment))
    return Location(directory / "imapd.conf", _absolute(cyrus_conf or directory / "cyrus.conf"), directory)


def state_directory(environment: Mapping[str, str]) -> Path:
    """Where the XDG base directory specification has what a program keeps."""
    base = environment.get("XDG_STATE_HOME", "")
    # The specification has relative paths ignored.
    root = Path(base) if base.startswith("/") else Path(environment.get("HOME") or "/") / ".local" / "state"
    return root / "angarium"


def _absolute(path: Path) -> Path:
    # Without resolving links: the names that an administrator wrote stay.
    return Path(os.path.abspath(path))
