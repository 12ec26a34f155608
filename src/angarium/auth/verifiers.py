"""Who checks a user name and a password (`sasl_pwcheck_method`).

Only the store's own users can be checked so far. Other methods are logged when the configuration is read, and nobody is
checked by them: where none is left, logins are refused as unavailable.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from angarium.auth.passwords import Passwords
from angarium.auth.verifiedlogins import VerifiedLogins
from angarium.config import PwcheckMethod
from angarium.config.options.auth import SERVED_PWCHECK_METHODS
from angarium.engine.interface import Engine
from angarium.engine.rows import CredentialRow
from angarium.errors import AuthenticationUnavailable
from angarium.names import UserId


@dataclass(frozen=True, slots=True)
class CredentialStamp:
    """The credential that a login was checked by, as it was then; see `is_current`."""

    userid: str
    version: int


class Verifier(Protocol):
    """Checks passwords. Neither method says why somebody is refused."""

    async def recall(self, userid: UserId, password: str) -> CredentialStamp | None:
        """The credential, if this very password was found right for it lately; cheap, and None says nothing."""

    async def verify(self, userid: UserId, password: str) -> CredentialStamp | None:
        """The credential, if the password is right; takes as long for a user who is not there.
        AuthenticationUnavailable."""


class StoreVerifier:
    """Checks the users of `angarium user`."""

    def __init__(self, engine: Engine, passwords: Passwords, verified: VerifiedLogins) -> None:
        self._engine = engine
        self._passwords = passwords
        self._verified = verified

    async def recall(self, userid: UserId, password: str) -> CredentialStamp | None:
        credential = await self._engine.credential(str(userid))
        if credential is None or not _has_password(credential):
            return None
        return _stamp(credential) if self._verified.is_verified(credential, password) else None

    async def verify(self, userid: UserId, password: str) -> CredentialStamp | None:
        credential = await self._engine.credential(str(userid))
        if credential is None or not _has_password(credential):
            await self._passwords.waste(password)
            return None
        if not await self._passwords.verify(credential.password_hash, password):
            return None
        self._verified.remember(credential, password)
        return _stamp(credential)


class NoVerifier:
    """Where no method is served."""

    async def recall(self, userid: UserId, password: str) -> CredentialStamp | None:  # noqa: ARG002
        return None

    async def verify(self, userid: UserId, password: str) -> CredentialStamp | None:  # noqa: ARG002
        raise AuthenticationUnavailable("no method of sasl_pwcheck_method is served")


def verifier_for(methods: Sequence[PwcheckMethod], store_verifier: StoreVerifier) -> Verifier:
    """The verifier that the configured methods mean."""
    return store_verifier if SERVED_PWCHECK_METHODS.intersection(methods) else NoVerifier()


async def is_current(engine: Engine, stamp: CredentialStamp) -> bool:
    """Whether the credential is as it was at the login: not changed, not disabled, not removed. A session asks at each
    command, and ends where it is not; one point read."""
    credential = await engine.credential(stamp.userid)
    return credential is not None and credential.version == stamp.version and not credential.disabled


def _has_password(credential: CredentialRow) -> bool:
    return bool(credential.password_hash) and not credential.disabled


def _stamp(credential: CredentialRow) -> CredentialStamp:
    return CredentialStamp(credential.userid, credential.version)
