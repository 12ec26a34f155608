"""The users of a sasldb2 of Cyrus SASL: passwords as they are, by user and realm; read only.

A key of the database is user, realm and the name of a property, with a NUL between; `userPassword` has the password.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from angarium.auth.berkeleydb import NotBerkeleyDb, parse_berkeley_db
from angarium.auth.boundedcalls import BoundedCalls
from angarium.auth.fairturns import NOBODY, Claimant
from angarium.auth.rereadfile import RereadFile
from angarium.auth.verifying import CredentialStamp, KnownSecret
from angarium.names import UserId

PASSWORD_PROPERTY: Final = "userPassword"
_OTHER_KINDS: Final = tuple(
    (each.to_bytes(4, order), "GDBM") for each in range(0x13579ACD, 0x13579AD0) for order in ("little", "big")
)
"""What Cyrus SASL may have been built with elsewhere."""
_READING: Final = 2


@dataclass(frozen=True, slots=True)
class SasldbEntry:
    """One property of a user."""

    user: str
    realm: str
    property: str
    value: str = field(repr=False)


def parse_sasldb(octets: bytes) -> list[SasldbEntry]:
    """All that can be read as text, by realm and user. ValueError for what is no such database."""
    for beginning, kind in _OTHER_KINDS:
        if octets.startswith(beginning):
            raise NotBerkeleyDb(f"it is a database of {kind}, which is not read; only Berkeley DB is")
    entries = []
    for key, value in parse_berkeley_db(octets):
        parts = key.split(b"\0")
        if len(parts) < 3:
            continue
        try:
            user, realm, name = (part.decode() for part in parts[:3])
            entries.append(SasldbEntry(user, realm, name, value.decode()))
        except UnicodeDecodeError:
            continue
    return sorted(entries, key=lambda entry: (entry.realm, entry.user, entry.property))


def read_sasldb(path: Path) -> list[SasldbEntry]:
    """Those of a file, as it is now. AuthenticationUnavailable where it cannot be read, or is no such database."""
    return RereadFile(path, parse_sasldb).content()


class SasldbSecrets:
    """Knows the passwords of a sasldb; a SecretSource."""

    name = "sasldb"

    def __init__(self, path: Path, *, realm: str) -> None:
        """`realm` is that of users without a domain: the server's name."""
        self._file = RereadFile(path, _passwords)
        self._realm = realm
        self._calls = BoundedCalls(at_once=_READING)

    async def secret(self, userid: UserId, realm: str, claimant: Claimant = NOBODY) -> KnownSecret | None:
        """A user's domain is her realm, whatever else is asked for. AuthenticationUnavailable."""
        key = (userid.localpart, userid.domain or realm or self._realm)
        passwords = await self._calls.run(lambda: asyncio.to_thread(self._file.content), claimant)
        secret = passwords.get(key)
        return KnownSecret(secret, CredentialStamp(str(userid))) if secret else None


def _passwords(octets: bytes) -> Mapping[tuple[str, str], str]:
    return {
        (entry.user, entry.realm): entry.value for entry in parse_sasldb(octets) if entry.property == PASSWORD_PROPERTY
    }
