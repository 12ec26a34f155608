"""Users in a database of SQL: a password, or a hash of it, by a query of the configuration; and their groups."""

import hmac
import logging
import re
from typing import Final

from angarium.auth.fairturns import NOBODY, Claimant
from angarium.auth.outsidecalls import OutsideCalls
from angarium.auth.passwordhashes import check_hash
from angarium.auth.passwords import prepared_for_check
from angarium.auth.spelling import is_as_prepared
from angarium.auth.sqldatabase import ROWS_MAX, Row, SqlDatabase, Value
from angarium.auth.sqlquery import SqlQuery
from angarium.auth.verifying import CredentialStamp, KnownSecret, PasswordLogin
from angarium.names import UserId

log = logging.getLogger(__name__)

_HASH: Final = re.compile(r"[!*]*(?:\{[A-Za-z0-9.-]+\}|\$[A-Za-z0-9-]+\$).*", re.DOTALL)
_NO_PASSWORDS: Final = frozenset({"*", "!", "!!", "x", "*LK*", "NP", "*NP*"})
"""What stands for a password that nobody has, in files of systems from which such tables are filled."""
_PLAIN: Final = re.compile(r"\{(?:PLAIN|CLEARTEXT|CLEAR|PLAINTEXT)\}", re.IGNORECASE)


class SqlUsers:
    """Finds passwords by one query; used by any thread."""

    def __init__(self, database: SqlDatabase, query: SqlQuery, *, realm: str) -> None:
        """`realm` is that of users without a domain: the server's name."""
        self._database = database
        self._query = query
        self._realm = realm

    def stored(self, userid: UserId, realm: str = "") -> str:
        """What the database has as her password; empty for nothing. AuthenticationUnavailable."""
        if not is_as_prepared(str(userid)):
            return ""
        rows = self._database.rows(self._query, userid.localpart, userid.domain or realm or self._realm)
        return _text(rows[0][0]) if rows and rows[0] else ""


class SqlVerifier:
    """Checks passwords; a PasswordVerifier."""

    def __init__(self, name: str, users: SqlUsers, calls: OutsideCalls) -> None:
        self.name = name
        self._users = users
        self._calls = calls

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        """AuthenticationUnavailable."""
        is_right = await self._calls.run(lambda: self._check(login), login.claimant)
        return CredentialStamp(str(login.userid)) if is_right else None

    async def close(self) -> None:
        """The database is others' too."""

    def _check(self, login: PasswordLogin) -> bool:
        stored = self._users.stored(login.userid)
        if not stored:
            return False
        secret = plain_secret(stored)
        if secret is not None:
            typed, known = (
                prepared_for_check(each).encode(errors="surrogatepass") for each in (login.password, secret)
            )
            return bool(secret) and hmac.compare_digest(typed, known)
        try:
            return check_hash(stored, login.password)
        except ValueError as error:
            reason = {"method": self.name, "user": str(login.userid), "reason": str(error)}
            log.warning("password_hash_unusable", extra=reason)
            return False


class SqlSecrets:
    """Knows passwords that stand in the database as they are; a SecretSource."""

    name = "sql"

    def __init__(self, users: SqlUsers, calls: OutsideCalls) -> None:
        self._users = users
        self._calls = calls

    async def secret(self, userid: UserId, realm: str, claimant: Claimant = NOBODY) -> KnownSecret | None:
        """None for a user of whose password there is a hash only. AuthenticationUnavailable."""
        stored = await self._calls.run(lambda: self._users.stored(userid, realm), claimant)
        secret = plain_secret(stored)
        return KnownSecret(secret, CredentialStamp(str(userid))) if secret else None


class SqlGroups:
    """Knows groups; a GroupSource."""

    name = "sql"

    def __init__(self, database: SqlDatabase, query: SqlQuery, *, realm: str) -> None:
        self._database = database
        self._query = query
        self._realm = realm

    def groups_of(self, userid: str) -> frozenset[str]:
        """AuthenticationUnavailable; ValueError for more rows than are read."""
        user, _, domain = userid.partition("@")
        rows = self._database.rows(self._query, user, domain or self._realm)
        if len(rows) >= ROWS_MAX:
            raise ValueError(f"{userid} is in {ROWS_MAX} groups or more")
        return frozenset(name for name in map(_first, rows) if name)


def plain_secret(stored: str) -> str | None:
    """The password where it stands as it is; None for one that is locked, and for a hash, even one that nobody here can
    check: whoever stole it would log in by it."""
    plain = _PLAIN.match(stored)
    if plain is not None:
        return stored[plain.end() :]
    return None if stored in _NO_PASSWORDS or _HASH.fullmatch(stored) else stored


def _first(row: Row) -> str:
    return _text(row[0]) if row else ""


def _text(value: Value) -> str:
    if value is None:
        return ""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
