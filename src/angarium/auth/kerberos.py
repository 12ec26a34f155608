"""The security contexts of GSSAPI, by the system's library of Kerberos 5 (RFC 4752, RFC 2743).

The library is an extra of the installation, and only looked for where somebody asks for it.
"""

import contextlib
from collections.abc import Collection, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import gssapi

SERVICES: Final = ("imap", "pop", "sieve", "lmtp")
"""As SASL names the protocols; principals of theirs have the host's name behind it."""


class KerberosUnavailable(Exception):
    """GSSAPI cannot be offered; the text says why."""


class KerberosAcceptor:
    """Accepts contexts with the keys of a key table; a `GssAcceptor`."""

    def __init__(self, keytab: Path | None, *, realms: Collection[str] = ()) -> None:
        """Without a key table, the system's own is taken; `realms` are those whose users may log in beside the users of
        the realm that the key is of. KerberosUnavailable where there is no library, or no key of any service."""
        self._gssapi = _library()
        self._realms = frozenset(realms)
        self._keys = self._find_keys(None if keytab is None else {b"keytab": str(keytab).encode()})

    def serves(self, service: str) -> bool:
        """Whether there are keys of this service."""
        return service in self._keys

    def context(self, service: str) -> "AcceptedContext":
        """A new one; ValueError where there are no keys of the service."""
        if service not in self._keys:
            raise ValueError(f"there is no key of {service}")
        return AcceptedContext(self._gssapi, self._keys[service], self._realms)

    def _find_keys(self, store: "Mapping[bytes, bytes] | None") -> "dict[str, gssapi.Credentials]":
        """By service, without a host: any that the key table has of it will do."""
        library = self._gssapi
        keys, reason = {}, ""
        for service in SERVICES:
            try:
                keys[service] = library.Credentials(
                    name=library.Name(service, library.NameType.hostbased_service),
                    mechs=[library.MechType.kerberos],
                    usage="accept",
                    store=store,
                )
            except library.exceptions.GSSError as error:
                reason = str(error)
        if not keys:
            raise KerberosUnavailable(f"no key of {', '.join(SERVICES)}: {reason}")
        return keys


class AcceptedContext:
    """The server's side of one context; a `GssContext`."""

    def __init__(self, library: ModuleType, keys: "gssapi.Credentials", realms: frozenset[str]) -> None:
        self._gssapi = library
        self._realms = realms
        self._context: gssapi.SecurityContext = library.SecurityContext(creds=keys, usage="accept")

    def accept(self, token: bytes) -> tuple[bytes, str | None]:
        """The token for the client, and who it is once the context stands. ValueError."""
        try:
            answer: bytes | None = self._context.step(token)
            if not self._context.complete:
                return answer or b"", None
            if self._context.mech != self._gssapi.MechType.kerberos:
                raise ValueError("the mechanism is not Kerberos")
            initiator, acceptor = str(self._context.initiator_name), str(self._context.target_name)
        except self._gssapi.exceptions.GSSError as error:
            raise ValueError(str(error)) from error
        return answer or b"", user_of(initiator, acceptor, self._realms)

    def wrap(self, data: bytes) -> bytes:
        """Without confidentiality. ValueError."""
        return _wrap(self._gssapi, self._context, data)

    def unwrap(self, data: bytes) -> bytes:
        """ValueError."""
        return _unwrap(self._gssapi, self._context, data)


class KerberosInitiator:
    """The client's side of one context, with the tickets that the user has; a `ClientGssContext`."""

    def __init__(self, service: str, host: str) -> None:
        """KerberosUnavailable where there is no library."""
        library = self._gssapi = _library()
        self._flags = {library.RequirementFlag.mutual_authentication, library.RequirementFlag.integrity}
        self._context: gssapi.SecurityContext = library.SecurityContext(
            name=library.Name(f"{service}@{host}", library.NameType.hostbased_service),
            mech=library.MechType.kerberos,
            flags=self._flags,
            usage="initiate",
        )

    def initiate(self, token: bytes) -> tuple[bytes, bool]:
        """See `ClientGssContext.initiate`. ValueError."""
        try:
            answer: bytes | None = self._context.step(token or None)
            if self._context.complete and not self._flags <= set(self._context.actual_flags):
                raise ValueError("the server has not proven who it is")
        except self._gssapi.exceptions.GSSError as error:
            raise ValueError(str(error)) from error
        return answer or b"", self._context.complete

    def wrap(self, data: bytes) -> bytes:
        """Without confidentiality. ValueError."""
        return _wrap(self._gssapi, self._context, data)

    def unwrap(self, data: bytes) -> bytes:
        """ValueError."""
        return _unwrap(self._gssapi, self._context, data)


def user_of(principal: str, acceptor: str, realms: Collection[str]) -> str:
    """The user whom a principal is: the name alone of one in the server's realm, and the whole of one in `realms`.
    ValueError for any other."""
    name, at, realm = principal.rpartition("@")
    if not at or not name or any(character in name for character in "/\\@"):
        raise ValueError(f"{principal} is not the principal of a user")
    if realm == acceptor.rpartition("@")[2]:
        return name
    if realm in realms:
        return principal
    raise ValueError(f"{principal} is of a realm that loginrealms does not name")


def preload_library() -> None:
    """Have it in memory before processes are forked; whether it is there is found out by who needs it."""
    with contextlib.suppress(KerberosUnavailable):
        _library()


def _library() -> ModuleType:
    try:
        import gssapi
        import gssapi.exceptions
    except (ImportError, OSError) as error:
        # The library of Python is there without that of the system where it raises OSError.
        raise KerberosUnavailable(f"the library gssapi cannot be loaded: {error}") from error
    return gssapi


def _wrap(library: ModuleType, context: "gssapi.SecurityContext", data: bytes) -> bytes:
    try:
        return context.wrap(data, encrypt=False).message
    except library.exceptions.GSSError as error:
        raise ValueError(str(error)) from error


def _unwrap(library: ModuleType, context: "gssapi.SecurityContext", data: bytes) -> bytes:
    try:
        return context.unwrap(data).message
    except library.exceptions.GSSError as error:
        raise ValueError(str(error)) from error
