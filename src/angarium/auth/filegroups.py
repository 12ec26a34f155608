"""Groups from a file in the syntax of /etc/group (`groupfile`): `name:password:number:member,member`.

Password and number are not looked at. The file is read again when it has changed, which is seen by its status, so it is
best replaced by a rename. One with a fault is refused as a whole: a line left out could give back what a `-group:`
entry takes away.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from angarium.auth.policy import canonical_userid
from angarium.errors import PreparationFailed, UserNameInvalid
from angarium.names import NameSettings

MAX_FILE_OCTETS: Final = 16 << 20

_NONE: Final[frozenset[str]] = frozenset()

_Version = tuple[int, int, int, int]
"""Inode, size, and both times of change."""


class FileGroups:
    """The groups of a file; it may be asked by several threads."""

    name = "groupfile"

    def __init__(self, path: Path, names: NameSettings) -> None:
        self._path = path
        self._names = names
        self._read: tuple[_Version, Mapping[str, frozenset[str]]] | None = None

    def groups_of(self, userid: str) -> frozenset[str]:
        """Those whose lines have the user as a member. OSError where the file cannot be read, ValueError for one with a
        fault."""
        read = self._read
        if read is None or read[0] != _version(os.stat(self._path)):
            read = self._read = self._read_file()
        return read[1].get(userid, _NONE)

    def _read_file(self) -> tuple[_Version, Mapping[str, frozenset[str]]]:
        # Else a named pipe would hold the thread until somebody writes into it.
        with open(os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ValueError(f"{self._path} is not a file")
            octets = file.read(MAX_FILE_OCTETS + 1)
        if len(octets) > MAX_FILE_OCTETS:
            raise ValueError(f"{self._path} has more than {MAX_FILE_OCTETS} octets")
        try:
            return _version(status), parse_group_file(octets.decode(), self._names)
        except ValueError as error:
            raise ValueError(f"{self._path}: {error}") from error


def parse_group_file(text: str, names: NameSettings) -> dict[str, frozenset[str]]:
    """User to groups. Users are written as they would log in; a member who could not is left out.

    Several lines of one group add up; empty lines, and those that begin with `#`, are left out. ValueError names the
    line with a fault.
    """
    groups_by_user: defaultdict[str, set[str]] = defaultdict(set)
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        fields = line.split(":")
        group = fields[0].strip()
        # "+" and "-" send other readers of this syntax on to NIS.
        if len(fields) != 4 or not group or group.startswith(("+", "-")):
            raise ValueError(f"line {number} is not name:password:number:members")
        for member in fields[3].split(","):
            userid = _userid(member.strip(), names)
            if userid is not None:
                groups_by_user[userid].add(group)
    return {userid: frozenset(groups) for userid, groups in groups_by_user.items()}


def _userid(member: str, names: NameSettings) -> str | None:
    try:
        return str(canonical_userid(member, names))
    except (UserNameInvalid, PreparationFailed):
        return None


def _version(status: os.stat_result) -> _Version:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
