import asyncio
import contextlib
import logging
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.auth.outsidecalls import OutsideCalls
from angarium.auth.sqldatabase import SqlDatabase
from angarium.auth.sqlusers import SqlGroups, SqlSecrets, SqlUsers, SqlVerifier, plain_secret
from angarium.auth.verifying import PasswordLogin
from angarium.config import parse_settings
from angarium.config.options import SqlSettings
from angarium.errors import AuthenticationUnavailable, ConfigError
from angarium.names import UserId

HOST = "mail.example.org"
SHA1 = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="
USERS = {
    f"plain@{HOST}": "secret",
    f"marked@{HOST}": "{PLAIN}$6$not a hash",
    f"hashed@{HOST}": SHA1,
    f"unknown@{HOST}": "{NOSUCH}secret",
    f"empty@{HOST}": "",
    f"emptyplain@{HOST}": "{PLAIN}",
    f"null@{HOST}": None,
    f"octets@{HOST}": b"secret",
    "there@example.net": "secret",
}


def settings(*lines: str) -> SqlSettings:
    text = "\n".join(["configdirectory: /c", "partition-default: /s", *lines])
    return parse_settings(text, file=Path("/etc/imapd.conf")).settings.sql


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "users.db"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE users (address PRIMARY KEY, password)")
        connection.execute("CREATE TABLE members (address, name)")
        connection.executemany("INSERT INTO users VALUES (?, ?)", USERS.items())
        connection.executemany(
            "INSERT INTO members VALUES (?, ?)", [(f"plain@{HOST}", each) for each in ("a", "b", "")]
        )
    return path


@pytest.fixture
def database(path: Path) -> Iterator[SqlDatabase]:
    made = SqlDatabase(settings("sasl_sql_engine: sqlite", f"sasl_sql_database: {path}"))
    yield made
    made.close()


def users(database: SqlDatabase) -> SqlUsers:
    query = database.query("sasl_sql_select", "SELECT password FROM users WHERE address = trim('%u') || '@%r'")
    return SqlUsers(database, query, realm=HOST)


def verify(database: SqlDatabase, user: UserId, password: str) -> bool:
    calls = OutsideCalls("test")
    try:
        login = PasswordLogin(user, str(user), password, "imap")
        return asyncio.run(SqlVerifier("sql", users(database), calls).verify(login)) is not None
    finally:
        calls.close()


@pytest.mark.parametrize(
    ("user", "password", "is_right"),
    [
        (UserId("plain"), "secret", True),
        (UserId("plain"), "Secret", False),
        (UserId("plain "), "secret", False),
        (UserId("octets"), "secret", True),
        (UserId("marked"), "$6$not a hash", True),
        (UserId("hashed"), "secret", True),
        (UserId("hashed"), SHA1, False),
        (UserId("unknown"), "{NOSUCH}secret", False),
        (UserId("there", "example.net"), "secret", True),
        (UserId("plain", "example.net"), "secret", False),
        (UserId("empty"), "", False),
        (UserId("emptyplain"), "", False),
        (UserId("null"), "", False),
        (UserId("nobody"), "secret", False),
    ],
)
def test_who_is_let_in(database: SqlDatabase, user: UserId, password: str, is_right: bool) -> None:
    assert verify(database, user, password) is is_right


def test_a_hash_of_nobody_knows_what_is_told_without_it(
    database: SqlDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    verify(database, UserId("unknown"), "x")
    (record,) = caplog.records
    assert record.message == "password_hash_unusable"
    assert "secret" not in str(record.__dict__)


@pytest.mark.parametrize(
    ("stored", "secret"),
    [
        ("secret", "secret"),
        ("$ecret", "$ecret"),
        ("{secret", "{secret"),
        ("{cleartext}secret", "secret"),
        ("$6$salt$hash", None),
        ("$argon2id$v=19$x", None),
        ("{SSHA}x", None),
        ("{NOSUCH}x", None),
        ("!$6$salt$hash", None),
        ("*{SSHA}x", None),
        ("!", None),
        ("*", None),
        ("x", None),
        ("!secret", "!secret"),
    ],
)
def test_what_is_a_hash_is_no_password(stored: str, secret: str | None) -> None:
    assert plain_secret(stored) == secret


def test_secrets_are_those_that_stand_there_as_they_are(database: SqlDatabase) -> None:
    calls = OutsideCalls("test")

    async def secret_of(user: UserId, realm: str = "") -> str | None:
        known = await SqlSecrets(users(database), calls).secret(user, realm)
        return known.secret if known is not None else None

    try:
        assert asyncio.run(secret_of(UserId("plain"))) == "secret"
        assert asyncio.run(secret_of(UserId("there"), "example.net")) == "secret"
        assert asyncio.run(secret_of(UserId("hashed"))) is None
        assert asyncio.run(secret_of(UserId("nobody"))) is None
    finally:
        calls.close()


def test_groups(database: SqlDatabase) -> None:
    query = database.query("sql_groups_select", "SELECT name FROM members WHERE address = '%u@%r'")
    groups = SqlGroups(database, query, realm=HOST)
    assert groups.groups_of("plain") == {"a", "b"}
    assert groups.groups_of(f"plain@{HOST}") == {"a", "b"}
    assert groups.groups_of("nobody") == frozenset()


def test_too_many_groups_are_refused_and_not_made_fewer(database: SqlDatabase) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    with pytest.raises(ValueError, match="groups or more"):
        SqlGroups(database, database.query("sql_groups_select", numbers), realm=HOST).groups_of("plain")


@pytest.mark.parametrize("query", ["SELECT nothing FROM nowhere", "nonsense", "DELETE FROM users"])
def test_a_query_that_cannot_be_done_is_a_temporary_failure(database: SqlDatabase, query: str) -> None:
    with pytest.raises(AuthenticationUnavailable, match="SQLite"):
        database.rows(database.query("sasl_sql_select", query), "plain", HOST)


def test_a_query_that_never_ends_is_a_temporary_failure(database: SqlDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("angarium.auth.sqldatabase.TIME_MAX_S", 0.05)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(AuthenticationUnavailable, match="SQLite"):
        database.rows(database.query("sasl_sql_select", endless), "plain", HOST)


def test_a_file_that_is_not_there_is_a_temporary_failure_until_it_is(tmp_path: Path, path: Path) -> None:
    database = SqlDatabase(settings("sasl_sql_engine: sqlite", f"sasl_sql_database: {tmp_path}/later.db"))
    with pytest.raises(AuthenticationUnavailable):
        users(database).stored(UserId("plain"))
    database.close()


@pytest.mark.parametrize(
    ("lines", "option"),
    [
        (("sasl_sql_engine: sqlite",), "sasl_sql_database"),
        (("sasl_sql_engine: sqlite", "sasl_sql_database: users.db"), "sasl_sql_database"),
        (("sasl_sql_engine: pgsql", "sasl_sql_database: mail", "sasl_sql_hostnames: host:port"), "sasl_sql_hostnames"),
        (("sasl_sql_engine: mysql", "sasl_sql_database: mail", "sasl_sql_hostnames: host:0"), "sasl_sql_hostnames"),
    ],
)
def test_what_cannot_do_is_refused_at_the_start(lines: tuple[str, ...], option: str) -> None:
    with pytest.raises(ConfigError, match=f"^{option}:"):
        SqlDatabase(settings(*lines))


@pytest.mark.parametrize("query", ["", 'SELECT "%u"', "SELECT '%u"])
def test_a_query_with_a_fault_is_refused_at_the_start(database: SqlDatabase, query: str) -> None:
    with pytest.raises(ConfigError, match=r"^sasl_sql_select:"):
        database.query("sasl_sql_select", query)


@pytest.mark.parametrize(
    ("engine", "module", "extra"), [("pgsql", "psycopg", "postgresql"), ("mysql", "pymysql", "mysql")]
)
def test_a_library_that_is_missing_is_told_at_the_start(
    engine: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=f"extra {extra}"):
        SqlDatabase(settings(f"sasl_sql_engine: {engine}", "sasl_sql_database: mail"))


def test_the_password_of_the_database_is_in_no_text_of_the_settings() -> None:
    read = settings("sasl_sql_passwd: the secret")
    assert read.sasl_sql_passwd.text == "the secret"
    assert "the secret" not in f"{read!r} {read.sasl_sql_passwd}"
