"""App passwords: one for each program of a user, so that a phone that is lost takes nothing else along.

They are made here and never chosen, with more than a hundred random bits, so that one round of SHA-256 keeps them from
whoever steals the hashes, and a login by one costs no argon2. How they are typed does not matter: capitals, spaces and
hyphens say nothing.
"""

import hashlib
import hmac
import logging
import secrets
import time
from datetime import datetime
from typing import Final

from angarium.auth.standing import Now
from angarium.auth.verifying import CredentialStamp, PasswordLogin
from angarium.engine.interface import Engine
from angarium.engine.sources import Sources
from angarium.engine.users import AddAppPassword, AppPasswordRow, RemoveAppPassword
from angarium.errors import PreparationFailed, UserExists, UserNotFound
from angarium.names import UserId

log = logging.getLogger(__name__)

SERVICES: Final = ("imap", "lmtp", "pop", "sieve")
"""As SASL names them."""
_SERVICES_BY_OTHER_NAMES: Final = {"pop3": "pop", "managesieve": "sieve"}
MAX_APP_PASSWORDS: Final = 50
"""Of one user; each is looked at where one is typed."""
MAX_NAME_LENGTH: Final = 100

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters that look like others."""
_GROUPS: Final = 6
_GROUP_LETTERS: Final = 4
_LETTERS: Final = _GROUPS * _GROUP_LETTERS
_SALT_OCTETS: Final = 16


class AppPasswords:
    """Checks them; asked before all other verifiers, and it costs those who have none one look."""

    name = "app-password"

    def __init__(self, engine: Engine, now_s: Now = time.time) -> None:
        self._engine = engine
        self._now_s = now_s

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        """The app password, if it is one of the user's, for this service, and its time is not over."""
        user = await self._engine.user(str(login.userid))
        if not user.app_passwords or (user.credential is not None and user.credential.disabled):
            return None
        letters = _letters_of(login.password)
        if letters is None:
            return None
        found = [row for row in user.app_passwords if hmac.compare_digest(_digest(letters, row.salt), row.digest)]
        if not found:
            return None
        (row,) = found
        refusal = self._refusal(row, login)
        if refusal is None:
            return CredentialStamp(
                row.userid, app_password=row.number, app_password_name=row.name, expires_at_s=row.expires_at_s
            )
        fields = {"user": row.userid, "app_password": row.name, "address": login.address, "reason": refusal}
        log.info("app_password_refused", extra=fields)
        return None

    async def close(self) -> None:
        """There is nothing to give back."""

    def _refusal(self, row: AppPasswordRow, login: PasswordLogin) -> str | None:
        if row.services and login.service not in row.services:
            return f"not for {login.service}"
        if row.expires_at_s is not None and self._now_s() >= row.expires_at_s:
            return "its time is over"
        return None


async def add_app_password(
    engine: Engine,
    userid: UserId,
    name: str,
    *,
    services: tuple[str, ...],
    expires_at_s: int | None,
    sources: Sources,
) -> str:
    """Make one, durably; it is given this once. UserExists where the user has one of that name; PreparationFailed for a
    name that cannot be used, or a user who has too many."""
    if not name or not name.isprintable() or len(name) > MAX_NAME_LENGTH:
        raise PreparationFailed(f"{name!r} cannot be the name of an app password")
    user = await engine.user(str(userid))
    if len(user.app_passwords) >= MAX_APP_PASSWORDS:
        raise PreparationFailed(f"{userid} has {MAX_APP_PASSWORDS} app passwords already")
    letters = "".join([secrets.choice(_ALPHABET) for _ in range(_LETTERS)])
    salt = secrets.token_bytes(_SALT_OCTETS)
    row = AppPasswordRow(
        str(userid),
        sources.random_63(),
        name,
        services,
        sources.now_s(),
        expires_at_s,
        salt,
        _digest(letters, salt),
    )
    if not await engine.change_user(AddAppPassword(row)):
        raise UserExists(f"{userid} has an app password {name!r} already")
    return "-".join([letters[start : start + _GROUP_LETTERS] for start in range(0, _LETTERS, _GROUP_LETTERS)])


async def revoke_app_password(engine: Engine, userid: UserId, name: str) -> None:
    """Durably; sessions that logged in by it hold no more. UserNotFound."""
    if not await engine.change_user(RemoveAppPassword(str(userid), name)):
        raise UserNotFound(f"{userid} has no app password {name!r}")


def parse_services(text: str) -> tuple[str, ...]:
    """Names of services between commas, in order; empty for `*`, which is all. ValueError: a variable of a script that
    is empty must not make a password for all."""
    if text.strip() == "*":
        return ()
    names = [_SERVICES_BY_OTHER_NAMES.get(word, word) for word in text.lower().replace(",", " ").split()]
    for name in names or [text]:
        if name not in SERVICES:
            raise ValueError(f"{name!r} is no service; there are {', '.join(SERVICES)}")
    return tuple(sorted(set(names)))


def parse_expiry(text: str, now_s: int) -> int:
    """When `2027-01-31` begins here, or what comes `90d`, or hours or weeks, from now. ValueError."""
    unit_s = {"h": 3_600, "d": 86_400, "w": 604_800}.get(text[-1:])
    if unit_s is not None and text[:-1].isdecimal() and text.isascii() and len(text) <= 6:
        expires_at_s = now_s + int(text[:-1]) * unit_s
    else:
        expires_at_s = int(datetime.fromisoformat(text).astimezone().timestamp())
    if expires_at_s <= now_s:
        raise ValueError(f"{text} is over")
    return expires_at_s


def _letters_of(typed: str) -> str | None:
    """What was typed, if an app password may look so."""
    letters = typed.replace("-", "").replace(" ", "").lower()
    return letters if len(letters) == _LETTERS and letters.isascii() else None


def _digest(letters: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + letters.encode()).digest()
