"""Users in an LDAP directory, who are let in where the directory lets them in (RFC 4513 §5.1.3); and their groups."""

import logging
from collections.abc import Sequence
from typing import Final

from angarium.auth.ldapdirectory import LdapDirectory, LdapEntry, NamePart, NoSuchBase, TooManyEntries
from angarium.auth.ldapnames import LdapName, escape_dn, escape_filter
from angarium.auth.outsidecalls import OutsideCalls
from angarium.auth.spelling import is_as_prepared
from angarium.auth.verifying import CredentialStamp, PasswordLogin
from angarium.config import LdapScope, LdapSettings, MemberMethod
from angarium.errors import AuthenticationUnavailable, ConfigError

log = logging.getLogger(__name__)

_NONE: Final[frozenset[str]] = frozenset()


class LdapUsers:
    """Finds users' entries; used by any thread."""

    def __init__(self, directory: LdapDirectory, settings: LdapSettings, *, domain: str) -> None:
        """`domain` is that of users who have none."""
        self._directory = directory
        self._settings = settings
        self._domain = domain

    def name(self, userid: str, dn: str = "") -> LdapName:
        """What placeholders stand for."""
        return LdapName(userid, userid.partition("@")[2] or self._domain, dn)

    def dn(self, userid: str) -> str:
        """The name of a user's entry; empty where there is none. AuthenticationUnavailable."""
        if not is_as_prepared(userid):
            return ""
        if self._settings.ldap_user_dn:
            return self.name(userid).expand(self._settings.ldap_user_dn, escape_dn)
        entry = self.entry(userid)
        return entry.dn if entry is not None else ""

    def entry(self, userid: str, *attributes: str) -> LdapEntry | None:
        """The one entry that the search of the configuration finds; where it finds several, nobody knows who she is."""
        if not is_as_prepared(userid):
            return None
        settings, name = self._settings, self.name(userid)
        base = name.expand(settings.ldap_base, escape_dn)
        filter_text = name.expand(settings.ldap_filter, escape_filter)
        try:
            found = self._directory.search(base, settings.ldap_scope, filter_text, attributes, limit=2)
        except TooManyEntries:
            found = []
            log.warning("ldap_user_ambiguous", extra={"user": userid})
        except NoSuchBase as error:
            if base == settings.ldap_base:
                raise AuthenticationUnavailable(f"LDAP: there is no entry {base!r} (ldap_base)") from error
            return None
        if len(found) > 1:
            log.warning("ldap_user_ambiguous", extra={"user": userid})
            return None
        return found[0] if found else None


class LdapVerifier:
    """Checks passwords; a PasswordVerifier."""

    name = "ldap"

    def __init__(self, directory: LdapDirectory, users: LdapUsers, calls: OutsideCalls) -> None:
        self._directory = directory
        self._users = users
        self._calls = calls

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        """AuthenticationUnavailable."""
        if not login.password:
            # A directory takes anybody who gives none, and lets her in as nobody (RFC 4513 §5.1.2).
            return None
        is_right = await self._calls.run(lambda: self._check(str(login.userid), login.password), login.claimant)
        return CredentialStamp(str(login.userid)) if is_right else None

    async def close(self) -> None:
        """The directory is others' too."""

    def _check(self, userid: str, password: str) -> bool:
        dn = self._users.dn(userid)
        if not dn:
            return False
        is_right, reason = self._directory.is_password_of(dn, password)
        if not is_right:
            log.info("ldap_bind_refused", extra={"user": userid, "reason": reason})
        return is_right


class LdapGroups:
    """Knows groups; a GroupSource.

    Directories compare names without regard to case, and Cyrus has groups in lower case, so each name is given in lower
    case, too.
    """

    name = "ldap"

    def __init__(self, directory: LdapDirectory, users: LdapUsers, settings: LdapSettings) -> None:
        """ConfigError."""
        if not settings.ldap_member_attribute:
            raise ConfigError("ldap_member_attribute: it is not set, and pts_module is ldap")
        self._directory = directory
        self._users = users
        self._settings = settings

    def groups_of(self, userid: str) -> frozenset[str]:
        """AuthenticationUnavailable; ValueError where the directory has too many of them."""
        attribute = self._settings.ldap_member_attribute
        if self._settings.ldap_member_method is MemberMethod.ATTRIBUTE:
            entry = self._entry_with(userid, attribute)
            entries = [] if entry is None else [entry]
        else:
            entries = self._group_entries(userid, attribute)
        names = [value.decode() for entry in entries for value in entry.attributes.get(attribute.lower(), ())]
        groups = [self._group_of(name) for name in names]
        return frozenset(groups) | {group.lower() for group in groups} if groups else _NONE

    def _entry_with(self, userid: str, attribute: str) -> LdapEntry | None:
        if not self._settings.ldap_user_dn:
            return self._users.entry(userid, attribute)
        try:
            found = self._directory.search(self._users.dn(userid), LdapScope.BASE, "(objectClass=*)", [attribute])
        except NoSuchBase:
            return None
        return found[0] if found else None

    def _group_entries(self, userid: str, attribute: str) -> list[LdapEntry]:
        settings = self._settings
        dn = ""
        if "%D" in settings.ldap_member_filter + settings.ldap_member_base:
            dn = self._users.dn(userid)
            if not dn:
                return []
        name = self._users.name(userid, dn)
        base = name.expand(settings.ldap_member_base, escape_dn)
        try:
            return self._directory.search(
                base, settings.ldap_member_scope, name.expand(settings.ldap_member_filter, escape_filter), [attribute]
            )
        except TooManyEntries as error:
            raise ValueError(f"{userid} is in too many groups") from error
        except NoSuchBase as error:
            if base == settings.ldap_member_base:
                raise AuthenticationUnavailable(f"LDAP: there is no entry {base!r} (ldap_member_base)") from error
            return []

    def _group_of(self, name: str) -> str:
        """A value as a group: the first part of the name of an entry below `ldap_group_base`, else the whole."""
        base = self._settings.ldap_group_base
        if not base or "=" not in name:
            return name
        parts, below = self._directory.parse_dn(name), self._directory.parse_dn(base)
        if below and len(parts) > len(below) and _folded(parts[-len(below) :]) == _folded(below):
            return parts[0][0][1]
        return name


def _folded(parts: Sequence[NamePart]) -> list[list[tuple[str, str]]]:
    return [[(name.lower(), value.lower()) for name, value in part] for part in parts]
