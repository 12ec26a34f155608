"""The settings of logins, as one value for each service."""

from dataclasses import dataclass, replace
from functools import lru_cache

from angarium.config import Settings
from angarium.errors import AngariumError, ConfigError
from angarium.names import NameSettings, UserId, parse_userid
from angarium.sasl import MECHANISMS, Mechanism, Needs, saslprep


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPolicy:
    """Who may log in to a service, and how."""

    names: NameSettings
    admins: frozenset[UserId] = frozenset()
    allowplaintext: bool = False
    tls_required: bool = False
    mechanisms: tuple[str, ...] = ()
    """`sasl_mech_list`, in upper case; empty means all."""
    anonymous: bool = False
    """`allowanonymouslogin`."""
    failed_login_pause_s: float = 3.0
    admins_only: bool = False
    """Whether nobody but administrators, and those of `proxyservers`, has anything to do here: LMTP."""
    proxies: frozenset[UserId] = frozenset()
    """`proxyservers`: who may act for others without being an administrator."""
    apop: bool = True
    """`allowapop`."""
    realms: tuple[str, ...] = ()
    """`loginrealms`."""
    own_domains: frozenset[str] = frozenset()
    """Domains whose users somebody outside may mean by a whole address where names have no domains; in lower case."""
    login_by_acl: bool = False
    """`loginuseacl`."""
    plaintext_pause_s: float = 0.0
    """`plaintextloginpause`."""
    plaintext_alert: str = ""
    """`plaintextloginalert`."""

    @classmethod
    def from_settings(cls, settings: Settings, names: NameSettings) -> "LoginPolicy":
        """The policy of the service that has these settings. ConfigError for an administrator whom no user can be."""
        own_names = replace(names, username_tolower=settings.auth.username_tolower)
        return cls(
            names=own_names,
            admins=frozenset([_named(each, own_names, "admins") for each in settings.auth.admins]),
            allowplaintext=settings.auth.allowplaintext,
            tls_required=settings.tls.tls_required,
            mechanisms=settings.auth.sasl_mech_list,
            anonymous=settings.auth.allowanonymouslogin,
            failed_login_pause_s=settings.auth.failedloginpause.total_seconds(),
            proxies=frozenset([_named(each, own_names, "proxyservers") for each in settings.auth.proxyservers]),
            login_by_acl=settings.auth.loginuseacl,
            plaintext_pause_s=settings.auth.plaintextloginpause.total_seconds(),
            plaintext_alert=settings.auth.plaintextloginalert,
            apop=settings.pop3.allowapop,
            realms=settings.kerberos.loginrealms,
            own_domains=_own_domains(settings, own_names),
        )

    def is_own_name(self, text: str) -> bool:
        """Whether a name that a token or a certificate has is one of ours. Without `virtdomains` the domain is dropped
        from names, and `alice` of everywhere would be our `alice`."""
        _, at, domain = text.rpartition("@")
        return not at or self.names.has_domains or domain.lower() in self.own_domains

    def allows_login_command(self, *, is_tls: bool) -> bool:
        """Whether a password may cross the connection in plain text, as LOGIN does it; else LOGINDISABLED is announced
        (RFC 9051 §6.2.3)."""
        return is_tls or (self.allowplaintext and not self.tls_required)

    def allows_anonymous(self, *, is_tls: bool) -> bool:
        """Whether somebody may come in without saying who she is; no password crosses, so TLS is only needed where it
        always is."""
        return self.anonymous and not self.admins_only and (is_tls or not self.tls_required)

    def offered(self, *, is_tls: bool, capable_of: Needs) -> tuple[Mechanism, ...]:
        """The SASL mechanisms that may be announced and begun on a connection, in the order of announcing.

        `capable_of` is what verifiers, and the connection, can give.
        """
        if self.tls_required and not is_tls:
            return ()
        if self.anonymous and not self.admins_only:
            capable_of |= Needs.ANONYMOUS
        return tuple(
            [
                mechanism
                for mechanism in MECHANISMS.values()
                if (not self.mechanisms or mechanism.name in self.mechanisms)
                and mechanism.needs in capable_of
                and (not mechanism.plaintext or self.allows_login_command(is_tls=is_tls))
                and (is_tls or Needs.TOKEN not in mechanism.needs)
            ]
        )


@lru_cache(maxsize=4096)
def canonical_userid(text: str, names: NameSettings, *, host_domain: str | None = None) -> UserId:
    """The user whom a login or an administrator names. UserNameInvalid, PreparationFailed.

    SASLprep makes spellings equal that look equal (RFC 4616 §2); the rest are the rules of user names. Letters newer
    than SASLprep are let through, since mailbox names may hold them too.
    """
    return parse_userid(saslprep.prepare(text, allow_unassigned=True), names, host_domain=host_domain)


def _own_domains(settings: Settings, names: NameSettings) -> frozenset[str]:
    server = settings.server.servername.lower()
    realms = [realm.lower() for realm in settings.kerberos.loginrealms]
    return frozenset([names.defaultdomain.lower(), server, server.partition(".")[2], *realms]) - {""}


def _named(text: str, names: NameSettings, option: str) -> UserId:
    try:
        return canonical_userid(text, names)
    except AngariumError as error:
        raise ConfigError(f"{option}: {text!r} is not a user name: {error}") from error
