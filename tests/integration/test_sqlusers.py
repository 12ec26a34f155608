"""Users in PostgreSQL, MariaDB and SQLite: logins of real clients, and what happens when a database is away."""

import asyncio
import contextlib
import imaplib
import os
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from tests.server.databases import PASSWORD, RunningDatabase, running_mariadb, running_postgresql
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User, running_server

from angarium.auth import PasswordLogin
from angarium.auth.outsidecalls import OutsideCalls
from angarium.auth.sqldatabase import SqlDatabase
from angarium.auth.sqlusers import SqlUsers, SqlVerifier
from angarium.config import parse_settings
from angarium.errors import AuthenticationUnavailable
from angarium.names import UserId

HOST: Final = "mail.example.org"
PLAIN: Final = User("plain", 'it\'s a \\ "secret" %u ✓')
HASHED: Final = User("hashed", "secret")
SHA1: Final = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="
SELECT: Final = "SELECT password FROM users WHERE address = '%u@%r'"
GROUPS: Final = "SELECT name FROM members WHERE address = '%u@%r'"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts databases as their users")


def quoted(text: str, *, backslashes: bool = False) -> str:
    doubled = text.replace("'", "''")
    return "'" + (doubled.replace("\\", "\\\\") if backslashes else doubled) + "'"


def tables(*, backslashes: bool = False) -> str:
    rows = [(f"{user.name}@{HOST}", stored) for user, stored in ((PLAIN, PLAIN.password), (HASHED, SHA1))]
    values = ", ".join([f"('{address}', {quoted(stored, backslashes=backslashes)})" for address, stored in rows])
    return (
        "CREATE TABLE users (address VARCHAR(200) PRIMARY KEY, password VARCHAR(200));\n"
        "CREATE TABLE members (address VARCHAR(200), name VARCHAR(200));\n"
        f"INSERT INTO users VALUES {values};\n"
        f"INSERT INTO members VALUES ('{PLAIN.name}@{HOST}', 'staff'), ('{PLAIN.name}@{HOST}', 'Größe');\n"
    )


@pytest.fixture(scope="module")
def postgresql() -> Iterator[RunningDatabase]:
    with running_postgresql() as running:
        running.execute(tables() + "GRANT SELECT ON users, members TO mail;")
        yield running


@pytest.fixture(scope="module")
def mariadb() -> Iterator[RunningDatabase]:
    with running_mariadb() as running:
        running.execute("SET NAMES utf8mb4;" + tables(backslashes=True))
        yield running


@pytest.fixture(scope="module")
def sqlite() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="angarium-sqlite-"))
    directory.chmod(0o755)
    with contextlib.closing(sqlite3.connect(directory / "users.db")) as connection:
        connection.executescript(tables())
    (directory / "users.db").chmod(0o644)
    yield directory / "users.db"
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def server(postgresql: RunningDatabase, mariadb: RunningDatabase, sqlite: Path) -> Iterator[RunningServer]:
    """Each service has a database of its own."""
    lines = [
        "workers: 1",
        f"servername: {HOST}",
        "failedloginpause: 0",
        "verified_login_kept: 0",
        "autocreate_quota: 0",
        "groups_kept: 0",
        "sasl_pwcheck_method: angarium sql",
        "imap_sasl_pwcheck_method: angarium auxprop",
        "imap_sasl_auxprop_plugin: sql",
        f"sasl_sql_select: {SELECT}",
        f"sql_groups_select: {GROUPS}",
        "sasl_sql_engine: sqlite",
        f"sasl_sql_database: {sqlite}",
    ]
    for service, database in (("imap", postgresql), ("imaps", mariadb)):
        lines += [f"{service}_{name}: {value}" for name, value in database.options.items()]
    with running_server("\n".join(lines) + "\n") as running:
        yield running


@pytest.mark.parametrize("user", [PLAIN, HASHED])
@pytest.mark.parametrize(("service", "method"), [("imap", "auxprop:sql"), ("imaps", "sql"), ("pop3", "sql")])
def test_users_of_each_database_log_in(server: RunningServer, user: User, service: str, method: str) -> None:
    after = len(server.output)
    assert "OK" in server.log_in(user, service)
    assert f"user={user.name}" in server.output.wait_for(" login ", f"checked_by={method}", after=after)


@pytest.mark.parametrize("service", ["imap", "imaps", "pop3"])
def test_a_wrong_password_is_told_as_such(server: RunningServer, service: str) -> None:
    answer = server.log_in(User(PLAIN.name, "wrong"), service)
    assert "[AUTHENTICATIONFAILED]" in answer or "[AUTH]" in answer


@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "mariadb"])
@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("nobody", "secret"),
        (HASHED.name, SHA1),
        (HASHED.name, ""),
        ("x' OR '1'='1", "secret"),
        ("' UNION SELECT 'secret", "secret"),
        ('x" OR ""="', "secret"),
        ("x\\' OR 1=1 -- ", "secret"),
        ("%u", "secret"),
    ],
)
def test_what_clients_say_is_no_sql(
    sqlite: Path, postgresql: RunningDatabase, mariadb: RunningDatabase, name: str, password: str, engine: str
) -> None:
    of_sqlite = {"sasl_sql_engine": "sqlite", "sasl_sql_database": str(sqlite)}
    options = {"sqlite": of_sqlite, "postgresql": postgresql.options, "mariadb": mariadb.options}[engine]
    with verifier(options) as asked:
        assert asyncio.run(asked.verify(PasswordLogin(UserId(name), name, password, "imap"))) is None
        right = PasswordLogin(UserId(PLAIN.name), PLAIN.name, PLAIN.password, "imap")
        assert asyncio.run(asked.verify(right)) is not None


def test_groups_come_by_a_query(server: RunningServer) -> None:
    with server.imap(server.admin) as admin:
        admin.create("forstaff")
        admin.deleteacl("forstaff", "anyone")
        admin.setacl("forstaff", "group:staff", "lrs")
    client = imaplib.IMAP4(LOOPBACK, server.port("imap"), timeout=WAIT_S)
    try:
        client.authenticate("PLAIN", lambda _: f"\0{PLAIN.name}\0{PLAIN.password}".encode())
        assert client.select('"Shared Folders/forstaff"', readonly=True)[0] == "OK"
    finally:
        client.shutdown()


@pytest.mark.parametrize("service", ["imap", "imaps"])
def test_a_database_that_is_away_is_a_temporary_failure_until_it_is_back(
    server: RunningServer, postgresql: RunningDatabase, mariadb: RunningDatabase, service: str
) -> None:
    database = postgresql if service == "imap" else mariadb
    assert "OK" in server.log_in(PLAIN, service)
    database.stop()
    try:
        after, begun_s = len(server.output), time.monotonic()
        assert "[UNAVAILABLE]" in server.log_in(PLAIN, service)
        assert time.monotonic() - begun_s < 10
        server.output.wait_for("verifier_unavailable", after=after)
    finally:
        database.start()
    deadline_s = time.monotonic() + WAIT_S
    while "OK" not in server.log_in(PLAIN, service):
        assert time.monotonic() < deadline_s
    # A connection that the restarted server does not know any more is made anew.
    database.stop()
    database.start()
    assert "OK" in server.log_in(PLAIN, service)


def test_no_secret_is_in_the_log(server: RunningServer) -> None:
    assert PASSWORD not in server.output.text
    assert PLAIN.password not in server.output.text
    assert SHA1 not in server.output.text


@contextlib.contextmanager
def verifier(options: Mapping[str, str]) -> Iterator[SqlVerifier]:
    """Without a server around."""
    lines = ["configdirectory: /c", "partition-default: /s", *[f"{name}: {value}" for name, value in options.items()]]
    settings = parse_settings("\n".join(lines), file=Path("/etc/imapd.conf")).settings
    database = SqlDatabase(settings.sql)
    users = SqlUsers(database, database.query("sasl_sql_select", SELECT), realm=HOST)
    calls = OutsideCalls("test")
    try:
        yield SqlVerifier("sql", users, calls)
    finally:
        calls.close()
        database.close()


def test_a_database_that_hangs_is_a_temporary_failure_and_holds_nobody_up(postgresql: RunningDatabase) -> None:
    login = PasswordLogin(UserId(PLAIN.name), PLAIN.name, PLAIN.password, "imap")

    async def hang() -> None:
        with verifier(postgresql.options) as asked:
            assert await asked.verify(login) is not None
            backends = [int(word) for word in children(postgresql)]
            for pid in backends:
                os.kill(pid, signal.SIGSTOP)
            try:
                ticks, begun_s = 0, time.monotonic()
                verifying = asyncio.ensure_future(asked.verify(login))
                while not verifying.done():
                    await asyncio.sleep(0.05)
                    ticks += 1
                assert ticks > (time.monotonic() - begun_s) / 0.2, "the loop was held"
                # A further connection has a process of its own, which does not hang.
                assert verifying.result() is not None
            finally:
                for pid in backends:
                    os.kill(pid, signal.SIGCONT)

    asyncio.run(hang())


def children(database: RunningDatabase) -> list[str]:
    assert database.process is not None
    pid = database.process.pid
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [child for child in found if b" mail " in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_a_wrong_password_of_the_server_is_a_temporary_failure(mariadb: RunningDatabase) -> None:
    login = PasswordLogin(UserId(PLAIN.name), PLAIN.name, PLAIN.password, "imap")
    with (
        verifier({**mariadb.options, "sasl_sql_passwd": "wrong"}) as asked,
        pytest.raises(AuthenticationUnavailable) as raised,
    ):
        asyncio.run(asked.verify(login))
    assert "wrong" not in str(raised.value)
