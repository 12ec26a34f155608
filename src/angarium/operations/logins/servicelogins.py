"""The logins of one service, under one state of its settings."""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from angarium.auth import (
    AuthenticatedUser,
    Authenticator,
    CredentialStamp,
    HostDomains,
    LoginContext,
    LoginPolicy,
    Over,
    Peer,
    ProofCheck,
    Standing,
    why_over,
)
from angarium.config.options import AutocreateSettings
from angarium.engine.users import LoginRow
from angarium.errors import (
    AngariumError,
    AuthenticationFailed,
    EncryptionNeeded,
    ExchangeFailed,
    FailureReason,
    MechanismUnavailable,
    SessionLimitExceeded,
)
from angarium.names import UserId
from angarium.operations.logins.interface import Continue, LoggedIn, Place, UserIn, as_named
from angarium.operations.mailboxes import NewUser, ScriptChecker, autocreate_user
from angarium.rights import ANONYMOUS
from angarium.sasl import (
    AnonymousWanted,
    CertificateWanted,
    Challenge,
    CredentialsWanted,
    ExchangeSetting,
    Failed,
    KeysWanted,
    Mechanism,
    Needs,
    Outcome,
    Proven,
    Question,
    SecretWanted,
    ServerMechanism,
    find_mechanism,
)
from angarium.store import Actor, Store

log = logging.getLogger(__name__)

PLAINTEXT: Final = "plaintext"
"""In the log: a command with a password in it."""
_NONCE_OCTETS: Final = 18
_WHY_NOT: Final = {
    Needs.PASSWORD: "sasl_pwcheck_method names nobody who checks passwords",
    Needs.KEYS: "nobody in sasl_pwcheck_method knows keys or passwords of users",
    Needs.SECRET: "no password of a user is stored as it is: neither by angarium user shared-secret, nor in a sasldb",
    Needs.TOKEN: "no option says who checks tokens",
    Needs.GSS: "there is no key table of Kerberos",
    Needs.ANONYMOUS: "allowanonymouslogin is off",
}
_TLS_BINDINGS: Final = frozenset({"tls-exporter", "tls-unique"})
"""Of a connection, in TLS 1.3 and before."""
_CLIENT_LENGTH_MAX: Final = 200
_LOGGED_NAME_LENGTH_MAX: Final = 255


@dataclass(frozen=True, slots=True)
class _LoggedInActor(Actor):
    """Who asks, with what her login stands on."""

    standing: Standing | None = None
    authenticated: UserId | None = None
    """Whose credential it was; None for somebody who has not said who she is."""


def _count_nothing() -> None:
    """For those who do not count."""


class ServiceLogins:
    """The `Logins` of a service; for its store, and by its policy."""

    def __init__(
        self,
        store: Store,
        authenticator: Authenticator,
        policy: LoginPolicy,
        *,
        host: str = "localhost",
        autocreate: AutocreateSettings | None = None,
        scripts: ScriptChecker | None = None,
        count_failure: Callable[[], None] = _count_nothing,
        host_domains: HostDomains | None = None,
        latest: "Callable[[], ServiceLogins] | None" = None,
    ) -> None:
        """`host_domains` is for `virtdomains: on` alone; `latest` gives the logins of the service under the settings of
        this moment, which sessions are to obey."""
        self.store = store
        self.authenticator = authenticator
        self.policy = policy
        self._host = host
        self._autocreate = autocreate or AutocreateSettings()
        self._scripts = scripts
        self._count_failure = count_failure
        self._host_domains = host_domains
        self._latest = latest
        self._offered: dict[tuple[bool, str, bool, bool, bool], tuple[str, ...]] = {}

    # What may be used

    def mechanisms(self, peer: Peer) -> Sequence[str]:
        """SASL mechanisms that this peer may use now, in the order of their announcement."""
        # What it depends on; to work with sets of needs takes longer than all else here.
        secrets_are_there = self.authenticator.verifiers.knows_secrets()
        has_certificate = peer.certificate_user is not None
        key = peer.is_tls, peer.protocol, secrets_are_there, self._announces_binding(peer), has_certificate
        offered = self._offered.get(key)
        if offered is None:
            offered = self._offered[key] = self._mechanisms(peer)
        return offered

    def _mechanisms(self, peer: Peer) -> tuple[str, ...]:
        verifiers = self.authenticator.verifiers
        capable_of = verifiers.capable_of
        if verifiers.gss is not None and not verifiers.gss.serves(peer.protocol):
            capable_of &= ~Needs.GSS
        if self._announces_binding(peer):
            capable_of |= Needs.BINDING
        if peer.certificate_user is not None:
            capable_of |= Needs.CERTIFICATE
        return tuple([each.name for each in self.policy.offered(is_tls=peer.is_tls, capable_of=capable_of)])

    def not_offered(self) -> list[tuple[str, str]]:
        """The mechanisms that `sasl_mech_list` names and that cannot work for any client, with the reason."""
        capable_of = self.authenticator.verifiers.capable_of | Needs.BINDING | Needs.CERTIFICATE
        if self.policy.anonymous and not self.policy.admins_only:
            capable_of |= Needs.ANONYMOUS
        missing = []
        for name in self.policy.mechanisms:
            mechanism = find_mechanism(name)
            if mechanism is None:
                missing.append((name, "there is no such mechanism"))
            else:
                missing += [(name, reason) for need, reason in _WHY_NOT.items() if need & mechanism.needs & ~capable_of]
        return missing

    def _announces_binding(self, peer: Peer) -> bool:
        """Clients take -PLUS for the promise of the binding that goes with their version of TLS (RFC 9266 §3), and some
        fail for want of it. So where there is none but that of the certificate, the site must ask for it by name."""
        if _TLS_BINDINGS.isdisjoint(peer.bindings):
            return bool(peer.bindings) and any(name.endswith("-PLUS") for name in self.policy.mechanisms)
        return True

    def plaintext_allowed(self, peer: Peer) -> bool:
        """Whether a command with a password in it may be used."""
        return self.policy.allows_login_command(is_tls=peer.is_tls)

    def anonymous_allowed(self, peer: Peer) -> bool:
        """Whether this peer may come in without saying who it is."""
        return self.policy.allows_anonymous(is_tls=peer.is_tls)

    def apop_challenge(self, peer: Peer) -> str:
        """What the greeting has for APOP; empty where it is not offered."""
        can = self.authenticator.verifiers.knows_secrets()
        if not can or not self.policy.apop or (self.policy.tls_required and not peer.is_tls):
            return ""
        return f"<{_nonce()}@{self._host}>"

    def admitted(self, peer: Peer) -> bool:
        """Whether the access rules let this address speak to the service at all; logged where they do not."""
        is_admitted = self.authenticator.access.admits(peer.service, peer.address)
        if not is_admitted:
            log.info("access_denied", extra={"service": peer.service, "address": peer.address})
        return is_admitted

    # Logging in

    def begin(
        self, mechanism: str, peer: Peer, *, final_with_success: bool = False, user_in: UserIn = as_named
    ) -> "MechanismExchange":
        """An exchange; see `Logins.begin`."""
        found = find_mechanism(mechanism)
        if found is None:
            raise MechanismUnavailable(f"there is no mechanism {mechanism!r}")
        if found.name not in self.mechanisms(peer):
            if found.name in self.mechanisms(peer._replace(is_tls=True)):
                raise EncryptionNeeded(f"{found.name} takes TLS")
            raise MechanismUnavailable(f"{found.name} is not offered")
        setting = ExchangeSetting(
            service=peer.protocol,
            host=self._host,
            nonce=_nonce,
            bindings=peer.bindings,
            announces_plus=any(name.endswith("-PLUS") for name in self.mechanisms(peer)),
            realms=(self._host, *self.policy.realms),
        )
        machine = found.start(setting)
        return MechanismExchange(self, found, machine, peer, final_with_success=final_with_success, user_in=user_in)

    async def log_in(self, credentials: CredentialsWanted | AnonymousWanted, peer: Peer) -> LoggedIn:
        """A command with a password in it; see `Logins.log_in`."""
        try:
            return await self.check(credentials, peer, PLAINTEXT)
        except AngariumError as error:
            self.refused(error, peer, PLAINTEXT, _name_of(credentials))

    async def log_in_by_apop(self, name: str, digest: str, challenge: str, peer: Peer) -> LoggedIn:
        """APOP (RFC 1939 §7): the digest is of the challenge and the password."""
        await self.learn_domain(peer)
        context = self.context(peer)
        proof = self.authenticator.prove(context)
        try:
            secret = await proof.answer(SecretWanted(name))
            known = secret if isinstance(secret, str) else ""
            expected = hashlib.md5((challenge + known).encode(), usedforsecurity=False).hexdigest()
            if not known or not hmac.compare_digest(expected.encode(), digest.lower().encode()):
                await proof.refuse()
            return await self.admit(await proof.accept(Proven(name)), context, "APOP")
        except AngariumError as error:
            self.refused(error, peer, "APOP", name)

    async def check(self, credentials: CredentialsWanted | AnonymousWanted, peer: Peer, mechanism: str) -> LoggedIn:
        """What `log_in` and an exchange do with credentials."""
        if isinstance(credentials, AnonymousWanted):
            if not self.anonymous_allowed(peer):
                raise AuthenticationFailed("anonymous logins are off")
            standing = Standing(CredentialStamp(ANONYMOUS), ANONYMOUS, (peer.service, peer.protocol))
            await self.authenticator.verifiers.require_access(standing)
            actor = _LoggedInActor(
                None, client=peer.address, protocol=peer.service, session=peer.session, standing=standing
            )
            return LoggedIn(actor, mechanism, trace=credentials.trace)
        await self.learn_domain(peer)
        context = self.context(peer)
        user = await self.authenticator.authenticate(credentials, context)
        logged_in = await self.admit(user, context, mechanism)
        if peer.is_tls or not peer.address:
            return logged_in
        if self.policy.plaintext_pause_s:
            await self.authenticator.sleep(self.policy.plaintext_pause_s)
        alert = self.policy.plaintext_alert
        return logged_in._replace(alert=alert) if alert else logged_in

    async def admit(self, user: AuthenticatedUser, context: LoginContext, mechanism: str) -> LoggedIn:
        """Let in who has been authenticated: she gets mailboxes, where she is to get some."""
        peer = context.peer
        if self._autocreate.storage_limit_kib is not None:
            await self._create_mailboxes(user, peer)
        actor = _LoggedInActor(
            user.userid,
            await self.store.own_account(user.userid),
            user.groups,
            user.is_admin,
            peer.address,
            peer.service,
            peer.session,
            user.standing,
            user.authenticated,
        )
        stamp = user.standing.stamp
        return LoggedIn(actor, mechanism, app_password=stamp.app_password_name, checked_by=stamp.checked_by)

    async def learn_domain(self, peer: Peer) -> None:
        """Make sure that `context` knows the domain of the address that the client came to, where that counts."""
        if self._host_domains is not None and peer.server_address:
            await self._host_domains.learn(peer.server_address)

    def context(self, peer: Peer) -> LoginContext:
        """Where a login of this peer comes from."""
        domain = None if self._host_domains is None else self._host_domains.known(peer.server_address)
        return LoginContext(self.policy, peer, domain)

    def refused(self, error: AngariumError, peer: Peer, mechanism: str, user: str) -> NoReturn:
        """Log and count a login that came to nothing."""
        if isinstance(error, AuthenticationFailed):
            self._count_failure()
        fields = {**_fields(peer, mechanism, user), "outcome": "failed", "refusal": type(error).__name__}
        log.info("login", extra={**fields, "reason": str(error)})
        raise error

    def seat(self, logged_in: LoggedIn, place: Place, peer: Peer) -> None:
        """Give the session its place; see `Logins.seat`."""
        user = str(logged_in.actor.userid or ANONYMOUS)
        try:
            place.log_in(user)
        except SessionLimitExceeded as error:
            self.refused(error, peer, logged_in.mechanism, user)
        standing = _standing_of(logged_in.actor)
        if standing is not None and standing.stamp.expires_at_s is not None:
            place.wake_at(standing.stamp.expires_at_s)
        fields = {**_fields(peer, logged_in.mechanism, user), "outcome": "ok"}
        acted_by = _acted_by(logged_in.actor)
        if acted_by:
            place.acted_by(acted_by)
            fields["acted_by"] = acted_by
        if logged_in.trace:
            fields["trace"] = logged_in.trace
        if logged_in.checked_by:
            fields["checked_by"] = logged_in.checked_by
        if logged_in.app_password:
            fields["app_password"] = logged_in.app_password
        if peer.cipher:
            fields["cipher"] = peer.cipher  # RFC 8314 §4.1
        if peer.client:
            fields["client"] = peer.client
        log.info("login", extra=fields)
        self._note_login(logged_in, peer)

    def _note_login(self, logged_in: LoggedIn, peer: Peer) -> None:
        """For the user's last logins."""
        actor = logged_in.actor
        if actor.userid is None:
            return
        standing = _standing_of(actor)
        self.store.engine.note_login(
            LoginRow(
                userid=str(actor.userid),
                at_s=self.store.sources.now_s(),
                service=peer.service,
                address=peer.address,
                client=peer.client[:_CLIENT_LENGTH_MAX],
                mechanism=logged_in.mechanism,
                app_password=standing.stamp.app_password if standing is not None else None,
                app_password_name=logged_in.app_password,
                acted_by=_acted_by(actor),
                session=peer.session,
            )
        )

    async def _create_mailboxes(self, user: AuthenticatedUser, peer: Peer) -> None:
        """A user without mailboxes is let in all the same, as in Cyrus."""
        new_user = NewUser(
            userid=user.userid,
            groups=user.groups,
            is_admin=user.is_admin,
            client=peer.address,
            protocol=peer.service,
            session=peer.session,
        )
        try:
            await autocreate_user(self.store, self._autocreate, new_user, scripts=self._scripts)
        except AngariumError as refusal:
            fields = {"user": str(user.userid), "session": peer.session, "reason": str(refusal)}
            log.error("autocreate_failed", extra=fields)

    # Later

    async def why_over(self, actor: Actor) -> Over | None:
        """See `Logins.why_over`; mostly one point read."""
        over = await self._why_over(actor)
        if over is not None:
            fields = {"session": actor.session, "user": str(actor.userid or ANONYMOUS), "reason": over.name.lower()}
            log.info("login_over", extra=fields)
        return over

    async def _why_over(self, actor: Actor) -> Over | None:
        if not isinstance(actor, _LoggedInActor) or actor.standing is None:
            return None
        latest = self._latest() if self._latest is not None else self
        standing, authenticated = actor.standing, actor.authenticated
        if authenticated is None or actor.userid is None:
            if not latest.policy.anonymous:
                return Over.ACCESS_WITHDRAWN
        elif not await latest.authenticator.still_authorizes(authenticated, actor.userid, latest.policy):
            return Over.ACCESS_WITHDRAWN
        elif standing.is_admin and authenticated not in latest.policy.admins:
            standing = standing._replace(is_admin=False)
        return await why_over(self.store.engine, standing)

    async def renewed(self, actor: Actor) -> Actor:
        """See `Logins.renewed`."""
        if actor.userid is None:
            return actor
        latest = self._latest() if self._latest is not None else self
        groups = await latest.authenticator.groups_of(actor.userid)
        is_admin = actor.userid in latest.policy.admins
        if groups == actor.groups and is_admin is actor.is_admin:
            return actor
        return replace(actor, groups=groups, is_admin=is_admin)


class MechanismExchange:
    """One exchange: what the mechanism asks is answered here, so that a front end sees challenges only."""

    def __init__(
        self,
        logins: ServiceLogins,
        mechanism: Mechanism,
        machine: ServerMechanism,
        peer: Peer,
        *,
        final_with_success: bool,
        user_in: UserIn,
    ) -> None:
        self._logins = logins
        self._machine = machine
        self._peer = peer
        self._final_with_success = final_with_success
        self._user_in = user_in
        self._has_named_herself = False
        """Whether it is the client who has said whom it authenticates as."""
        self._known: tuple[LoginContext, ProofCheck] | None = None
        self._user = ""
        """As far as it is known, for the log."""
        self._waits_for_end: LoggedIn | None = None
        """The client must still answer the data that goes with success."""
        self.mechanism = mechanism.name

    async def step(self, response: bytes | Failed | None) -> Continue | LoggedIn:
        """See `LoginExchange.step`."""
        try:
            return await self._step(response)
        except AngariumError as error:
            self._logins.refused(error, self._peer, self.mechanism, self._user)

    async def _step(self, response: bytes | Failed | None) -> Continue | LoggedIn:
        if isinstance(response, Failed):
            raise ExchangeFailed(response.reason)
        if self._waits_for_end is not None:
            if response:
                raise ExchangeFailed(FailureReason.MALFORMED)
            return self._waits_for_end
        if self._known is not None:
            await self._known[1].go_on()
        outcome = self._machine.step(response)
        while True:
            outcome = self._of_users(outcome)
            match outcome:
                case Challenge(data):
                    return Continue(data)
                case Failed(FailureReason.WRONG_PROOF):
                    _, proof = await self._proof()
                    await proof.refuse()
                case Failed(reason):
                    raise ExchangeFailed(reason)
                case CredentialsWanted() | AnonymousWanted():
                    self._user = _name_of(outcome)
                    return await self._logins.check(outcome, self._peer, self.mechanism)
                case CertificateWanted():
                    self._user = self._peer.certificate_user or ""
                    context, proof = await self._proof()
                    return await self._logins.admit(await proof.accept_certificate(outcome), context, self.mechanism)
                case Proven(authcid, _, final):
                    self._user = authcid
                    context, proof = await self._proof()
                    user = await proof.accept(outcome)
                    return self._end(await self._logins.admit(user, context, self.mechanism), final)
                case KeysWanted() | SecretWanted():
                    self._user = outcome.authcid
                    outcome = await self._answer(outcome)
                case _:
                    outcome = await self._answer(outcome)

    def _of_users(self, outcome: Outcome) -> Outcome:
        """The outcome with users in the place of what the client has named."""
        if self._user_in is as_named:
            return outcome
        match outcome:
            case KeysWanted() | SecretWanted():
                self._has_named_herself = True
                return replace(outcome, authcid=self._user_in(outcome.authcid))
            case CredentialsWanted():
                authcid = self._user_in(outcome.authcid)
                return replace(outcome, authcid=authcid, authzid=self._acting_for(outcome.authzid))
            case Proven():
                authcid = self._user_in(outcome.authcid) if self._has_named_herself else outcome.authcid
                return replace(outcome, authcid=authcid, authzid=self._acting_for(outcome.authzid))
            case CertificateWanted():
                return CertificateWanted(self._acting_for(outcome.authzid))
        return outcome

    def _acting_for(self, authzid: str | None) -> str | None:
        return None if authzid is None else self._user_in(authzid)

    async def _answer(self, question: Question) -> Outcome:
        _, proof = await self._proof()
        return self._machine.answer(await proof.answer(question))

    async def _proof(self) -> tuple[LoginContext, ProofCheck]:
        """Of this exchange, from the first question on."""
        if self._known is None:
            await self._logins.learn_domain(self._peer)
            context = self._logins.context(self._peer)
            self._known = context, self._logins.authenticator.prove(context)
        return self._known

    def _end(self, logged_in: LoggedIn, final: bytes | None) -> Continue | LoggedIn:
        if final is None:
            return logged_in
        if self._final_with_success:
            return logged_in._replace(final=final)
        self._waits_for_end = logged_in
        return Continue(final)


def _standing_of(actor: Actor) -> Standing | None:
    return actor.standing if isinstance(actor, _LoggedInActor) else None


def _acted_by(actor: Actor) -> str:
    """Whose credential it was, where she acts for another; else empty."""
    if not isinstance(actor, _LoggedInActor) or actor.authenticated in (None, actor.userid):
        return ""
    return str(actor.authenticated)


def _nonce() -> str:
    return secrets.token_urlsafe(_NONCE_OCTETS)


def _name_of(credentials: CredentialsWanted | AnonymousWanted) -> str:
    return ANONYMOUS if isinstance(credentials, AnonymousWanted) else credentials.authcid


def _fields(peer: Peer, mechanism: str, user: str) -> dict[str, object]:
    return {
        "service": peer.service,
        "session": peer.session,
        "address": peer.address,
        "user": user[:_LOGGED_NAME_LENGTH_MAX],
        "mechanism": mechanism,
        "tls": peer.is_tls,
    }
