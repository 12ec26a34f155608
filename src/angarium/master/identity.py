"""Whom workers and commands run as (DESIGN §2)."""

import grp
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from angarium.config import ServerSettings
from angarium.errors import ConfigError

DEFAULT_USER: Final = "cyrus"


@dataclass(frozen=True, slots=True)
class Identity:
    """A user of the machine, with all groups."""

    user: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    changes: bool
    """Whether a process must become this user; only root's can."""

    @property
    def owner(self) -> tuple[int, int]:
        """For chown."""
        return self.uid, self.gid

    def become(self) -> None:
        """Give up root for good; called in a forked process."""
        if not self.changes:
            return
        os.setgroups(self.groups)
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Have the rights of this user for a while, on files above all; for a process of one thread."""
        if not self.changes:
            yield
            return
        groups, gid, uid = os.getgroups(), os.getegid(), os.geteuid()
        os.setgroups(self.groups)
        os.setegid(self.gid)
        os.seteuid(self.uid)
        try:
            yield
        finally:
            os.seteuid(uid)
            os.setegid(gid)
            os.setgroups(groups)


def identity_for(settings: ServerSettings) -> Identity:
    """The configured user where the master is root, else whoever started it. ConfigError where there is no such user
    or group, or the user is root."""
    if os.geteuid() != 0:
        return Identity(_name_of(os.geteuid()), os.geteuid(), os.getegid(), tuple(os.getgroups()), changes=False)
    name = settings.cyrus_user or DEFAULT_USER
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        raise ConfigError(f"cyrus_user: this machine has no user {name!r}; make it, or set cyrus_user") from None
    if user.pw_uid == 0:
        raise ConfigError(f"cyrus_user: {name!r} is root, as whom nothing of a mail store may run")
    gid = _gid_of(settings.cyrus_group) if settings.cyrus_group else user.pw_gid
    return Identity(name, user.pw_uid, gid, tuple(os.getgrouplist(name, gid)), changes=True)


def _gid_of(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise ConfigError(f"cyrus_group: this machine has no group {group!r}") from None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
