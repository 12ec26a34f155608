"""Those of the network who know users: databases, directories, issuers of tokens; each once in a worker.

Services with the same options share them, connections and all. After a reload with other options, sessions that know
the old ones go on with them.
"""

import importlib
from collections.abc import Callable
from typing import TypeVar

from angarium.auth import Groups, GroupSource, TokenVerifier
from angarium.auth.askedtokens import AskedTokens
from angarium.auth.ldapdirectory import LdapDirectory, ldap_library
from angarium.auth.ldapusers import LdapGroups, LdapUsers, LdapVerifier
from angarium.auth.outsidecalls import OutsideCalls
from angarium.auth.signedtokens import SignedTokens
from angarium.auth.sqldatabase import SqlDatabase, sql_library
from angarium.auth.sqlusers import SqlGroups, SqlSecrets, SqlUsers, SqlVerifier
from angarium.auth.tokenkeys import jwt_library
from angarium.config import (
    AuthMech,
    AuxpropPlugin,
    LdapSettings,
    OauthSettings,
    PtsModule,
    PwcheckMethod,
    Settings,
    SqlSettings,
)
from angarium.errors import ConfigError
from angarium.names import NameSettings

Wanted = TypeVar("Wanted")
Made = TypeVar("Made")


class _Database:
    def __init__(self, settings: SqlSettings) -> None:
        self.database = SqlDatabase(settings)
        self.calls = OutsideCalls("sql")

    def close(self) -> None:
        self.calls.close()
        self.database.close()


class _Directory:
    def __init__(self, settings: LdapSettings) -> None:
        self.directory = LdapDirectory(settings)
        self.calls = OutsideCalls("ldap")

    def close(self) -> None:
        self.calls.close()
        self.directory.close()


class Outsiders:
    """All of a worker. Each method raises ConfigError for what can be seen to be wrong without asking anybody."""

    def __init__(self) -> None:
        self._databases: dict[SqlSettings, _Database] = {}
        self._directories: dict[LdapSettings, _Directory] = {}
        self._tokens: dict[OauthSettings, TokenVerifier] = {}

    def keep_to(self, settings: Settings) -> None:
        """Forget those that no service has options for any more; they keep no connection from then on."""
        all_settings = (settings, *settings.services.values())
        for sql in self._databases.keys() - {each.sql for each in all_settings}:
            self._databases.pop(sql).database.close()
        for ldap in self._directories.keys() - {each.ldap for each in all_settings}:
            self._directories.pop(ldap).directory.close()
        for oauth in self._tokens.keys() - {each.oauth for each in all_settings}:
            del self._tokens[oauth]

    # SQL

    def sql_verifier(self, name: str, settings: Settings) -> SqlVerifier:
        """`name` is what the log calls it."""
        return SqlVerifier(name, self._sql_users(settings), self._database(settings).calls)

    def sql_secrets(self, settings: Settings) -> SqlSecrets:
        return SqlSecrets(self._sql_users(settings), self._database(settings).calls)

    def _sql_users(self, settings: Settings) -> SqlUsers:
        database = self._database(settings).database
        query = database.query("sasl_sql_select", settings.sql.sasl_sql_select)
        return SqlUsers(database, query, realm=settings.server.servername)

    def _database(self, settings: Settings) -> _Database:
        return _kept(self._databases, settings.sql, _Database)

    # LDAP

    def ldap_verifier(self, settings: Settings) -> LdapVerifier:
        made = self._directory(settings)
        if not settings.ldap.ldap_user_dn and not settings.ldap.ldap_filter:
            raise ConfigError("ldap_filter: it is empty, and ldap_user_dn is not set")
        return LdapVerifier(made.directory, self._ldap_users(made, settings), made.calls)

    def _ldap_users(self, made: _Directory, settings: Settings) -> LdapUsers:
        domain = settings.namespace.defaultdomain or settings.server.servername
        return LdapUsers(made.directory, settings.ldap, domain=domain)

    def _directory(self, settings: Settings) -> _Directory:
        return _kept(self._directories, settings.ldap, _Directory)

    # Groups

    def groups(self, settings: Settings, names: NameSettings) -> Groups:
        """Those of all sources of the whole server."""
        sources: list[GroupSource] = []
        if settings.auth.pts_module is PtsModule.LDAP and settings.auth.auth_mech is AuthMech.PTS:
            made = self._directory(settings)
            sources.append(LdapGroups(made.directory, self._ldap_users(made, settings), settings.ldap))
        if settings.sql.sql_groups_select:
            database = self._database(settings).database
            query = database.query("sql_groups_select", settings.sql.sql_groups_select)
            sources.append(SqlGroups(database, query, realm=settings.server.servername))
        return Groups.from_settings(settings.auth, names, further=sources)

    # Tokens

    def tokens(self, settings: OauthSettings) -> TokenVerifier | None:
        """None where no issuer is named."""
        if settings.oauth_jwks and settings.oauth_introspection_url:
            raise ConfigError("oauth_introspection_url: it is set, and so is oauth_jwks; allowed: one of them")
        if settings.oauth_jwks:
            return _kept(self._tokens, settings, SignedTokens)
        if settings.oauth_introspection_url:
            return _kept(self._tokens, settings, AskedTokens)
        return None

    async def close(self) -> None:
        """Give back connections and threads."""
        for database in self._databases.values():
            database.close()
        for directory in self._directories.values():
            directory.close()
        for verifier in self._tokens.values():
            await verifier.close()


def check_outsiders(settings: Settings, names: NameSettings) -> None:
    """Nobody is asked. ConfigError for options of a service that would keep a worker from making those who ask."""
    outsiders = Outsiders()
    if PwcheckMethod.LDAP in settings.auth.sasl_pwcheck_method:
        outsiders.ldap_verifier(settings)
    if _checks_by_sql(settings):
        outsiders.sql_verifier("sql", settings)
    outsiders.groups(settings, names)
    outsiders.tokens(settings.oauth)


def _checks_by_sql(settings: Settings) -> bool:
    methods, plugins = settings.auth.sasl_pwcheck_method, settings.verifiers.sasl_auxprop_plugin
    return PwcheckMethod.SQL in methods or AuxpropPlugin.SQL in plugins


def preload_libraries(settings: Settings) -> None:
    """Have in memory what workers may not be allowed to read any more. ConfigError for a library that is missing."""
    for each in (settings, *settings.services.values()):
        methods = each.auth.sasl_pwcheck_method
        if PwcheckMethod.LDAP in methods or each.auth.pts_module is PtsModule.LDAP:
            ldap_library()
        if _checks_by_sql(each) or each.sql.sql_groups_select:
            sql_library(each.sql.sasl_sql_engine)
        if each.oauth.oauth_jwks:
            jwt_library()
        if each.oauth.oauth_jwks or each.oauth.oauth_introspection_url:
            # With it names of hosts are looked up.
            importlib.import_module("encodings.idna")


def _kept(made: dict[Wanted, Made], settings: Wanted, make: Callable[[Wanted], Made]) -> Made:
    found = made.get(settings)
    if found is None:
        found = made[settings] = make(settings)
    return found
