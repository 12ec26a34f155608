"""What an exchange of a SASL mechanism asks, answered from all who know.

A user who is not there gets keys that nobody has the password of, always the same for the same name, so that a client
cannot learn who is there (RFC 5802 §9).
"""

import asyncio
import hmac
import logging
from typing import TYPE_CHECKING, Final, NoReturn

from angarium.auth.fairturns import Claimant
from angarium.auth.passwords import DEFAULT_COST
from angarium.auth.throttle import throttled_name
from angarium.auth.verifying import CredentialStamp, GssContext, TokenNotGood
from angarium.names import UserId
from angarium.sasl import (
    Answer,
    CertificateWanted,
    GssProgress,
    GssRefused,
    GssTokenWanted,
    GssUnwrapWanted,
    GssWrapWanted,
    KeysWanted,
    Proven,
    Question,
    ScramHash,
    ScramKeys,
    SecretWanted,
    TokenAccepted,
    TokenRefused,
    TokenWanted,
)

if TYPE_CHECKING:
    from angarium.auth.login import AuthenticatedUser, Authenticator, LoginContext

log = logging.getLogger(__name__)

_SALT_OCTETS: Final = 16


class ProofCheck:
    """Of one exchange. `answer` until the mechanism has an outcome that ends it; then `accept`, `accept_certificate`
    or `refuse`."""

    def __init__(self, authenticator: "Authenticator", context: "LoginContext") -> None:
        self._authenticator = authenticator
        self._verifiers = authenticator.verifiers
        self._context = context
        self._name = ""
        """Who is being proven, as the throttle knows her."""
        self._failures = 0.0
        """Hers, when she asked to begin."""
        self._stamp: CredentialStamp | None = None
        self._until_s: float | None = None
        """When a session that begins by this token has to end."""
        self._gss: GssContext | None = None
        self._begun_s = authenticator.clock_s()
        """When the last question was begun to be answered."""

    async def answer(self, question: Question) -> Answer:
        """AuthenticationUnavailable; AuthenticationFailed where the throttle refuses."""
        match question:
            case KeysWanted(authcid, hash):
                return await self._keys(authcid, hash)
            case SecretWanted(authcid, realm):
                return await self._secret(authcid, realm)
            case TokenWanted(token):
                return await self._token(token)
            case GssTokenWanted() | GssWrapWanted() | GssUnwrapWanted():
                return await asyncio.get_running_loop().run_in_executor(None, self._ask_gss, question)

    async def go_on(self) -> None:
        """Before each later message of the client, and where somebody had to be asked. Who has failed meanwhile, in
        exchanges that were begun side by side, waits as if she began now: else a guesser would begin many, and then
        prove all of them at once. AuthenticationFailed."""
        while self._name and self._authenticator.failures(self._name, self._context) > self._failures:
            await self._admit()

    async def accept(self, proven: Proven) -> "AuthenticatedUser":
        """Let in who has proven who she is. AuthenticationFailed, AuthorizationFailed, AuthenticationUnavailable."""
        userid = self._authenticator.userid(proven.authcid, self._context)
        if userid is None or not self._authenticator.permits(userid, self._context):
            await self.refuse()
        if self._stamp is None and not self._context.policy.is_own_name(proven.authcid):
            log.info("foreign_domain", extra={"session": self._context.peer.session, "user": proven.authcid})
            await self.refuse()
        if self._name:
            self._authenticator.succeed(self._name, self._context)
        stamp = self._stamp or CredentialStamp(str(userid), expires_at_s=self._until_s)
        return await self._authenticator.authorize(userid, stamp, proven.authzid, self._context)

    async def accept_certificate(self, wanted: CertificateWanted) -> "AuthenticatedUser":
        """Let in whom the layer below knows. AuthenticationFailed, AuthorizationFailed."""
        if self._context.peer.certificate_user is None:
            await self.refuse()
        return await self.accept(Proven(self._context.peer.certificate_user, wanted.authzid))

    async def refuse(self) -> NoReturn:
        """A proof was wrong: it counts, and takes its time. AuthenticationFailed."""
        await self._authenticator.fail(self._name, self._context, self._begun_s)

    async def _begin(self, authcid: str) -> UserId | None:
        """The user who may be let in; `self._name` stands for the others, and they are looked for too, so that it takes
        the same time."""
        userid = self._authenticator.userid(authcid, self._context)
        self._name = throttled_name(userid, authcid)
        await self._admit()
        return userid if userid is not None and self._authenticator.permits(userid, self._context) else None

    async def _admit(self) -> None:
        self._failures = self._authenticator.failures(self._name, self._context)
        await self._authenticator.admit(self._name, self._context)
        self._begun_s = self._authenticator.clock_s()

    @property
    def _claimant(self) -> Claimant:
        return self._authenticator.claimant(self._name, self._context)

    async def _keys(self, authcid: str, scram_hash: ScramHash) -> ScramKeys:
        userid = await self._begin(authcid)
        known = await self._verifiers.keys(userid or UserId(self._name), scram_hash, self._claimant)
        if userid is None or known is None:
            return made_up_keys(self._verifiers.seed, self._name, scram_hash)
        self._stamp = known.stamp
        return known.keys

    async def _secret(self, authcid: str, realm: str) -> str | None:
        userid = await self._begin(authcid)
        known = await self._verifiers.secret(userid or UserId(self._name), realm, self._claimant)
        await self.go_on()
        if userid is None or known is None:
            return None
        self._stamp = known.stamp
        return known.secret

    async def _token(self, token: str) -> TokenAccepted | TokenRefused:
        tokens = self._verifiers.tokens
        if tokens is None:
            return TokenRefused()
        # A client without one only wants to know what is needed.
        if token:
            try:
                user = await tokens.verify(token, self._claimant)
            except TokenNotGood as error:
                session, address = self._context.peer.session, self._context.peer.address
                log.info("token_refused", extra={"session": session, "address": address, "reason": str(error)})
            else:
                self._until_s = user.session_until_s
                return TokenAccepted(user.typed)
        return TokenRefused(scope=tokens.scope, openid_configuration=tokens.openid_configuration)

    def _ask_gss(self, question: GssTokenWanted | GssWrapWanted | GssUnwrapWanted) -> Answer:
        """In a thread: the library reads files."""
        acceptor = self._verifiers.gss
        if acceptor is None:
            return GssRefused("there is no key table")
        try:
            if self._gss is None:
                self._gss = acceptor.context(self._context.peer.protocol)
            match question:
                case GssTokenWanted(token):
                    return GssProgress(*self._gss.accept(token))
                case GssWrapWanted(data):
                    return self._gss.wrap(data)
                case GssUnwrapWanted(data):
                    return self._gss.unwrap(data)
        except ValueError as error:
            log.info("gss_refused", extra={"session": self._context.peer.session, "reason": str(error)})
            return GssRefused(str(error))


def made_up_keys(seed: bytes, name: str, scram_hash: ScramHash) -> ScramKeys:
    """Keys for somebody who has none."""
    material = [hmac.digest(seed, f"{part}\0{name}".encode(errors="replace"), scram_hash.value) for part in "abc"]
    return ScramKeys(
        scram_hash,
        stored=material[0],
        server=material[1],
        salt=material[2][:_SALT_OCTETS],
        iterations=DEFAULT_COST.scram_iterations,
    )
