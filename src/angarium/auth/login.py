"""A login: from what the client gave to the user who may act.

What fails takes its time and tells nothing: a name that no user can have, a user who is not there, one who is disabled
and a wrong password all look, and last, the same. A login that was verified lately is let in before the throttle is
asked, so that nobody who knows the password waits for those who do not.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from angarium.auth.access import AccessRules
from angarium.auth.groups import Groups
from angarium.auth.policy import LoginPolicy, canonical_userid
from angarium.auth.proof import ProofCheck
from angarium.auth.standing import Standing
from angarium.auth.throttle import Throttle, throttled_name
from angarium.auth.verifiers import Verifiers
from angarium.auth.verifying import CredentialStamp, PasswordLogin
from angarium.errors import AuthenticationFailed, AuthorizationFailed, PreparationFailed, UserNameInvalid
from angarium.names import UserId
from angarium.sasl import CredentialsWanted

if TYPE_CHECKING:
    # At run time tools that look after users need no store.
    from angarium.store import Actor, Store

log = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]
MayActFor = Callable[[frozenset[str], UserId, UserId], Awaitable[bool]]
"""Whether the first user, who is in these groups, may act for the second by the rights on her mailboxes
(`loginuseacl`)."""


@dataclass(frozen=True, slots=True)
class LoginContext:
    """Where a login comes from."""

    policy: LoginPolicy
    """That of the service."""
    address: str
    """The peer's address; empty for a unix socket."""
    protocol: str
    """As `Actor.protocol`: the service's name."""
    is_tls: bool
    session: str = ""
    host_domain: str | None = None
    """The domain of the address that the client connected to, for `virtdomains: on`."""
    service: str = "imap"
    """As SASL and PAM name it: `imap`, `pop`, `sieve`, `lmtp`."""
    bindings: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """The channel bindings of the TLS connection."""
    certificate_user: str | None = None
    """Who the verified certificate of the client says it is."""


@dataclass(frozen=True, slots=True)
class AuthenticatedUser:
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

    @property
    def credential(self) -> CredentialStamp:
        """What the login was checked by."""
        return self.standing.stamp


class Authenticator:
    """One for a service and its settings; keeps nothing of a connection."""

    def __init__(
        self,
        verifiers: Verifiers,
        throttle: Throttle,
        *,
        groups: Groups,
        sleep: Sleep = asyncio.sleep,
        may_act_for: MayActFor | None = None,
        access: AccessRules | None = None,
    ) -> None:
        self.verifiers = verifiers
        self._throttle = throttle
        self._groups = groups
        self.sleep = sleep
        self._may_act_for = may_act_for
        self.access = access if access is not None else AccessRules()

    async def authenticate(self, wanted: CredentialsWanted, context: LoginContext) -> AuthenticatedUser:
        """The user, who may act as she asked. AuthenticationFailed, after `failedloginpause`; AuthorizationFailed where
        only `authzid` is at fault; AuthenticationUnavailable.

        That the connection may carry a password at all is for the front end to have asked of `LoginPolicy`.
        """
        userid = self.identify(wanted.authcid, context)
        stamp = await self.verifiers.recall(userid, wanted.password) if userid is not None else None
        if userid is None or stamp is None:
            userid, stamp = await self._verify(userid, wanted, context)
        return await self.authorize(userid, stamp, wanted.authzid, context)

    def prove(self, context: LoginContext) -> ProofCheck:
        """What answers the questions of one exchange of a mechanism."""
        return ProofCheck(self, context)

    async def groups_of(self, userid: UserId) -> frozenset[str]:
        """The groups that a user is in by now; sessions ask at each command. AuthenticationUnavailable."""
        return await self._groups.of(userid)

    async def _verify(
        self, userid: UserId | None, wanted: CredentialsWanted, context: LoginContext
    ) -> tuple[UserId, CredentialStamp]:
        name = throttled_name(userid, wanted.authcid)
        await self.admit(name, context)
        # A name that no user can have has no credential either, and the search for it takes the same time.
        looked_up = userid if userid is not None else UserId(name)
        login = PasswordLogin(looked_up, wanted.authcid, wanted.password, context.service, context.address)
        stamp = await self.verifiers.verify(login)
        if userid is None or stamp is None:
            await self.fail(name, context)
        self._throttle.succeeded(context.address, name)
        return userid, stamp

    # What a `ProofCheck` asks too

    async def admit(self, name: str, context: LoginContext) -> None:
        """Wait as long as the throttle says. AuthenticationFailed where it refuses."""
        wait_s = self._throttle.admit(context.address, name)
        if wait_s is None:
            await self.sleep(context.policy.failed_login_pause_s)
            raise AuthenticationFailed("throttled")
        if wait_s > 0:
            await self.sleep(wait_s)

    def failures(self, name: str, context: LoginContext) -> float:
        """How often this name has failed from there, lately."""
        return self._throttle.failures(context.address, name)

    async def fail(self, name: str, context: LoginContext) -> NoReturn:
        """Note the failure, and take the time that it takes. AuthenticationFailed."""
        if name:
            self._throttle.failed(context.address, name)
        await self.sleep(context.policy.failed_login_pause_s)
        raise AuthenticationFailed("wrong user name or password")

    def succeed(self, name: str, context: LoginContext) -> None:
        """Note that this name is known from there."""
        self._throttle.succeeded(context.address, name)

    async def authorize(
        self, userid: UserId, stamp: CredentialStamp, authzid: str | None, context: LoginContext
    ) -> AuthenticatedUser:
        """Let the user act for herself, or for whom she names. AuthorizationFailed, of which AccessDenied is one;
        AuthenticationUnavailable."""
        acting = await self._acting(userid, authzid, context)
        standing = Standing(
            stamp, str(acting), (context.protocol, context.service), is_admin=userid in context.policy.admins
        )
        await self.verifiers.require_access(standing)
        policy = context.policy
        if policy.admins_only and userid not in policy.admins and userid not in policy.proxies:
            raise AuthorizationFailed(f"{userid} is no administrator of this service")
        return AuthenticatedUser(
            userid=acting,
            authenticated=userid,
            is_admin=acting in context.policy.admins,
            groups=await self._groups.of(acting),
            standing=standing,
        )

    def identify(self, text: str, context: LoginContext) -> UserId | None:
        """The user who wants to come in. One whom the access rules do not let in from there is treated as one who is
        not there, so that nobody learns more of her password."""
        userid = self.userid(text, context)
        if userid is None or self.access.permits(context.protocol, context.address, userid):
            return userid
        log.info(
            "access_denied",
            extra={"service": context.protocol, "address": context.address, "user": str(userid)},
        )
        return None

    def userid(self, text: str, context: LoginContext) -> UserId | None:
        """The user of that name; None for a name that no user can have."""
        try:
            return self._userid(text, context)
        except (UserNameInvalid, PreparationFailed):
            return None

    async def _acting(self, userid: UserId, authzid: str | None, context: LoginContext) -> UserId:
        """Who may act: the user herself, or whom an administrator names; one with a domain only users of hers."""
        if authzid is None:
            return userid
        wanted = self.userid(authzid, context)
        if wanted is None:
            raise AuthorizationFailed(f"{authzid!r} is not a user name")
        if wanted == userid:
            return userid
        if not await self._allows(userid, wanted, context.policy):
            raise AuthorizationFailed(f"{userid} may not act for {wanted}")
        log.info("acts_for", extra={"user": str(wanted), "admin": str(userid), "session": context.session})
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


async def actor_of(store: "Store", user: AuthenticatedUser, context: LoginContext) -> "Actor":
    """Who asks the store, for the whole session; her account is looked up now."""
    return await store.actor(
        user.userid,
        groups=user.groups,
        is_admin=user.is_admin,
        client=context.address,
        protocol=context.protocol,
        session=context.session,
    )
