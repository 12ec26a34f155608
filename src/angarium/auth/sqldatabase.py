"""Databases of SQL that are asked for users: MySQL and MariaDB, PostgreSQL, SQLite.

What asks blocks, and is for threads. Each engine has its library, an extra of the installation, that is only looked for
where the configuration names the engine.
"""

import contextlib
import importlib
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final, Protocol

import apsw

from angarium.auth.connectionpool import ConnectionLost, ConnectionPool, reason_of
from angarium.auth.hangup import hung_up_after
from angarium.auth.sqlquery import SqlQuery, parse_query
from angarium.config import SqlEngine, SqlSettings
from angarium.errors import AuthenticationUnavailable, ConfigError

TIME_MAX_S: Final = 3.0
"""For a connection, and for an answer."""
ROWS_MAX: Final = 10_000
_STEPS: Final = 50_000
"""Of SQLite's machine, between two looks at the clock; some milliseconds."""

Value = str | bytes | int | float | None
Row = Sequence[Value]


class SqlConnection(Protocol):
    """One connection."""

    def rows(self, query: SqlQuery, parameters: Sequence[str]) -> list[Row]:
        """At most `ROWS_MAX`. ConnectionLost; AuthenticationUnavailable for what the database refuses."""

    def close(self) -> None:
        """Raises nothing."""


@dataclass(frozen=True, slots=True)
class _Host:
    """One of `sasl_sql_hostnames`."""

    name: str
    port: int | None = None

    def __str__(self) -> str:
        return self.name if self.port is None else f"{self.name}:{self.port}"


class SqlDatabase:
    """The database of some settings, with its connections; used by any thread."""

    def __init__(self, settings: SqlSettings) -> None:
        """ConfigError for settings that cannot do, or where the engine's library is missing."""
        if not settings.sasl_sql_database:
            raise ConfigError("sasl_sql_database: it is not set")
        engine = _engine(settings)
        self._engine = engine
        self._pool: ConnectionPool[SqlConnection] = ConnectionPool(engine.connect, lambda each: each.close())

    def query(self, option: str, text: str) -> SqlQuery:
        """The query of an option. ConfigError."""
        if not text:
            raise ConfigError(f"{option}: it is not set")
        try:
            return self._engine.parse(text)
        except ValueError as error:
            raise ConfigError(f"{option}: {error}") from error

    def rows(self, query: SqlQuery, user: str, realm: str) -> list[Row]:
        """What the database has for a user. AuthenticationUnavailable."""
        parameters = query.parameters(user, realm)
        return self._pool.use(lambda connection: connection.rows(query, parameters))

    def close(self) -> None:
        """Give back what waits."""
        self._pool.close()


@dataclass(frozen=True, slots=True)
class _Engine:
    """How one kind of database is spoken to."""

    connect: Callable[[], SqlConnection]
    """AuthenticationUnavailable."""
    parse: Callable[[str], SqlQuery]


def _engine(settings: SqlSettings) -> _Engine:
    """ConfigError."""
    hosts = _hosts(settings)
    match settings.sasl_sql_engine:
        case SqlEngine.SQLITE | SqlEngine.SQLITE3:
            path = Path(settings.sasl_sql_database)
            if not path.is_absolute():
                raise ConfigError("sasl_sql_database: it is not an absolute path")
            return _Engine(lambda: _Sqlite(path), lambda text: parse_query(text, marker="?"))
        case SqlEngine.PGSQL:
            psycopg = sql_library(SqlEngine.PGSQL)
            return _Engine(
                lambda: _first_of(hosts, lambda host: _Postgresql(psycopg, settings, host)),
                lambda text: parse_query(text, marker="%s"),
            )
        case SqlEngine.MYSQL:
            pymysql = sql_library(SqlEngine.MYSQL)
            return _Engine(
                lambda: _first_of(hosts, lambda host: _Mysql(pymysql, settings, host)),
                lambda text: parse_query(text, marker="%s", string_quotes="'\"", backslash_escapes=True),
            )


def sql_library(engine: SqlEngine) -> ModuleType:
    """The library of an engine. ConfigError."""
    match engine:
        case SqlEngine.PGSQL:
            module, extra = "psycopg", "postgresql"
        case SqlEngine.MYSQL:
            module, extra = "pymysql", "mysql"
        case _:
            return apsw
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"sasl_sql_engine: the library for {engine} cannot be loaded ({error}); "
            f"install angarium with its extra {extra}"
        ) from error


def _hosts(settings: SqlSettings) -> list[_Host]:
    """ConfigError for a port that is none."""
    hosts = []
    for word in settings.sasl_sql_hostnames.replace(",", " ").split():
        name, colon, port = word.rpartition(":")
        if word.startswith("/") or not colon or (":" in name and not name.startswith("[")):
            hosts.append(_Host(word))
            continue
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise ConfigError(f"sasl_sql_hostnames: {word!r} is not HOST:PORT")
        hosts.append(_Host(name.strip("[]"), int(port)))
    return hosts or [_Host("")]


def _first_of(hosts: Sequence[_Host], connect: Callable[[_Host], SqlConnection]) -> SqlConnection:
    """AuthenticationUnavailable where none answers."""
    reasons = []
    for host in hosts:
        try:
            return connect(host)
        except AuthenticationUnavailable as error:
            reasons.append(f"{host}: {error}" if host.name else str(error))
    raise AuthenticationUnavailable("; ".join(reasons))


class _Sqlite:
    """By the library that the store has, since a second one in the process would end the other's locks."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        except apsw.Error as error:
            raise AuthenticationUnavailable(f"{path}: {error}") from error
        self._connection.set_busy_timeout(int(TIME_MAX_S * 1000))

    def rows(self, query: SqlQuery, parameters: Sequence[str]) -> list[Row]:
        deadline_s = time.monotonic() + TIME_MAX_S
        self._connection.set_progress_handler(lambda: time.monotonic() > deadline_s, _STEPS)
        try:
            rows = self._connection.execute(query.text, parameters)
            return [row for row, _ in zip(rows, range(ROWS_MAX), strict=False)]
        except apsw.Error as error:
            raise ConnectionLost(f"SQLite: {error}") from error

    def close(self) -> None:
        self._connection.close(True)


class _Postgresql:
    """By psycopg."""

    def __init__(self, psycopg: ModuleType, settings: SqlSettings, host: _Host) -> None:
        self._psycopg = psycopg
        ca_file = settings.sql_ca_file
        options: dict[str, object] = {
            "dbname": settings.sasl_sql_database,
            "user": settings.sasl_sql_user or None,
            "password": settings.sasl_sql_passwd.text or None,
            "host": host.name or None,
            "port": host.port,
            "connect_timeout": int(TIME_MAX_S),
            "application_name": "angarium",
        }
        if ca_file is not None:
            options |= {"sslmode": "verify-full", "sslrootcert": str(ca_file)}
        elif settings.sasl_sql_usessl:
            options |= {"sslmode": "require"}
        try:
            # Statements are not prepared: poolers between here and the database do not know them.
            self._connection = psycopg.connect(autocommit=True, prepare_threshold=None, **options)
        except psycopg.Error as error:
            raise AuthenticationUnavailable(f"PostgreSQL: {reason_of(error)}") from error

    def rows(self, query: SqlQuery, parameters: Sequence[str]) -> list[Row]:
        try:
            # The library waits for an answer as long as it takes.
            with hung_up_after(TIME_MAX_S, self._connection.fileno()), self._connection.cursor() as cursor:
                cursor.execute(query.text, parameters)
                found: list[Row] = cursor.fetchmany(ROWS_MAX)
                return found
        except (self._psycopg.Error, OSError) as error:
            reason = f"PostgreSQL: {reason_of(error)}"
            raise (ConnectionLost if self._connection.closed else AuthenticationUnavailable)(reason) from error

    def close(self) -> None:
        self._connection.close()


class _Mysql:
    """By PyMySQL."""

    def __init__(self, pymysql: ModuleType, settings: SqlSettings, host: _Host) -> None:
        self._pymysql = pymysql
        options: dict[str, object] = {
            "database": settings.sasl_sql_database,
            "user": settings.sasl_sql_user or None,
            "password": settings.sasl_sql_passwd.text,
            "charset": "utf8mb4",
            "connect_timeout": TIME_MAX_S,
            "read_timeout": TIME_MAX_S,
            "write_timeout": TIME_MAX_S,
            "autocommit": True,
        }
        if host.name.startswith("/"):
            options["unix_socket"] = host.name
        else:
            options |= {"host": host.name or "localhost", "port": host.port or 0}
        try:
            if settings.sasl_sql_usessl or settings.sql_ca_file is not None:
                options["ssl"] = _tls_context(settings.sql_ca_file)
            self._connection = pymysql.connect(**options)
        except (pymysql.MySQLError, OSError) as error:
            raise AuthenticationUnavailable(f"MySQL: {reason_of(error)}") from error

    def rows(self, query: SqlQuery, parameters: Sequence[str]) -> list[Row]:
        # The library would put values in quotes. Hexadecimal literals have nothing that the server could misread.
        literals = [f"_utf8mb4 X'{each.encode(errors='surrogatepass').hex()}'" for each in parameters]
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(query.text % tuple(literals))
                return list(cursor.fetchmany(ROWS_MAX))
        except (self._pymysql.OperationalError, self._pymysql.InterfaceError, OSError) as error:
            raise ConnectionLost(f"MySQL: {reason_of(error)}") from error
        except self._pymysql.MySQLError as error:
            raise AuthenticationUnavailable(f"MySQL: {reason_of(error)}") from error

    def close(self) -> None:
        with contextlib.suppress(self._pymysql.MySQLError, OSError):
            self._connection.close()


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """OSError where the file cannot be read."""
    if ca_file is not None:
        return ssl.create_default_context(cafile=str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
