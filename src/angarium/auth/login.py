"""A login: from what the client gave to the user who may act.

What fails takes its time and tells nothing: a name that no user can have, a user who is not there, one who is disabled
and a wrong password all look, and last, the same. A login that was verified lately is let in before the throttle is
asked, so that nobody who knows the password waits for those who do not; after some failures from her address it is too,
or guessers would find there what the throttle keeps from them.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, NamedTuple, NoReturn

from angarium.auth.access import AccessRules
from angarium.auth.evenrefusals import rest_of_step_s
from angarium.auth.fairturns import NOBODY, Claimant, FairTurns
from angarium.auth.groups import Groups
from angarium.auth.peer import Peer
from angarium.auth.policy import LoginPolicy, canonical_userid
from angarium.auth.proof import ProofCheck
from angarium.auth.standing import Standing
from angarium.auth.throttle import Throttle, network_of, pair_key, throttled_name
from angarium.auth.verifiers import Verifiers
from angarium.auth.verifying import CredentialStamp, PasswordLogin
from angarium.errors import AuthenticationFailed, AuthorizationFailed, PreparationFailed, UserNameInvalid
from angarium.names import UserId
from angarium.sasl import CredentialsWanted

log = logging.getLogger(__name__)

RECALLED_FAILURES_MAX: Final = 10
"""Of a user from an address, up to which what was found right lately lets in before the throttle is asked."""
CHECKS_AT_ONCE: Final = 10
"""Of a user from an address, in a worker: as many as a mail program opens connections, and few for a guesser."""
_WAITING_MAX: Final = 200
_WAIT_S: Final = 20.0

Sleep = Callable[[float], Awaitable[None]]
MayActFor = Callable[[frozenset[str], UserId, UserId], Awaitable[bool]]
"""Whether the first user, who is in these groups, may act for the second by the rights on her mailboxes
(`loginuseacl`)."""


class LoginContext(NamedTuple):
    """Where a login comes from, and by which rules."""

    policy: LoginPolicy
    """That of the service."""
    peer: Peer
    host_domain: str | None = None
    """The domain of the address that the client connected to, for `virtdomains: on`."""


class AuthenticatedUser(NamedTuple):
    """Who a session belongs to from now on."""

    userid: UserId
    """Who acts."""
    authenticated: UserId
    """Whose password it was: an administrator may act for others."""
    is_admin: bool
    """Whether `userid` is an administrator."""
    groups: frozenset[str]
    """Of `userid`, without `group:`; `groups_of` has those of later."""
    standing: Standing
    """What the session asks at each command whether it `stands`."""


class Authenticator:
    """One for a service and its settings; keeps nothing of a connection."""

    def __init__(
        self,
        verifiers: Verifiers,
        throttle: Throttle,
        *,
        groups: Groups,
        sleep: Sleep = asyncio.sleep,
        clock_s: Callable[[], float] = time.monotonic,
        may_act_for: MayActFor | None = None,
        access: AccessRules | None = None,
    ) -> None:
        self.verifiers = verifiers
        self._throttle = throttle
        self._groups = groups
        self.sleep = sleep
        self.clock_s = clock_s
        self._may_act_for = may_act_for
        self._checks: dict[str, FairTurns] = {}
        """For passwords that are being checked, by user and network."""
        self.access = access if access is not None else AccessRules()

    async def authenticate(self, wanted: CredentialsWanted, context: LoginContext) -> AuthenticatedUser:
        """The user, who may act as she asked. AuthenticationFailed, after `failedloginpause`; AuthorizationFailed where
        only `authzid` is at fault; AuthenticationUnavailable.

        That the connection may carry a password at all is for the front end to have asked of `LoginPolicy`.
        """
        userid = self.userid(wanted.authcid, context)
        name = throttled_name(userid, wanted.authcid)
        if userid is not None and not self.permits(userid, context):
            userid = None
        stamp = None
        if userid is not None and self.failures(name, context) <= RECALLED_FAILURES_MAX:
            stamp = await self.verifiers.recall(userid, wanted.password)
        if userid is None or stamp is None:
            async with self._one_of_few(name, context):
                userid, stamp = await self._verify(userid, name, wanted, context)
        return await self.authorize(userid, stamp, wanted.authzid, context)

    def prove(self, context: LoginContext) -> ProofCheck:
        """What answers the questions of one exchange of a mechanism."""
        return ProofCheck(self, context)

    async def groups_of(self, userid: UserId) -> frozenset[str]:
        """The groups that a user is in by now; sessions ask at each command. AuthenticationUnavailable."""
        return await self._groups.of(userid)

    async def _verify(
        self, userid: UserId | None, name: str, wanted: CredentialsWanted, context: LoginContext
    ) -> tuple[UserId, CredentialStamp]:
        """`userid` is None for a name that no user can have, and for who is not let in: the search takes the same time.
        AuthenticationFailed, AuthenticationUnavailable."""
        await self.admit(name, context)
        recalled = await self.verifiers.recall(userid, wanted.password) if userid is not None else None
        if userid is not None and recalled is not None:
            self._throttle.succeeded(context.peer.address, name)
            return userid, recalled
        login = PasswordLogin(
            userid if userid is not None else UserId(name),
            wanted.authcid,
            wanted.password,
            context.peer.protocol,
            context.peer.address,
            is_known=self._throttle.knows(context.peer.address, name),
        )
        begun_s = self.clock_s()
        stamp = await self.verifiers.verify(login)
        if userid is None or stamp is None:
            await self.fail(name, context, begun_s)
        self._throttle.succeeded(context.peer.address, name)
        return userid, stamp

    @asynccontextmanager
    async def _one_of_few(self, name: str, context: LoginContext) -> AsyncIterator[None]:
        """Guesses that are made all at once are known to be wrong when it is too late to hold them back; so most of
        them wait until the first ones have failed. AuthenticationUnavailable."""
        key = pair_key(network_of(context.peer.address), name)
        turns = self._checks.get(key)
        if turns is None:
            turns = FairTurns(at_once=CHECKS_AT_ONCE, waiting_max=_WAITING_MAX, wait_s=_WAIT_S)
            self._checks[key] = turns
        try:
            await turns.take(NOBODY)
            try:
                yield
            finally:
                turns.give_back()
        finally:
            if not turns.present:
                self._checks.pop(key, None)

    # What a `ProofCheck` asks too

    async def admit(self, name: str, context: LoginContext) -> None:
        """Wait as long as the throttle says. AuthenticationFailed where it refuses."""
        wait_s = self._throttle.admit(context.peer.address, name)
        if wait_s is None:
            await self.sleep(context.policy.failed_login_pause_s)
            raise AuthenticationFailed("throttled")
        if wait_s > 0:
            await self.sleep(wait_s)

    def failures(self, name: str, context: LoginContext) -> float:
        """How often this name has failed from there, lately."""
        return self._throttle.failures(context.peer.address, name)

    def claimant(self, name: str, context: LoginContext) -> Claimant:
        """For whom keys or secrets are looked for."""
        return Claimant(network_of(context.peer.address), name, self._throttle.knows(context.peer.address, name))

    async def fail(self, name: str, context: LoginContext, begun_s: float) -> NoReturn:
        """Note the failure, and take the time that it takes; the check was begun at `begun_s`. AuthenticationFailed."""
        if name:
            self._throttle.failed(context.peer.address, name)
        await self.sleep(context.policy.failed_login_pause_s + rest_of_step_s(self.clock_s() - begun_s))
        raise AuthenticationFailed("wrong user name or password")

    def succeed(self, name: str, context: LoginContext) -> None:
        """Note that this name is known from there."""
        self._throttle.succeeded(context.peer.address, name)

    async def authorize(
        self, userid: UserId, stamp: CredentialStamp, authzid: str | None, context: LoginContext
    ) -> AuthenticatedUser:
        """Let the user act for herself, or for whom she names. AuthorizationFailed, of which AccessDenied is one;
        AuthenticationUnavailable."""
        acting = userid if authzid is None else await self._acting(userid, authzid, context)
        admins = context.policy.admins
        services = context.peer.service, context.peer.protocol
        standing = Standing(stamp, str(acting), services, userid in admins)
        await self.verifiers.require_access(standing)
        if not _serves(userid, context.policy):
            raise AuthorizationFailed(f"{userid} is no administrator of this service")
        return AuthenticatedUser(acting, userid, acting in admins, await self._groups.of(acting), standing)

    async def still_authorizes(self, userid: UserId, acting: UserId, policy: LoginPolicy) -> bool:
        """Whether a session of `userid`, who acts for `acting`, would be let in by now. AuthenticationUnavailable."""
        return _serves(userid, policy) and (acting == userid or await self._allows(userid, acting, policy))

    def permits(self, userid: UserId, context: LoginContext) -> bool:
        """Whether the access rules let her in from there. Whom they do not is treated as one who is not there, so that
        nobody learns more of her password."""
        if self.access.permits(context.peer.service, context.peer.address, userid):
            return True
        log.info(
            "access_denied",
            extra={"service": context.peer.service, "address": context.peer.address, "user": str(userid)},
        )
        return False

    def userid(self, text: str, context: LoginContext) -> UserId | None:
        """The user of that name; None for a name that no user can have."""
        try:
            return self._userid(text, context)
        except (UserNameInvalid, PreparationFailed):
            return None

    async def _acting(self, userid: UserId, authzid: str, context: LoginContext) -> UserId:
        """Who may act: the user herself, or whom an administrator names; one with a domain only users of hers."""
        wanted = self.userid(authzid, context)
        if wanted is None:
            raise AuthorizationFailed(f"{authzid!r} is not a user name")
        if wanted == userid:
            return userid
        if not await self._allows(userid, wanted, context.policy):
            raise AuthorizationFailed(f"{userid} may not act for {wanted}")
        log.info("acts_for", extra={"user": str(wanted), "by": str(userid), "session": context.peer.session})
        return wanted

    async def _allows(self, userid: UserId, wanted: UserId, policy: LoginPolicy) -> bool:
        if userid.domain not in (None, wanted.domain):
            return False
        if userid in policy.admins:
            return True
        # Who may act for administrators would be one; neither option means that.
        if wanted in policy.admins:
            return False
        if userid in policy.proxies:
            return True
        if not policy.login_by_acl or self._may_act_for is None:
            return False
        return await self._may_act_for(await self._groups.of(userid), userid, wanted)

    def _userid(self, text: str, context: LoginContext) -> UserId:
        return canonical_userid(text, context.policy.names, host_domain=context.host_domain)


def _serves(userid: UserId, policy: LoginPolicy) -> bool:
    return not policy.admins_only or userid in policy.admins or userid in policy.proxies
