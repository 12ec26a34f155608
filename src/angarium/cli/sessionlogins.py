"""The logins of one service, as its sessions ask for them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from angarium.auth import (
    AuthenticatedUser,
    Authenticator,
    CredentialStamp,
    LoginContext,
    LoginPolicy,
    actor_of,
    is_current,
)
from angarium.config.options import AutocreateSettings
from angarium.errors import AngariumError, AuthenticationFailed
from angarium.imap.services import Peer
from angarium.operations.mailboxes import NewUser, ScriptChecker, autocreate_user
from angarium.sasl import AnonymousWanted, CredentialsWanted
from angarium.store import Actor, Store
from angarium.worker import Metric, Metrics

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _LoggedIn(Actor):
    """Who asks, with the credential that she logged in by."""

    credential: CredentialStamp | None = None


class SessionLogins:
    """Checks credentials by the policy of one service, and gives those mailboxes who are to get some at a login."""

    def __init__(
        self,
        store: Store,
        authenticator: Authenticator,
        policy: LoginPolicy,
        metrics: Metrics,
        *,
        autocreate: AutocreateSettings | None = None,
        scripts: ScriptChecker | None = None,
    ) -> None:
        self._store = store
        self._authenticator = authenticator
        self._policy = policy
        self._metrics = metrics
        self._autocreate = autocreate or AutocreateSettings()
        self._scripts = scripts
        self._mechanisms = {
            is_tls: tuple([mechanism.name for mechanism in policy.offered(is_tls=is_tls)]) for is_tls in (False, True)
        }

    def mechanisms(self, peer: Peer) -> Sequence[str]:
        """SASL mechanisms that this peer may use now, in the order of their announcement."""
        return self._mechanisms[peer.is_tls]

    def plaintext_allowed(self, peer: Peer) -> bool:
        """Whether LOGIN may be used."""
        return self._policy.allows_login_command(is_tls=peer.is_tls)

    def anonymous_allowed(self, peer: Peer) -> bool:
        """Whether this peer may come in without saying who it is."""
        return self._policy.allows_anonymous(is_tls=peer.is_tls)

    async def log_in(self, credentials: CredentialsWanted | AnonymousWanted, peer: Peer) -> Actor:
        """AuthenticationFailed, AuthenticationUnavailable, AuthorizationFailed; a failure takes its time here."""
        if isinstance(credentials, AnonymousWanted):
            if not self.anonymous_allowed(peer):
                raise AuthenticationFailed("anonymous logins are off")
            return Actor(None, client=peer.address, protocol=peer.service, session=peer.session)
        context = LoginContext(self._policy, peer.address, peer.service, peer.is_tls, peer.session)
        try:
            user = await self._authenticator.authenticate(credentials, context)
        except AuthenticationFailed:
            self._metrics.raise_by(Metric.LOGINS_FAILED)
            raise
        await self._create_mailboxes(user, context)
        actor = await actor_of(self._store, user, context)
        return _LoggedIn(
            actor.userid,
            actor.account,
            actor.groups,
            actor.is_admin,
            actor.client,
            actor.protocol,
            actor.session,
            user.credential,
        )

    async def _create_mailboxes(self, user: AuthenticatedUser, context: LoginContext) -> None:
        """A user without mailboxes is let in all the same, as in Cyrus."""
        new_user = NewUser(
            userid=user.userid,
            groups=user.groups,
            is_admin=user.is_admin,
            client=context.address,
            protocol=context.protocol,
            session=context.session,
        )
        try:
            await autocreate_user(self._store, self._autocreate, new_user, scripts=self._scripts)
        except AngariumError as refusal:
            fields = {"user": str(user.userid), "session": context.session, "reason": str(refusal)}
            log.error("autocreate_failed", extra=fields)

    async def still_valid(self, actor: Actor) -> bool:
        """Whether the credential that the actor logged in with is still the same; one point read."""
        if not isinstance(actor, _LoggedIn) or actor.credential is None:
            return True
        return await is_current(self._store.engine, actor.credential)

    async def renewed(self, actor: Actor) -> Actor:
        """The actor with the groups that she is in by now."""
        if actor.userid is None:
            return actor
        groups = await self._authenticator.groups_of(actor.userid)
        return actor if groups == actor.groups else replace(actor, groups=groups)
