"""All who can check a login, asked in turn (`sasl_pwcheck_method`), and what was verified lately.

A verifier that cannot be asked never makes a password wrong: if none of the others finds it right, the login is a
temporary failure.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from secrets import token_bytes, token_urlsafe
from typing import Protocol

from angarium.auth.evenrefusals import STEP_S
from angarium.auth.fairturns import NOBODY, Claimant
from angarium.auth.passwords import Passwords, parse_scram
from angarium.auth.sharedsecrets import SharedSecrets
from angarium.auth.standing import Standing, holds, require_access
from angarium.auth.users import upgrade_hash
from angarium.auth.verifiedlogins import VerifiedLogins
from angarium.auth.verifying import (
    CredentialStamp,
    GssAcceptor,
    KeySource,
    KnownKeys,
    KnownSecret,
    PasswordLogin,
    PasswordVerifier,
    SecretSource,
    TokenVerifier,
)
from angarium.engine.interface import Engine
from angarium.engine.rows import CredentialRow
from angarium.engine.users import UserRow
from angarium.errors import AngariumError, AuthenticationUnavailable
from angarium.names import UserId
from angarium.sasl import Needs, ScramHash

log = logging.getLogger(__name__)


class SecondFactor(Protocol):
    """What some users must give beside their password."""

    def is_required(self, user: UserRow) -> bool: ...

    def split(self, password: str) -> tuple[str, str]:
        """The password itself, and the code behind it; an empty code where there is none."""

    def admits(self, login: PasswordLogin) -> bool:
        """Whether its code is looked at; a wrong one that is, and stands behind the right password, has `failed`."""

    def failed(self, login: PasswordLogin) -> None: ...

    async def matches(self, userid: UserId, code: str) -> bool:
        """Whether the code would be accepted now."""

    async def accept(self, userid: UserId, code: str) -> bool:
        """Whether the code holds now; it holds once only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierSet:
    """Who checks the logins of a service; made anew where the settings change."""

    methods: tuple[PasswordVerifier, ...] = ()
    """In the order in which they are asked for the main password."""
    app_passwords: PasswordVerifier | None = None
    """Asked first."""
    second_factor: SecondFactor | None = None
    keys: tuple[KeySource, ...] = ()
    shared_secrets: SharedSecrets | None = None
    """Asked before `secrets`; they count only where anybody has one."""
    secrets: tuple[SecretSource, ...] = ()
    tokens: TokenVerifier | None = None
    gss: GssAcceptor | None = None
    seed: bytes = field(default_factory=partial(token_bytes, 32), repr=False)
    """Of keys that are made up for users who have none."""


class Verifiers:
    """Asks the set; one for a service and its settings."""

    def __init__(self, engine: Engine, parts: VerifierSet, verified: VerifiedLogins) -> None:
        self._engine = engine
        self._parts = parts
        self._verified = verified
        self._asked: dict[PasswordLogin, asyncio.Task[CredentialStamp | None]] = {}
        """What somebody is being asked about."""
        self._capable_of = _capable_of(parts)

    @property
    def tokens(self) -> TokenVerifier | None:
        return self._parts.tokens

    @property
    def gss(self) -> GssAcceptor | None:
        return self._parts.gss

    @property
    def seed(self) -> bytes:
        return self._parts.seed

    @property
    def capable_of(self) -> Needs:
        """What mechanisms may need: there is somebody who knows."""
        return self._capable_of | Needs.SECRET if self.knows_secrets() else self._capable_of

    def knows_secrets(self) -> bool:
        """Whether a password is known to anybody as it is (`Needs.SECRET`)."""
        shared = self._parts.shared_secrets
        return bool(self._parts.secrets) or (shared is not None and shared.are_there())

    async def recall(self, userid: UserId, password: str) -> CredentialStamp | None:
        """The credential, if this very password was found right for it lately; cheap, and None says nothing."""
        stamp = self._verified.recall(str(userid), password)
        if stamp is None:
            return None
        user = await self._engine.user(stamp.userid)
        if not holds(user, stamp):
            return None
        # What was found right before the user had a second factor is not enough any more.
        factor = self._parts.second_factor
        if factor is not None and stamp.app_password is None and factor.is_required(user):
            return None
        return stamp

    async def require_access(self, standing: Standing) -> None:
        """AccessDenied for somebody who is kept out."""
        await require_access(self._engine, standing)

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        """The credential, if the password is right; takes as long for a user who is not there.
        AuthenticationUnavailable."""
        if self._parts.app_passwords is not None:
            stamp = await self._parts.app_passwords.verify(login)
            if stamp is not None:
                self._verified.remember(login.password, stamp)
                return stamp
        factor = self._parts.second_factor
        if factor is None or not factor.is_required(await self._engine.user(str(login.userid))):
            stamp = await self._ask(login)
            if stamp is not None:
                self._verified.remember(login.password, stamp)
            return stamp
        password, code = factor.split(login.password)
        is_right = await factor.matches(login.userid, code)
        checks = [self._check_both(replace(login, password=password), code, factor, is_right=is_right)] if code else []
        if not is_right:
            # Without the code nobody learns by the clock that the password is right: another one is asked about too.
            checks.append(self._ask(replace(login, password=token_urlsafe())))
        stamp, *_ = await asyncio.gather(*checks)
        return stamp

    async def _check_both(
        self, login: PasswordLogin, code: str, factor: SecondFactor, *, is_right: bool
    ) -> CredentialStamp | None:
        """The password, then the code, which is used up, so that nothing is remembered. Right codes go the way of wrong
        ones, so that of many that are tried at once none is looked at before the others are counted."""
        stamp = await self._ask(login)
        if stamp is None or not factor.admits(login):
            return None
        if not is_right:
            factor.failed(login)
            return None
        return stamp if await factor.accept(login.userid, code) else None

    async def _ask(self, login: PasswordLogin) -> CredentialStamp | None:
        """As `_ask_all`; the connections that one program opens at the same moment are one question."""
        asked = self._asked.get(login)
        if asked is None:
            asked = self._asked[login] = asyncio.create_task(self._ask_all(login))
            asked.add_done_callback(lambda task: self._answered(login, task))
        # It goes on for the others where this client goes.
        return await asyncio.shield(asked)

    def _answered(self, login: PasswordLogin, asked: "asyncio.Task[CredentialStamp | None]") -> None:
        del self._asked[login]
        if not asked.cancelled():
            asked.exception()  # there may be nobody left to be told of it

    async def _ask_all(self, login: PasswordLogin) -> CredentialStamp | None:
        if not login.password:
            # Nobody's password is empty, whatever a hash or somebody outside says; it is refused as a wrong one is.
            login = replace(login, password=token_urlsafe())
        unavailable: AuthenticationUnavailable | None = None
        for method in self._parts.methods:
            try:
                stamp = await method.verify(login)
            except AuthenticationUnavailable as error:
                log.warning("verifier_unavailable", extra={"method": method.name, "reason": str(error)})
                unavailable = error
                continue
            if stamp is not None:
                return replace(stamp, checked_by=method.name)
        if unavailable is not None:
            raise AuthenticationUnavailable(str(unavailable)) from unavailable
        if not self._parts.methods:
            raise AuthenticationUnavailable("no method of sasl_pwcheck_method is served")
        return None

    async def keys(self, userid: UserId, hash: ScramHash, claimant: Claimant) -> KnownKeys | None:  # noqa: A002 - the RFC's word
        """The keys of SCRAM; None for a user who has none, or who must give a second factor.
        AuthenticationUnavailable."""
        known: KnownKeys | None = None
        for source in self._parts.keys:
            if known is None:
                known = await source.keys(userid, hash, claimant)
                continue
            # The clock would tell whose keys they are, if those behind were not asked; nobody waits for them long.
            with suppress(AuthenticationUnavailable, TimeoutError):
                async with asyncio.timeout(STEP_S):
                    await source.keys(userid, hash, claimant)
        return None if await self._needs_second_factor(userid) else known

    async def secret(self, userid: UserId, realm: str, claimant: Claimant) -> KnownSecret | None:
        """The password itself, as `keys`. What is found wrong by it is refused at full steps of time."""
        if await self._needs_second_factor(userid):
            return None
        shared = self._parts.shared_secrets
        own: tuple[SecretSource, ...] = (shared,) if shared is not None else ()
        for source in own + self._parts.secrets:
            known = await source.secret(userid, realm, claimant)
            if known is not None:
                return known
        return None

    async def _needs_second_factor(self, userid: UserId) -> bool:
        factor = self._parts.second_factor
        return factor is not None and factor.is_required(await self._engine.user(str(userid)))


def _capable_of(parts: VerifierSet) -> Needs:
    """For as long as the settings stay."""
    capable = Needs(0)
    for need, present in (
        (Needs.PASSWORD, parts.methods or parts.app_passwords),
        (Needs.KEYS, parts.keys or parts.secrets),
        (Needs.SECRET, parts.secrets),
        (Needs.TOKEN, parts.tokens),
        (Needs.GSS, parts.gss),
    ):
        if present:
            capable |= need
    return capable


class StoreVerifier:
    """Checks the users of `angarium user`."""

    name = "angarium"

    def __init__(self, engine: Engine, passwords: Passwords) -> None:
        self._engine = engine
        self._passwords = passwords

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        """The credential; whoever cannot log in costs the same computation. A hash that was imported, or made at
        another cost, gives way to one as they are made now."""
        credential = await self._engine.credential(str(login.userid))
        if credential is None or not _has_password(credential):
            await self._passwords.waste(login.password, login.claimant)
            return None
        if not await self._passwords.verify(credential.password_hash, login.password, login.claimant):
            return None
        if self._passwords.is_outdated(credential.password_hash) and not self._passwords.is_busy:
            await self._upgrade(credential, login.password)
        return CredentialStamp(credential.userid, credential.version)

    async def _upgrade(self, credential: CredentialRow, password: str) -> None:
        """The password is known at this moment only; a store that takes no writes keeps the hash that it has."""
        try:
            await upgrade_hash(self._engine, credential, password, passwords=self._passwords)
        except AngariumError as error:
            log.warning("password_hash_kept", extra={"user": credential.userid, "reason": str(error)})

    async def close(self) -> None:
        """There is nothing to give back; the threads of `Passwords` are others' too."""


class StoreKeys:
    """Knows the keys of SCRAM of the users of `angarium user`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def keys(
        self,
        userid: UserId,
        hash: ScramHash,  # noqa: A002 - the RFC's word
        _: Claimant = NOBODY,
    ) -> KnownKeys | None:
        """None for a user without such keys, or who is disabled."""
        credential = await self._engine.credential(str(userid))
        if credential is None or not _has_password(credential):
            return None
        for keys in parse_scram(credential.scram).values():
            if keys.hash is hash:
                return KnownKeys(keys, CredentialStamp(credential.userid, credential.version))
        return None


def _has_password(credential: CredentialRow) -> bool:
    return bool(credential.password_hash) and not credential.disabled
