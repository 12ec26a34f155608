"""An LDAP directory that is asked for users and groups (RFC 4511), by the system's libldap.

What asks blocks, and is for threads; the library lets go of the interpreter's lock while it waits. It is an extra of
the installation, and only looked for where the configuration asks for it.
"""

import contextlib
import importlib
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

from angarium.auth.connectionpool import ConnectionLost, ConnectionPool, one_line
from angarium.auth.ldapsasl import bind_by_sasl, require_mechanism
from angarium.config import LdapDeref, LdapScope, LdapSettings
from angarium.errors import AuthenticationUnavailable, ConfigError

_SCHEMES: Final = ("ldap", "ldaps", "ldapi")
_LDAPS_PORT: Final = 636
_ENTRIES_MAX: Final = 10_000

Connection = Any
"""The library has no types."""


@dataclass(frozen=True, slots=True)
class LdapEntry:
    """What a search has found."""

    dn: str
    attributes: Mapping[str, Sequence[bytes]]


NamePart = Sequence[tuple[str, str]]
"""A part of an entry's name: mostly one attribute with its value."""


class TooManyEntries(Exception):
    """A search has found more than it may."""


class NoSuchBase(Exception):
    """There is no entry below which could be searched."""


class LdapDirectory:
    """The directory of some settings, with its connections; used by any thread.

    Some connections are the server's own, to search by; others are bound as one user after another.
    """

    def __init__(self, settings: LdapSettings) -> None:
        """ConfigError for settings that cannot do, or where the library is missing."""
        if not settings.ldap_uri:
            raise ConfigError("ldap_uri: it is not set")
        for uri in settings.ldap_uri:
            if urlsplit(uri).scheme not in _SCHEMES:
                raise ConfigError(f"ldap_uri: {uri!r} is no URI of ldap:, ldaps: or ldapi:")
        if settings.ldap_bind_dn and not settings.ldap_password.text:
            # A bind without a password is one as nobody (RFC 4513 §5.1.2).
            raise ConfigError("ldap_password: it is not set, and ldap_bind_dn is")
        if settings.ldap_sasl:
            require_mechanism(settings)
        self._settings = settings
        self._ldap = ldap_library()
        self._no_answers = (
            self._ldap.SERVER_DOWN,
            self._ldap.CONNECT_ERROR,
            self._ldap.TIMEOUT,
            self._ldap.BUSY,
            self._ldap.UNAVAILABLE,
        )
        self._searching: ConnectionPool[Connection] = ConnectionPool(self._connect_as_server, self._unbind)
        self._binding: ConnectionPool[Connection] = ConnectionPool(self._connect, self._unbind)

    def search(
        self, base: str, scope: LdapScope, filter_text: str, attributes: Sequence[str], *, limit: int = _ENTRIES_MAX
    ) -> list[LdapEntry]:
        """AuthenticationUnavailable, TooManyEntries, NoSuchBase."""
        return self._searching.use(
            lambda connection: self._search(connection, base, scope, filter_text, attributes, limit)
        )

    def is_password_of(self, dn: str, password: str) -> tuple[bool, str]:
        """Whether the directory lets in this entry with this password, which is not empty; else why not, in its words.
        AuthenticationUnavailable."""
        assert dn
        assert password, "a bind without a password proves nothing"
        return self._binding.use(lambda connection: self._bind(connection, dn, password))

    def parse_dn(self, text: str) -> Sequence[NamePart]:
        """The parts of an entry's name (RFC 4514), from the left; none of a text that is no such name."""
        try:
            parts = self._ldap.dn.str2dn(text)
        except self._ldap.LDAPError:
            return ()
        return [[(name, value) for name, value, _ in part] for part in parts]

    def close(self) -> None:
        """Give back what waits."""
        self._searching.close()
        self._binding.close()

    # With a connection

    def _search(
        self,
        connection: Connection,
        base: str,
        scope: LdapScope,
        filter_text: str,
        attributes: Sequence[str],
        limit: int,
    ) -> list[LdapEntry]:
        library = self._ldap
        scopes = {
            LdapScope.SUB: library.SCOPE_SUBTREE,
            LdapScope.ONE: library.SCOPE_ONELEVEL,
            LdapScope.BASE: library.SCOPE_BASE,
        }
        try:
            found = connection.search_ext_s(
                base,
                scopes[scope],
                filter_text,
                # No attribute at all has this name (RFC 4511 §4.5.1.8).
                list(attributes) or ["1.1"],
                timeout=self._settings.ldap_time_limit.total_seconds(),
                sizelimit=limit,
            )
        except library.SIZELIMIT_EXCEEDED as error:
            raise TooManyEntries from error
        except library.NO_SUCH_OBJECT as error:
            raise NoSuchBase from error
        except library.FILTER_ERROR as error:
            raise AuthenticationUnavailable(f"LDAP: {filter_text!r} is not a filter") from error
        except library.LDAPError as error:
            raise ConnectionLost(_reason(error)) from error
        # References to other servers have no name.
        return [
            LdapEntry(dn, {name.lower(): values for name, values in entry.items()})
            for dn, entry in found
            if dn is not None
        ]

    def _bind(self, connection: Connection, dn: str, password: str) -> tuple[bool, str]:
        library = self._ldap
        try:
            connection.simple_bind_s(dn, password)
        except (
            library.INVALID_CREDENTIALS,
            library.NO_SUCH_OBJECT,
            library.INAPPROPRIATE_AUTH,
            library.INVALID_DN_SYNTAX,
            # As servers answer for an account that is locked.
            library.CONSTRAINT_VIOLATION,
            library.UNWILLING_TO_PERFORM,
        ) as error:
            return False, _reason(error)
        except library.LDAPError as error:
            raise ConnectionLost(_reason(error)) from error
        return True, ""

    # Connections

    def _connect_as_server(self) -> Connection:
        connection = self._connect()
        settings = self._settings
        try:
            if settings.ldap_sasl:
                host = urlsplit(connection.get_option(self._ldap.OPT_URI)).hostname
                bind_by_sasl(connection, settings, host or "localhost")
            elif settings.ldap_bind_dn:
                connection.simple_bind_s(settings.ldap_bind_dn, settings.ldap_password.text)
        except self._ldap.LDAPError as error:
            self._unbind(connection)
            option = "ldap_sasl_mech" if settings.ldap_sasl else "ldap_bind_dn"
            raise AuthenticationUnavailable(f"{_reason(error)}, for {option}") from error
        except AuthenticationUnavailable:
            self._unbind(connection)
            raise
        return connection

    def _connect(self) -> Connection:
        """To the first server that answers."""
        reasons = []
        for uri in self._settings.ldap_uri:
            try:
                return self._connect_to(uri)
            except self._ldap.LDAPError as error:
                reasons.append(f"{uri}: {_reason(error)}")
            except TimeoutError as error:
                reasons.append(f"{uri}: LDAP: {error}")
        raise AuthenticationUnavailable("; ".join(reasons))

    def _connect_to(self, uri: str) -> Connection:
        library, settings = self._ldap, self._settings
        timeout_s = settings.ldap_timeout.total_seconds()
        if uri.startswith("ldaps:"):
            _require_handshake(uri, timeout_s)
        connection = library.initialize(uri)
        connection.timeout = timeout_s
        connection.network_timeout = timeout_s
        # For what the library waits for itself: the answer to StartTLS.
        connection.set_option(library.OPT_TIMEOUT, timeout_s)
        connection.protocol_version = library.VERSION3
        connection.set_option(library.OPT_REFERRALS, 0)
        connection.set_option(library.OPT_DEREF, _derefs(library)[settings.ldap_deref])
        self._set_tls(connection)
        starts_tls = settings.ldap_start_tls and uri.startswith("ldap:")
        try:
            if starts_tls:
                connection.start_tls_s()
            else:
                # It connects with the first request only; any answer will do.
                connection.search_ext_s("", library.SCOPE_BASE, "(objectClass=*)", ["1.1"], timeout=timeout_s)
        except library.LDAPError as error:
            if starts_tls or isinstance(error, self._no_answers):
                self._unbind(connection)
                raise
        return connection

    def _set_tls(self, connection: Connection) -> None:
        library, settings = self._ldap, self._settings
        demand = library.OPT_X_TLS_DEMAND if settings.ldap_verify_peer else library.OPT_X_TLS_NEVER
        connection.set_option(library.OPT_X_TLS_REQUIRE_CERT, demand)
        texts: dict[int, str | Path | None] = {
            library.OPT_X_TLS_CACERTFILE: settings.ldap_ca_file,
            library.OPT_X_TLS_CACERTDIR: settings.ldap_ca_dir,
            library.OPT_X_TLS_CERTFILE: settings.ldap_client_cert,
            library.OPT_X_TLS_KEYFILE: settings.ldap_client_key,
            library.OPT_X_TLS_CIPHER_SUITE: settings.ldap_ciphers or None,
        }
        for name, text in texts.items():
            if text is not None:
                connection.set_option(name, str(text))
        connection.set_option(library.OPT_X_TLS_NEWCTX, 0)

    def _unbind(self, connection: Connection) -> None:
        with contextlib.suppress(self._ldap.LDAPError):
            connection.unbind_ext_s()


def _require_handshake(uri: str, timeout_s: float) -> None:
    """TimeoutError where a server lets a client connect and does not shake hands: libldap with GnuTLS would wait for it
    without end, and at full speed. Whatever else is wrong with it, the library finds out."""
    parts = urlsplit(uri)
    address = (parts.hostname or "localhost", parts.port or _LDAPS_PORT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(address, timeout_s) as plain, context.wrap_socket(plain):
            pass
    except TimeoutError as error:
        raise TimeoutError(f"no TLS handshake within {timeout_s:g} seconds") from error
    except (OSError, UnicodeError):
        pass


def ldap_library() -> ModuleType:
    """ConfigError."""
    try:
        importlib.import_module("ldap.dn")
        return importlib.import_module("ldap")
    except (ImportError, OSError) as error:
        raise ConfigError(
            f"ldap_uri: the library for LDAP cannot be loaded ({error}); install angarium with its extra ldap"
        ) from error


def _derefs(library: ModuleType) -> dict[LdapDeref, int]:
    return {
        LdapDeref.NEVER: library.DEREF_NEVER,
        LdapDeref.SEARCH: library.DEREF_SEARCHING,
        LdapDeref.FIND: library.DEREF_FINDING,
        LdapDeref.ALWAYS: library.DEREF_ALWAYS,
    }


def _reason(error: Exception) -> str:
    """The library's and the server's words."""
    details = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    words = [str(details.get("desc") or type(error).__name__), str(details.get("info") or "")]
    return "LDAP: " + one_line(": ".join([word for word in words if word]))
