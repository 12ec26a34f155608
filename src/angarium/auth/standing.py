"""Whether a login still stands: at the moment when it is made, and at each command of its session.

What is asked of `users.db` is one row for each user concerned, which the engine remembers.
"""

import time
from collections.abc import Callable, Sequence
from enum import Enum, auto
from fnmatch import fnmatchcase
from typing import NamedTuple

from angarium.auth.verifying import CredentialStamp
from angarium.engine.interface import Engine
from angarium.engine.users import EVERYBODY, DenialRow, UserRow
from angarium.errors import AccessDenied

Now = Callable[[], float]
"""Seconds since 1970 UTC."""


class Over(Enum):
    """Why a session may not go on."""

    CREDENTIALS_CHANGED = auto()
    """The password is another one, or the user or the app password is gone."""
    EXPIRED = auto()
    """The time of its token or app password is over."""
    ACCESS_WITHDRAWN = auto()
    """The user is disabled or denied the service, or may not act for the other one any more."""


class Standing(NamedTuple):
    """What a session's right to go on depends on."""

    stamp: CredentialStamp
    acting: str
    """The user who acts; an administrator may act for others."""
    services: tuple[str, ...]
    """The names that a denial may have for the service: that of cyrus.conf, and that of the protocol."""
    is_admin: bool = False
    """Whether the credential is an administrator's."""


async def why_over(engine: Engine, standing: Standing, now_s: Now = time.time) -> Over | None:
    """None while the credential is as it was at the login, and nobody concerned has been shut out."""
    user = await engine.user(standing.stamp.userid)
    if _refusal(user, standing) is not None:
        return Over.ACCESS_WITHDRAWN
    if _is_over(standing.stamp, now_s):
        return Over.EXPIRED
    if not _holds(user, standing.stamp):
        return Over.CREDENTIALS_CHANGED
    if standing.acting == standing.stamp.userid or standing.is_admin:
        return None
    return Over.ACCESS_WITHDRAWN if _refusal(await engine.user(standing.acting), standing) is not None else None


async def require_access(engine: Engine, standing: Standing) -> None:
    """AccessDenied for somebody who is disabled, or denied the service; the text says which. An administrator may act
    for such a user."""
    concerned = [standing.stamp.userid]
    if standing.acting != standing.stamp.userid and not standing.is_admin:
        concerned.append(standing.acting)
    for userid in concerned:
        refusal = _refusal(await engine.user(userid), standing)
        if refusal is not None:
            raise AccessDenied(refusal)


async def is_current(engine: Engine, stamp: CredentialStamp, now_s: Now = time.time) -> bool:
    """Whether the credential is as it was at the login: not changed, not disabled, not removed, not over."""
    return holds(await engine.user(stamp.userid), stamp, now_s)


def holds(user: UserRow, stamp: CredentialStamp, now_s: Now = time.time) -> bool:
    """As `is_current`, for who has the row of the stamp's user at hand."""
    return not _is_over(stamp, now_s) and _holds(user, stamp)


def denies(denial: DenialRow, services: Sequence[str]) -> bool:
    """Whether the last pattern that fits one of the names, in any case, keeps its user out."""
    for pattern in reversed(denial.services.lower().split(",")):
        pattern = pattern.strip()
        if any(fnmatchcase(service.lower(), pattern.removeprefix("!")) for service in services):
            return not pattern.startswith("!")
    return False


def _is_over(stamp: CredentialStamp, now_s: Now) -> bool:
    return stamp.expires_at_s is not None and now_s() >= stamp.expires_at_s


def _holds(user: UserRow, stamp: CredentialStamp) -> bool:
    credential = user.credential
    if credential is not None and credential.disabled:
        return False
    if stamp.app_password is not None:
        return any(row.number == stamp.app_password for row in user.app_passwords)
    if stamp.shared_secret is not None:
        return any(secret.version == stamp.shared_secret for secret in user.shared_secrets)
    # Of what somebody outside has checked nothing more is known.
    return stamp.version is None or (credential is not None and credential.version == stamp.version)


def _refusal(user: UserRow, standing: Standing) -> str | None:
    """Why the user is not let in, or may not go on; for the log."""
    if user.credential is not None and user.credential.disabled:
        return f"{user.userid} is disabled"
    for denial in user.denials:
        # Else nobody could take the denial of all back by way of the server.
        if denial.userid == EVERYBODY and standing.is_admin:
            continue
        if denies(denial, standing.services):
            return f"{user.userid} is denied {standing.services[0]}: {denial.message}"
    return None
