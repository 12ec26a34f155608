"""The settings of logins, as one value for each service."""

from dataclasses import dataclass, replace

from angarium.config import Settings
from angarium.errors import AngariumError, ConfigError
from angarium.names import NameSettings, UserId, parse_userid
from angarium.sasl import MECHANISMS, Mechanism, saslprep


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

    @classmethod
    def from_settings(cls, settings: Settings, names: NameSettings) -> "LoginPolicy":
        """The policy of the service that has these settings. ConfigError for an administrator whom no user can be."""
        own_names = replace(names, username_tolower=settings.auth.username_tolower)
        return cls(
            names=own_names,
            admins=frozenset([_admin(each, own_names) for each in settings.auth.admins]),
            allowplaintext=settings.auth.allowplaintext,
            tls_required=settings.tls.tls_required,
            mechanisms=settings.auth.sasl_mech_list,
            anonymous=settings.auth.allowanonymouslogin,
            failed_login_pause_s=settings.auth.failedloginpause.total_seconds(),
        )

    def allows_login_command(self, *, is_tls: bool) -> bool:
        """Whether a password may cross the connection in plain text, as LOGIN does it; else LOGINDISABLED is announced
        (RFC 9051 §6.2.3)."""
        return is_tls or (self.allowplaintext and not self.tls_required)

    def allows_anonymous(self, *, is_tls: bool) -> bool:
        """Whether somebody may come in without saying who she is; no password crosses, so TLS is only needed where it
        always is."""
        return self.anonymous and (is_tls or not self.tls_required)

    def offered(self, *, is_tls: bool) -> tuple[Mechanism, ...]:
        """The SASL mechanisms that may be announced and begun on a connection, in the order of announcing."""
        if self.tls_required and not is_tls:
            return ()
        return tuple(
            [
                mechanism
                for mechanism in MECHANISMS.values()
                if (not self.mechanisms or mechanism.name in self.mechanisms)
                and (not mechanism.plaintext or self.allows_login_command(is_tls=is_tls))
                and (not mechanism.anonymous or self.anonymous)
            ]
        )


def canonical_userid(text: str, names: NameSettings, *, host_domain: str | None = None) -> UserId:
    """The user whom a login or an administrator names. UserNameInvalid, PreparationFailed.

    SASLprep makes spellings equal that look equal (RFC 4616 §2); the rest are the rules of user names. Letters newer
    than SASLprep are let through, since mailbox names may hold them too.
    """
    return parse_userid(saslprep.prepare(text, allow_unassigned=True), names, host_domain=host_domain)


def _admin(text: str, names: NameSettings) -> UserId:
    try:
        return canonical_userid(text, names)
    except AngariumError as error:
        raise ConfigError(f"admins: {text!r} is not a user name: {error}") from error
