import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.cli.outsiders import Outsiders, preload_libraries
from angarium.config import Settings, parse_settings
from angarium.errors import ConfigError
from angarium.names import NameSettings

SQL = ("sasl_sql_engine: sqlite", "sasl_sql_database: /users.db", "sasl_sql_select: SELECT p FROM u WHERE n = %u")
LDAP = ("ldap_uri: ldap://directory.test", "ldap_member_attribute: memberOf")
JWKS = ("oauth_jwks: https://login.test/keys", "oauth_issuer: https://login.test", "oauth_audience: mail")
ASKING = ("oauth_introspection_url: https://login.test/introspect",)


def settings(*lines: str) -> Settings:
    text = "\n".join(["configdirectory: /c", "partition-default: /s", *lines])
    return parse_settings(text, file=Path("/etc/imapd.conf"), services=["imap", "pop3"]).settings


@pytest.fixture
def outsiders() -> Iterator[Outsiders]:
    made = Outsiders()
    yield made
    asyncio.run(made.close())


def test_services_with_the_same_options_share_them(outsiders: Outsiders) -> None:
    read = settings(*JWKS, "imap_timeout: 60m", "pop3_oauth_scope: pop")
    tokens = [outsiders.tokens(read.for_service(name).oauth) for name in ("imap", "imaps", "pop3")]
    assert tokens[0] is tokens[1]
    assert tokens[0] is not tokens[2]
    outsiders.keep_to(read)
    assert outsiders.tokens(read.oauth) is tokens[0]
    outsiders.keep_to(settings(*ASKING))
    assert outsiders.tokens(read.oauth) is not tokens[0]


def test_without_an_issuer_there_are_no_tokens(outsiders: Outsiders) -> None:
    assert outsiders.tokens(settings().oauth) is None


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ((), 0),
        (LDAP, 0),
        ((*LDAP, "auth_mech: pts", "pts_module: ldap"), 1),
        ((*LDAP, "pts_module: ldap"), 0),
        ((*SQL, "sql_groups_select: SELECT g FROM m WHERE n = %u"), 1),
        ((*SQL, *LDAP, "auth_mech: pts", "pts_module: ldap", "sql_groups_select: SELECT g FROM m WHERE n = %u"), 2),
        ((*LDAP, "auth_mech: pts", "pts_module: ldap", "unix_group_enable: yes"), 1),
    ],
)
def test_groups_come_from_all_that_are_asked_for(outsiders: Outsiders, lines: tuple[str, ...], count: int) -> None:
    groups = outsiders.groups(settings(*lines), NameSettings())
    assert len(groups._sources) == count


@pytest.mark.parametrize(
    ("lines", "option"),
    [
        (("sasl_pwcheck_method: ldap",), "ldap_uri"),
        (("sasl_pwcheck_method: ldap", "ldap_uri: http://directory.test"), "ldap_uri"),
        (("sasl_pwcheck_method: ldap", *LDAP, "ldap_bind_dn: cn=x"), "ldap_password"),
        (("sasl_pwcheck_method: ldap", *LDAP, "ldap_filter:"), "ldap_filter"),
    ],
)
def test_a_directory_that_cannot_be_asked_is_refused_at_the_start(
    outsiders: Outsiders, lines: tuple[str, ...], option: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{option}:"):
        outsiders.ldap_verifier(settings(*lines))


def test_groups_of_a_directory_need_an_attribute(outsiders: Outsiders) -> None:
    with pytest.raises(ConfigError, match=r"^ldap_member_attribute:"):
        outsiders.groups(settings(LDAP[0], "auth_mech: pts", "pts_module: ldap"), NameSettings())


def test_tokens_are_checked_in_one_way(outsiders: Outsiders) -> None:
    with pytest.raises(ConfigError, match=r"^oauth_introspection_url:"):
        outsiders.tokens(settings(*JWKS, *ASKING).oauth)


@pytest.mark.parametrize(
    ("module", "lines"),
    [
        ("ldap.dn", ("sasl_pwcheck_method: ldap",)),
        ("ldap.dn", ("imap_sasl_pwcheck_method: ldap",)),
        ("ldap.dn", ("auth_mech: pts", "pts_module: ldap")),
        ("psycopg", ("sasl_pwcheck_method: sql", "sasl_sql_engine: pgsql")),
        ("pymysql", ("sasl_auxprop_plugin: sql",)),
        ("pymysql", ("sql_groups_select: SELECT 1",)),
        ("jwt.algorithms", JWKS),
    ],
)
def test_a_library_that_is_missing_is_told_at_the_start(
    module: str, lines: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match="install angarium with its extra"):
        preload_libraries(settings(*lines))
    # Who asks for nobody of the network needs no library.
    preload_libraries(settings(*LDAP))
