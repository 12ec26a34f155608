"""A login: from what the client gave to the user who may act.

What fails takes its time and tells nothing: a name that no user can have, a user who is not there, one who is disabled
and a wrong password all look, and last, the same. A login that was verified lately is let in before the throttle is
asked, so that nobody who knows the password waits for those who do not.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from angarium.auth.groups import Groups
from angarium.auth.policy import LoginPolicy, canonical_userid
from angarium.auth.throttle import Throttle
from angarium.auth.verifiers import CredentialStamp, Verifier
from angarium.errors import AuthenticationFailed, AuthorizationFailed, PreparationFailed, UserNameInvalid
from angarium.names import UserId
from angarium.sasl import CredentialsWanted

if TYPE_CHECKING:
    # At run time tools that look after users need no store.
    from angarium.store import Actor, Store

log = logging.getLogger(__name__)

_NAME_LENGTH_MAX: Final = 255
"""Of a name that no user can have, where the throttle remembers it."""

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LoginContext:
    """Where a login comes from."""

    policy: LoginPolicy
    """That of the service."""
    address: str
    """The peer's address; empty for a unix socket."""
    protocol: str
    """As `Actor.protocol`: `imap`, `lmtp`."""
    is_tls: bool
    session: str = ""
    host_domain: str | None = None
    """The domain of the address that the client connected to, for `virtdomains: on`."""


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
    credential: CredentialStamp
    """What `is_current` is asked with at each command."""


class Authenticator:
    """One to a process; keeps nothing of a connection."""

    def __init__(self, verifier: Verifier, throttle: Throttle, *, groups: Groups, sleep: Sleep = asyncio.sleep) -> None:
        self._verifier = verifier
        self._throttle = throttle
        self._groups = groups
        self._sleep = sleep

    async def authenticate(self, wanted: CredentialsWanted, context: LoginContext) -> AuthenticatedUser:
        """The user, who may act as she asked. AuthenticationFailed, after `failedloginpause`; AuthorizationFailed where
        only `authzid` is at fault; AuthenticationUnavailable.

        That the connection may carry a password at all is for the front end to have asked of `LoginPolicy`.
        """
        try:
            userid: UserId | None = self._userid(wanted.authcid, context)
        except (UserNameInvalid, PreparationFailed):
            userid = None
        stamp = await self._verifier.recall(userid, wanted.password) if userid is not None else None
        if userid is None or stamp is None:
            userid, stamp = await self._verify(userid, wanted, context)
        acting = self._authorized(userid, wanted.authzid, context)
        return AuthenticatedUser(
            userid=acting,
            authenticated=userid,
            is_admin=acting in context.policy.admins,
            groups=await self._groups.of(acting),
            credential=stamp,
        )

    async def groups_of(self, userid: UserId) -> frozenset[str]:
        """The groups that a user is in by now; sessions ask at each command. AuthenticationUnavailable."""
        return await self._groups.of(userid)

    async def _verify(
        self, userid: UserId | None, wanted: CredentialsWanted, context: LoginContext
    ) -> tuple[UserId, CredentialStamp]:
        name = str(userid) if userid is not None else wanted.authcid[:_NAME_LENGTH_MAX]
        wait_s = self._throttle.admit(context.address, name)
        if wait_s is None:
            return await self._fail("throttled", context)
        if wait_s > 0:
            await self._sleep(wait_s)
        # A name that no user can have has no credential either, and the search for it takes the same time.
        stamp = await self._verifier.verify(userid if userid is not None else UserId(name), wanted.password)
        if userid is None or stamp is None:
            self._throttle.failed(context.address, name)
            return await self._fail("wrong user name or password", context)
        self._throttle.succeeded(context.address, name)
        return userid, stamp

    async def _fail(self, reason: str, context: LoginContext) -> tuple[UserId, CredentialStamp]:
        await self._sleep(context.policy.failed_login_pause_s)
        raise AuthenticationFailed(reason)

    def _authorized(self, userid: UserId, authzid: str | None, context: LoginContext) -> UserId:
        """Who may act: the user herself, or whom an administrator names; one with a domain only users of hers."""
        if authzid is None:
            return userid
        try:
            wanted = self._userid(authzid, context)
        except (UserNameInvalid, PreparationFailed) as error:
            raise AuthorizationFailed(f"{authzid!r} is not a user name") from error
        if wanted == userid:
            return userid
        if userid not in context.policy.admins or userid.domain not in (None, wanted.domain):
            raise AuthorizationFailed(f"{userid} may not act for {wanted}")
        log.info("acts_for", extra={"user": str(wanted), "admin": str(userid), "session": context.session})
        return wanted

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
