"""Passwords that are stored as they are, by choice of the user or the site: without them nobody can log in by CRAM-MD5,
DIGEST-MD5 or APOP. The main password is another one, or the same; here nothing knows."""

from typing import Final

from angarium.auth.fairturns import NOBODY, Claimant
from angarium.auth.verifying import CredentialStamp, KnownSecret
from angarium.engine.interface import Engine
from angarium.engine.sources import Sources
from angarium.engine.users import PutSharedSecret, RemoveSharedSecret, SharedSecretRow
from angarium.errors import PreparationFailed, UserNotFound
from angarium.names import UserId
from angarium.sasl import saslprep

MAX_REALM_LENGTH: Final = 255


class SharedSecrets:
    """A `SecretSource`: those of `angarium user shared-secret`."""

    name = "angarium"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def are_there(self) -> bool:
        """Whether anybody has one."""
        return self._engine.has_shared_secrets()

    async def secret(self, userid: UserId, realm: str, _: Claimant = NOBODY) -> KnownSecret | None:
        """That of the realm, or the usual one where the realm has none of its own."""
        user = await self._engine.user(str(userid))
        if not user.shared_secrets or (user.credential is not None and user.credential.disabled):
            return None
        by_realm = {row.realm: row for row in user.shared_secrets}
        row = by_realm.get(realm) or by_realm.get("")
        return None if row is None else KnownSecret(row.secret, CredentialStamp(row.userid, shared_secret=row.version))


async def set_shared_secret(engine: Engine, userid: UserId, realm: str, secret: str, *, sources: Sources) -> None:
    """Store it, durably; sessions that logged in by the one before hold no more. PreparationFailed."""
    if len(realm) > MAX_REALM_LENGTH or not (realm == "" or realm.isprintable()):
        raise PreparationFailed("not the name of a realm")
    saslprep.prepare(secret)  # what holds a NUL, or nothing that counts, is refused; clients hash what was typed
    row = SharedSecretRow(str(userid), realm, secret, sources.random_63())
    await engine.change_user(PutSharedSecret(row))


async def remove_shared_secret(engine: Engine, userid: UserId, realm: str) -> None:
    """Durably; its sessions end. UserNotFound."""
    if not await engine.change_user(RemoveSharedSecret(str(userid), realm)):
        where = f" of realm {realm!r}" if realm else ""
        raise UserNotFound(f"{userid} has no shared secret{where}")
