from pathlib import Path

import pytest

from angarium.auth.ldapdirectory import LdapDirectory
from angarium.auth.ldapsasl import bind_by_sasl
from angarium.config import LdapSettings, parse_settings
from angarium.errors import AuthenticationUnavailable, ConfigError

NAMED = ("ldap_sasl_authc: reader", "ldap_sasl_password: secret")


def settings_of(*lines: str) -> LdapSettings:
    text = "\n".join(["configdirectory: /c", "partition-default: /s", "ldap_uri: ldapi://%2Fs", "ldap_sasl: 1", *lines])
    return parse_settings(text, file=Path("/etc/imapd.conf")).settings.ldap


class Connection:
    """What is used of one of python-ldap."""

    def __init__(self, *answers: bytes | int) -> None:
        self.said: list[tuple[str, bytes | None]] = []
        self._answers = iter(answers)

    def sasl_bind_s(self, dn: str, mechanism: str, credentials: bytes | None) -> bytes | int:
        assert dn == ""
        self.said.append((mechanism, credentials))
        return next(self._answers)


def test_a_mechanism_in_one_step() -> None:
    connection = Connection(0)
    bind_by_sasl(connection, settings_of("ldap_sasl_mech: EXTERNAL", "ldap_sasl_authz: dn:cn=a"), "localhost")
    assert connection.said == [("EXTERNAL", b"dn:cn=a")]
    connection = Connection(0)
    bind_by_sasl(connection, settings_of("ldap_sasl_mech: plain", *NAMED), "localhost")
    assert connection.said == [("PLAIN", b"\0reader\0secret")]


def test_a_mechanism_in_which_the_directory_speaks_first() -> None:
    connection = Connection(b"<1@directory>", 0)
    bind_by_sasl(connection, settings_of("ldap_sasl_mech: cram-md5", *NAMED), "localhost")
    assert [mechanism for mechanism, _ in connection.said] == ["CRAM-MD5", "CRAM-MD5"]
    assert connection.said[0][1] is None
    assert (connection.said[1][1] or b"").startswith(b"reader ")


@pytest.mark.parametrize("answers", [(14,), (b"challenge",), (b"r=another,s=c2FsdA==,i=4096",)])
def test_a_directory_that_does_not_keep_to_the_mechanism_is_a_temporary_failure(answers: tuple[bytes | int]) -> None:
    settings = settings_of("ldap_sasl_mech: scram-sha-256", *NAMED)
    with pytest.raises(AuthenticationUnavailable, match="ldap_sasl_mech") as raised:
        bind_by_sasl(Connection(*answers), settings, "localhost")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("lines", "option"),
    [
        ((), "ldap_sasl_mech: it is not set"),
        (("ldap_sasl_mech: scram-sha-1",), "ldap_sasl_authc"),
        (("ldap_sasl_mech: plain", NAMED[0]), "ldap_sasl_password"),
    ],
)
def test_what_cannot_do_is_refused_at_the_start(lines: tuple[str, ...], option: str) -> None:
    with pytest.raises(ConfigError, match=option):
        LdapDirectory(settings_of(*lines))
