"""How the server binds to a directory by SASL (RFC 4513 §5.2), with the mechanisms of our own clients.

The library's own way would hold the interpreter's lock for as long as the directory takes. It gives away nothing of
what the directory says with its success, so who the directory is has to be shown by TLS.
"""

from secrets import token_urlsafe
from typing import Any

from angarium.config import LdapSettings
from angarium.errors import AuthenticationUnavailable, ClientExchangeFailed, ConfigError
from angarium.sasl.client import ClientSetting, begin_client


def require_mechanism(settings: LdapSettings) -> None:
    """ConfigError where the options do not have what is needed."""
    if settings.ldap_sasl_mech is None:
        raise ConfigError("ldap_sasl_mech: it is not set, and ldap_sasl is on")
    try:
        begin_client(settings.ldap_sasl_mech, _setting(settings, "localhost"))
    except ClientExchangeFailed as error:
        raise ConfigError(f"ldap_sasl_mech: ldap_sasl_authc or ldap_sasl_password is not set ({error})") from error


def bind_by_sasl(connection: Any, settings: LdapSettings, host: str) -> None:
    """`connection` is one of python-ldap, which has no types; raises its errors, and AuthenticationUnavailable for a
    directory that does not keep to the mechanism."""
    assert settings.ldap_sasl_mech is not None
    mechanism = settings.ldap_sasl_mech.upper()
    try:
        client = begin_client(mechanism, _setting(settings, host))
        answer = connection.sasl_bind_s("", mechanism, client.start())
        # The result code of success is nought; that of a challenge without octets is another number.
        while answer != 0:
            response = client.step(answer if isinstance(answer, bytes) else b"")
            answer = connection.sasl_bind_s("", mechanism, response)
    except ClientExchangeFailed as error:
        raise AuthenticationUnavailable(f"LDAP: {error}, for ldap_sasl_mech {mechanism}") from error


def _setting(settings: LdapSettings, host: str) -> ClientSetting:
    return ClientSetting(
        service="ldap",
        host=host,
        nonce=token_urlsafe,
        authcid=settings.ldap_sasl_authc,
        password=settings.ldap_sasl_password.text,
        authzid=settings.ldap_sasl_authz or None,
        realm=settings.ldap_sasl_realm or None,
        certificate=True,
    )
