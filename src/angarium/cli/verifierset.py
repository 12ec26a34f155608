"""Who checks the logins of a service, as the options say."""

import logging

from angarium.auth import (
    CodeThrottle,
    GssAcceptor,
    KeySource,
    PasswordVerifier,
    SecretSource,
    StoreKeys,
    StoreVerifier,
    VerifierSet,
)
from angarium.auth.alwaystrue import AlwaysTrueVerifier
from angarium.auth.apppasswords import AppPasswords
from angarium.auth.auxprop import AuxpropVerifier
from angarium.auth.kerberos import KerberosAcceptor, KerberosUnavailable
from angarium.auth.pam import PamAsker, PamVerifier
from angarium.auth.passwordfiles import FileVerifier, is_shadow_expired
from angarium.auth.passwords import Passwords
from angarium.auth.saslauthd import SaslauthdVerifier
from angarium.auth.sasldb import SasldbSecrets
from angarium.auth.secretkeys import SecretKeys
from angarium.auth.sharedsecrets import SharedSecrets
from angarium.auth.sqlusers import SqlSecrets
from angarium.auth.totp import Totp
from angarium.cli.outsiders import Outsiders
from angarium.config import AuxpropPlugin, PwcheckMethod, Settings
from angarium.engine.interface import Engine

log = logging.getLogger(__name__)


def verifier_set(
    settings: Settings,
    engine: Engine,
    passwords: Passwords,
    pam: PamAsker,
    *,
    seed: bytes,
    codes: CodeThrottle,
    gss: GssAcceptor | None = None,
    outsiders: Outsiders,
) -> VerifierSet:
    """`settings` are those of the service, `seed` the site's secret. ConfigError for what can be seen to be wrong
    without asking anybody."""
    methods: list[PasswordVerifier] = []
    keys: list[KeySource] = []
    auxprops = auxprop_sources(settings, outsiders)
    for method in settings.auth.sasl_pwcheck_method:
        match method:
            case PwcheckMethod.ANGARIUM:
                methods.append(StoreVerifier(engine, passwords))
                keys.append(StoreKeys(engine))
            case PwcheckMethod.AUXPROP:
                methods += [_auxprop_verifier(source, settings, outsiders) for source in auxprops]
                keys += [SecretKeys(source, seed) for source in auxprops]
            case _:
                methods.append(_outside(method, settings, pam, outsiders))
    if PwcheckMethod.AUXPROP not in settings.auth.sasl_pwcheck_method:
        keys += [SecretKeys(source, seed) for source in auxprops]
    return VerifierSet(
        methods=tuple(methods),
        app_passwords=AppPasswords(engine),
        second_factor=Totp(engine, codes),
        keys=tuple(keys),
        shared_secrets=SharedSecrets(engine),
        secrets=tuple(auxprops),
        tokens=outsiders.tokens(settings.oauth),
        gss=gss,
        seed=seed,
    )


def wants_gssapi(settings: Settings) -> bool:
    """Whether tickets of Kerberos are to be taken, by any service."""
    asking = [settings, *settings.services.values()]
    return settings.kerberos.sasl_keytab is not None or any("GSSAPI" in each.auth.sasl_mech_list for each in asking)


def gss_acceptor(settings: Settings) -> GssAcceptor | None:
    """Who takes them, where that is wanted and can work; else the log says why it cannot."""
    if not wants_gssapi(settings):
        return None
    try:
        return KerberosAcceptor(settings.kerberos.sasl_keytab, realms=settings.kerberos.loginrealms)
    except KerberosUnavailable as error:
        log.warning("gssapi_unavailable", extra={"reason": str(error)})
        return None


def auxprop_sources(settings: Settings, outsiders: Outsiders) -> list[SecretSource]:
    """Those of `sasl_auxprop_plugin`."""
    plugins = settings.verifiers.sasl_auxprop_plugin
    if not plugins and PwcheckMethod.AUXPROP in settings.auth.sasl_pwcheck_method:
        plugins = (AuxpropPlugin.SASLDB,)
    # Those that are not served were noted when the settings were read.
    sources: list[SecretSource] = []
    for plugin in plugins:
        match plugin:
            case AuxpropPlugin.SASLDB:
                path = settings.verifiers.sasl_sasldb_path
                sources.append(SasldbSecrets(path, realm=settings.server.servername))
            case AuxpropPlugin.SQL:
                sources.append(outsiders.sql_secrets(settings))
    return sources


def _auxprop_verifier(source: SecretSource, settings: Settings, outsiders: Outsiders) -> PasswordVerifier:
    """A database may have hashes in place of passwords."""
    if isinstance(source, SqlSecrets):
        return outsiders.sql_verifier("auxprop:sql", settings)
    return AuxpropVerifier(source)


def _outside(method: PwcheckMethod, settings: Settings, pam: PamAsker, outsiders: Outsiders) -> PasswordVerifier:
    verifiers = settings.verifiers
    match method:
        case PwcheckMethod.SASLAUTHD:
            return SaslauthdVerifier(verifiers.sasl_saslauthd_path)
        case PwcheckMethod.PAM:
            return PamVerifier(pam)
        case PwcheckMethod.PASSWD:
            return FileVerifier(method.value, verifiers.passwd_file)
        case PwcheckMethod.SHADOW:
            return FileVerifier(method.value, verifiers.shadow_file, is_expired=is_shadow_expired)
        case PwcheckMethod.HTPASSWD:
            return FileVerifier(method.value, verifiers.htpasswd_file)
        case PwcheckMethod.LDAP:
            return outsiders.ldap_verifier(settings)
        case PwcheckMethod.SQL:
            return outsiders.sql_verifier(method.value, settings)
        case PwcheckMethod.ALWAYSTRUE:
            return AlwaysTrueVerifier()
        case _:
            raise AssertionError(method)
