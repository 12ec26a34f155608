"""Servers of the network that are none, or do not answer as they should: a temporary failure, soon."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from angarium.auth import sqldatabase, webexchange
from angarium.auth.ldapdirectory import LdapDirectory
from angarium.auth.sqldatabase import SqlDatabase
from angarium.auth.webexchange import WebExchange
from angarium.config import LdapScope, Settings, parse_settings
from angarium.errors import AuthenticationUnavailable

SECRET: Final = "nobody may read this"
_PIECE_S: Final = 0.05

Behaviour = Callable[[socket.socket], None]


def settings_of(*lines: str) -> Settings:
    text = "\n".join(["configdirectory: /c", "partition-default: /s", *lines])
    return parse_settings(text, file=Path("/etc/imapd.conf")).settings


@contextlib.contextmanager
def served(behaviour: Behaviour) -> Iterator[int]:
    """A port where each connection is treated so."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def treat(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            behaviour(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                threading.Thread(target=treat, args=(connection,), daemon=True).start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
        listener.close()
        for connection in connections:
            connection.close()


def ask_ldap(port: int, *, scheme: str = "ldap", start_tls: bool = False, search: bool = False) -> None:
    directory = LdapDirectory(
        settings_of(
            f"ldap_uri: {scheme}://127.0.0.1:{port}",
            f"ldap_start_tls: {start_tls}",
            "ldap_bind_dn: cn=server",
            f"ldap_password: {SECRET}",
            "ldap_timeout: 1s",
            "ldap_time_limit: 1s",
        ).ldap
    )
    try:
        if search:
            directory.search("dc=test", LdapScope.SUB, "(uid=a)", ())
        else:
            directory.is_password_of("cn=a", SECRET)
    finally:
        directory.close()


def ask_sql(port: int, *, engine: str, tls: bool = False) -> None:
    database = SqlDatabase(
        settings_of(
            f"sasl_sql_engine: {engine}",
            f"sasl_sql_hostnames: 127.0.0.1:{port}",
            "sasl_sql_database: mail",
            "sasl_sql_user: server",
            f"sasl_sql_passwd: {SECRET}",
            f"sasl_sql_usessl: {tls}",
        ).sql
    )
    try:
        database.rows(database.query("sasl_sql_select", "SELECT '%u'"), SECRET, "")
    finally:
        database.close()


def ask_web(port: int, *, scheme: str = "http") -> None:
    exchange = WebExchange("oauth_introspection_url", f"{scheme}://localhost:{port}/", None)
    try:
        exchange.post(SECRET.encode(), {"Authorization": SECRET})
    finally:
        exchange.close()


ASKED: Final[dict[str, Callable[[int], None]]] = {
    "ldap bind": ask_ldap,
    "ldap search": partial(ask_ldap, search=True),
    "ldap starttls": partial(ask_ldap, start_tls=True),
    "ldaps": partial(ask_ldap, scheme="ldaps"),
    "postgresql": partial(ask_sql, engine="pgsql"),
    "postgresql tls": partial(ask_sql, engine="pgsql", tls=True),
    "mysql": partial(ask_sql, engine="mysql"),
    "mysql tls": partial(ask_sql, engine="mysql", tls=True),
    "http": ask_web,
    "https": partial(ask_web, scheme="https"),
}


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqldatabase, "TIME_MAX_S", 1.0)
    monkeypatch.setattr(webexchange, "TIME_MAX_S", 0.5)
    monkeypatch.setattr(webexchange, "WHOLE_S", 1.0)


def refusals(port: int) -> dict[str, str]:
    """Of all who ask, side by side."""

    def refusal(ask: Callable[[int], None]) -> str:
        with pytest.raises(AuthenticationUnavailable) as raised:
            ask(port)
        return str(raised.value)

    with ThreadPoolExecutor(len(ASKED)) as threads:
        return dict(zip(ASKED, threads.map(refusal, ASKED.values()), strict=True))


def silence(connection: socket.socket) -> None:
    while connection.recv(1000):
        pass


def ends_at_once(connection: socket.socket) -> None:
    connection.close()


def ends_when_asked(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.close()


def says(octets: bytes) -> Behaviour:
    def say(connection: socket.socket) -> None:
        connection.sendall(octets)
        silence(connection)

    return say


def says_bit_by_bit(connection: socket.socket) -> None:
    """The beginning of an answer in HTTP, and then nothing but its headers."""
    for piece in b"HTTP/1.1 200 OK\r\nX-Header: " + bytes(1000):
        connection.sendall(bytes([piece]))
        time.sleep(_PIECE_S)


def says_without_end(connection: socket.socket) -> None:
    # A length of 2 GB in BER, which is the length of a packet in none of the others.
    piece = b"\x30\x84\x7f\xff\xff\xff" + bytes(65_536)
    while True:
        connection.sendall(piece)


@pytest.mark.parametrize(
    "behaviour",
    [
        silence,
        ends_at_once,
        ends_when_asked,
        says(os.urandom(4096)),
        says(b"x" * 60_000 + b"\r\n"),
        says(b"220 mail.test ESMTP\r\n"),
        says_bit_by_bit,
        says_without_end,
    ],
    ids=[
        "silence",
        "ends at once",
        "ends when asked",
        "noise",
        "a long line",
        "another protocol",
        "bit by bit",
        "without end",
    ],
)
def test_what_is_no_such_server_is_a_temporary_failure_soon(behaviour: Behaviour) -> None:
    begun_s = time.monotonic()
    with served(behaviour) as port:
        for asked, reason in refusals(port).items():
            assert reason, asked
            assert SECRET not in reason
            assert len(reason) < 1000
            assert len(reason.splitlines()) == 1
    # Who asks has ten threads here, and they share the machine; one that hung would hang for ever.
    assert time.monotonic() - begun_s < 8


def test_nobody_there_is_a_temporary_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert all(refusals(port).values())


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b"])
def test_a_name_that_is_none_is_a_temporary_failure(host: str) -> None:
    options = [
        *("ldap_timeout: 1s", "sasl_sql_database: mail", f"sasl_sql_hostnames: {host}", f"ldap_uri: ldaps://{host}"),
    ]
    for engine in ("pgsql", "mysql"):
        database = SqlDatabase(settings_of(*options, f"sasl_sql_engine: {engine}").sql)
        with pytest.raises(AuthenticationUnavailable):
            database.rows(database.query("sasl_sql_select", "SELECT 1"), "", "")
    with pytest.raises(AuthenticationUnavailable):
        LdapDirectory(settings_of(*options).ldap).is_password_of("cn=a", SECRET)
    with pytest.raises(AuthenticationUnavailable):
        WebExchange("oauth_jwks", f"https://{host}/", None).get()
