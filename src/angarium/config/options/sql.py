"""Users in databases of SQL."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from angarium.config.kinds import Choice, FilePath, SecretText, Switch, Text
from angarium.config.option import option, optional
from angarium.config.secret import Secret


class SqlEngine(StrEnum):
    """What speaks SQL."""

    MYSQL = "mysql"
    PGSQL = "pgsql"
    SQLITE = "sqlite"
    SQLITE3 = "sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSettings:
    """The database of the method `sql`, and of `sasl_auxprop_plugin: sql`."""

    sasl_sql_engine: SqlEngine = option(
        Choice(SqlEngine),
        "mysql",
        meaning="What the database is: `mysql` for MySQL and MariaDB, `pgsql` for PostgreSQL, `sqlite` or `sqlite3` "
        "for a file of SQLite 3.",
    )
    sasl_sql_hostnames: str = option(
        Text(),
        "",
        meaning="The database's hosts, `HOST` or `HOST:PORT`, separated by commas, of which the first that answers is "
        "taken. What begins with `/` is a unix socket: for PostgreSQL its directory, for MySQL the socket itself. "
        "Empty means the usual socket of the machine for PostgreSQL, and `localhost` for MySQL.",
    )
    sasl_sql_database: str = option(
        Text(), "", meaning="The name of the database; for SQLite the path of its file, which is only read."
    )
    sasl_sql_user: str = option(Text(), "", meaning="As whom the server logs in to the database.")
    sasl_sql_passwd: Secret = option(SecretText(), "", meaning="With which password.")
    sasl_sql_usessl: bool = option(
        Switch(),
        "no",
        meaning="Ask for TLS on the way to the database, and go on without it never. Who answers is only known with "
        "`sql_ca_file`.",
    )
    sql_ca_file: Path | None = optional(
        FilePath(),
        added=True,
        meaning="The certificates of those by whom the database's certificate must be signed, for its host's name.",
    )
    sasl_sql_select: str = option(
        Text(),
        "",
        meaning="The query for a user's password, the first column of the first row: `%u` is the user without a "
        "domain, `%r` her domain, or `servername` where she has none, `%p` the word `userPassword`. Values are always "
        "handed over as parameters. What is found may be the password itself or a hash; see the page on passwords.",
    )
    sql_groups_select: str = option(
        Text(),
        "",
        added=True,
        meaning="The query for a user's groups, a name in the first column of each row, likewise. They count beside "
        "those of `auth_mech` and `groupfile`.",
    )
