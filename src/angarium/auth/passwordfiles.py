"""Users in files of the machine: passwd(5), shadow(5), and what htpasswd writes; all are `name:hash`, with more behind.

A name that is not there costs the computation of a hash that is. Whoever has no hash that can be checked, as for an
empty field or one with `!`, `*` or `x`, has no password that would be right.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from angarium.auth.boundedcalls import BoundedCalls
from angarium.auth.passwordhashes import check_hash, parse_hash
from angarium.auth.rereadfile import RereadFile
from angarium.auth.verifying import CredentialStamp, PasswordLogin

log = logging.getLogger(__name__)

_CHECKING: Final = 2
_DAY_S: Final = 86_400
_LOCKS: Final = ("!", "*")
_NO_HASHES: Final = ("", "x")
"""No password at all, and one that is in another file."""


@dataclass(frozen=True, slots=True)
class FileUser:
    """A line."""

    hash: str = field(repr=False)
    further: tuple[str, ...]
    """The fields behind."""


@dataclass(frozen=True, slots=True)
class PasswordFile:
    """A file as it was read."""

    users: Mapping[str, FileUser] = field(repr=False)
    decoy: str = field(repr=False)
    """A hash of somebody's; empty where nobody has one."""


def parse_password_file(octets: bytes) -> PasswordFile:
    """Of two lines for one name, the first holds. Lines that begin with `#`, `+` or `-`, or have no colon, are left
    out."""
    users: dict[str, FileUser] = {}
    decoy = ""
    # Nothing else ends a line: users choose some of the fields of passwd(5).
    for line in octets.decode(errors="surrogateescape").split("\n"):
        name, *fields = line.removesuffix("\r").split(":")
        if not name or not fields or name[0] in "#+-" or name in users:
            continue
        users[name] = FileUser(fields[0], tuple(fields[1:]))
        if not decoy and _can_be_checked(fields[0]):
            decoy = fields[0]
    return PasswordFile(users, decoy)


class FileVerifier:
    """Checks the users of such a file, which is read again when it has changed."""

    def __init__(self, name: str, path: Path, *, is_expired: Callable[[FileUser], bool] = lambda _: False) -> None:
        """`name` is the method's; `is_expired` tells of a user that her password, right as it may be, lets her in no
        more."""
        self.name = name
        self._file = RereadFile(path, parse_password_file)
        self._is_expired = is_expired
        self._calls = BoundedCalls(at_once=_CHECKING)

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        """AuthenticationUnavailable where the file cannot be read."""
        is_right = await self._calls.run(
            lambda: asyncio.to_thread(self._check, str(login.userid), login.password), login.claimant
        )
        return CredentialStamp(str(login.userid)) if is_right else None

    async def close(self) -> None:
        """Nothing stays open."""

    def _check(self, name: str, password: str) -> bool:
        file = self._file.content()
        user = file.users.get(name)
        if user is None or user.hash.startswith(_LOCKS) or user.hash in _NO_HASHES:
            _waste(file, password)
            return False
        try:
            is_right = check_hash(user.hash, password)
        except ValueError as error:
            log.warning("password_hash_unusable", extra={"method": self.name, "user": name, "reason": str(error)})
            _waste(file, password)
            return False
        if is_right and self._is_expired(user):
            log.info("account_expired", extra={"method": self.name, "user": name})
            return False
        return is_right


def is_shadow_expired(user: FileUser, now_s: Callable[[], float] = time.time) -> bool:
    """Whether the account has expired, or the password: its time is over, or it must be changed at the first login,
    which cannot be done here."""
    today = int(now_s() // _DAY_S)
    changed, _, kept, _, _, expires = ([*map(_day, user.further)] + [None] * 6)[:6]
    if expires is not None and today >= expires:
        return True
    if changed is None:
        return False
    return changed == 0 or (kept is not None and today > changed + kept)


def _day(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _can_be_checked(stored: str) -> bool:
    try:
        parse_hash(stored)
    except ValueError:
        return False
    return True


def _waste(file: PasswordFile, password: str) -> None:
    if file.decoy:
        check_hash(file.decoy, password)
