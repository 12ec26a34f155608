"""Time-based one-time passwords (TOTP, RFC 6238) as a second factor: six digits of HMAC-SHA-1, half a minute each,
typed behind the password.

A code is taken half a minute earlier or later too, for clocks that go wrong (RFC 6238 §5.2), and once only: the step of
the last one that was used is stored, durably, before the answer.
"""

import base64
import hmac
import logging
import secrets
import time
from typing import Final
from urllib.parse import quote, urlencode

from angarium.auth.standing import Now
from angarium.auth.throttle import CodeThrottle
from angarium.auth.verifying import PasswordLogin
from angarium.engine.interface import Engine
from angarium.engine.users import ActivateTotp, PutTotp, RemoveTotp, TotpRow, UserRow, UseTotpStep
from angarium.errors import AuthenticationFailed, UserExists, UserNotFound
from angarium.names import UserId

log = logging.getLogger(__name__)

STEP_S: Final = 30
DIGITS: Final = 6
_WINDOW: Final = 1
"""Steps before and after the present one (RFC 6238 §5.2)."""
_SECRET_OCTETS: Final = 20
"""RFC 4226 §4 recommends 160 bits."""
_NO_STEP: Final = -1


class Totp:
    """A `SecondFactor`, of those users who have one that is active."""

    def __init__(self, engine: Engine, throttle: CodeThrottle, now_s: Now = time.time) -> None:
        self._engine = engine
        self._throttle = throttle
        self._now_s = now_s

    def is_required(self, user: UserRow) -> bool:
        """Whether the user has confirmed a secret."""
        return user.totp is not None and user.totp.is_active

    def split(self, password: str) -> tuple[str, str]:
        """The password itself, and the code behind it; an empty code where there is none."""
        code = password[-DIGITS:]
        return (password[:-DIGITS], code) if _is_code(code) else (password, "")

    def admits(self, login: PasswordLogin) -> bool:
        """Whether its code is looked at; who has logged in from there before waits for no guesser elsewhere."""
        return login.is_known or self._throttle.admits(login.userid)

    def failed(self, login: PasswordLogin) -> None:
        """Count its code, which is wrong, and its password, which is not."""
        if not login.is_known:
            wait_s = self._throttle.failed(login.userid)
            if wait_s:
                log.warning(
                    "codes_guessed",
                    extra={"user": str(login.userid), "address": login.address, "held_s": round(wait_s)},
                )

    async def matches(self, userid: UserId, code: str) -> bool:
        """Whether `accept` would take the code now."""
        totp = (await self._engine.user(str(userid))).totp
        if totp is None:
            return False
        step = _matching_step(totp.secret, code, self._now_s())
        return step is not None and step > totp.last_step

    async def accept(self, userid: UserId, code: str) -> bool:
        """Whether the code holds now; it holds once only. What refuses writes raises its own refusal."""
        totp = (await self._engine.user(str(userid))).totp
        if totp is None:
            return False
        step = _matching_step(totp.secret, code, self._now_s())
        return step is not None and await self._engine.change_user(UseTotpStep(str(userid), step))


async def enable_totp(engine: Engine, userid: UserId) -> bytes:
    """A new secret, durably; it is asked for as soon as `confirm_totp` has seen a code of it. UserExists where one is
    active."""
    secret = secrets.token_bytes(_SECRET_OCTETS)
    if not await engine.change_user(PutTotp(TotpRow(str(userid), secret, is_active=False, last_step=_NO_STEP))):
        raise UserExists(f"{userid} has TOTP already; disable it first")
    return secret


async def confirm_totp(engine: Engine, userid: UserId, code: str, now_s: Now = time.time) -> None:
    """From here on the code is asked for; this one is used up, durably. AuthenticationFailed for a wrong one."""
    totp = await _totp_of(engine, userid)
    step = _matching_step(totp.secret, code, now_s())
    if step is None or not await engine.change_user(ActivateTotp(totp.userid, totp.secret, step)):
        raise AuthenticationFailed("the code is wrong; is the clock right?")


async def disable_totp(engine: Engine, userid: UserId) -> None:
    """No code is asked for any more, durably. UserNotFound where none was."""
    if not await engine.change_user(RemoveTotp(str(userid))):
        raise UserNotFound(f"{userid} has no TOTP")


async def totp_secret(engine: Engine, userid: UserId) -> bytes:
    """UserNotFound."""
    return (await _totp_of(engine, userid)).secret


def otpauth_uri(userid: str, secret: bytes, issuer: str) -> str:
    """What authenticator programs read, mostly as a QR code (Key URI Format)."""
    label = f"{quote(issuer, safe='')}:{quote(userid, safe='')}"
    text = base64.b32encode(secret).decode().rstrip("=")
    parameters = {"secret": text, "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_S}
    return f"otpauth://totp/{label}?{urlencode(parameters, quote_via=quote)}"


def code_of(secret: bytes, step: int) -> str:
    """The code of a step (RFC 4226 §5.3, RFC 6238 §4.2)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


async def _totp_of(engine: Engine, userid: UserId) -> TotpRow:
    totp = (await engine.user(str(userid))).totp
    if totp is None:
        raise UserNotFound(f"{userid} has no TOTP; enable it first")
    return totp


def _matching_step(secret: bytes, code: str, now_s: float) -> int | None:
    """The latest step that the code is of; all are looked at, so that the clock tells nothing."""
    if not _is_code(code):
        return None
    present = int(now_s) // STEP_S
    steps = range(max(present - _WINDOW, 0), present + _WINDOW + 1)
    matching = [step for step in steps if hmac.compare_digest(code_of(secret, step), code)]
    return matching[-1] if matching else None


def _is_code(text: str) -> bool:
    return len(text) == DIGITS and text.isascii() and text.isdecimal()
