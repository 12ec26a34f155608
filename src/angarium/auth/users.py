"""The users of the store: credentials, and with them their mail.

Order is what a crash may leave: a user who can log in has an INBOX, and mail is taken away only from a user who cannot
log in any more.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from angarium.auth.passwordhashes import parse_hash
from angarium.auth.passwords import PasswordKeys, Passwords, is_own_hash
from angarium.engine.interface import Engine
from angarium.engine.rows import CredentialRow
from angarium.engine.sources import Sources
from angarium.engine.users import AddCredential, ChangePassword, SetDisabled, UpgradeHash
from angarium.errors import AccountExists, AccountNotFound, PreparationFailed, UserExists, UserNotFound
from angarium.names import UserId

log = logging.getLogger(__name__)

EndSessions = Callable[[str], None]
"""Asks all processes to end those sessions of a user that stand on what she has no more; where that is not heard they
end at their next command."""

_FIRST_VERSION_BITS = 61
_VERSION_STEP_BITS = 20


class UserMail(Protocol):
    """The mail of users; operations offer it."""

    async def create(self, userid: UserId) -> None:
        """An account with an INBOX; AccountExists."""

    async def delete(self, userid: UserId) -> None:
        """All that is hers moves under DELETED; AccountNotFound."""


async def add_user(
    engine: Engine, userid: UserId, password: str, *, passwords: Passwords, sources: Sources, mail: UserMail
) -> None:
    """Add a user, durably. Mail that is there already, of a user whose credential was removed, is hers.

    UserExists, PreparationFailed for a password that cannot be used.
    """
    await _require_new(engine, userid)
    await _add(engine, userid, await passwords.derive(password), sources=sources, mail=mail)


async def add_user_with_hash(
    engine: Engine, userid: UserId, password_hash: str, *, sources: Sources, mail: UserMail
) -> None:
    """Add a user whose password is known by a hash of another system only (`passwordhashes`), durably. Her next login
    replaces it, and gives her SCRAM keys.

    UserExists, PreparationFailed for what is no hash that can be checked.
    """
    await _require_new(engine, userid)
    try:
        parse_hash(password_hash)
    except ValueError as error:
        raise PreparationFailed(str(error)) from error
    # Passwords in our own are prepared, which others do not do.
    stored = f"{{ARGON2ID}}{password_hash}" if is_own_hash(password_hash) else password_hash
    await _add(engine, userid, PasswordKeys(stored, ""), sources=sources, mail=mail)


async def upgrade_hash(engine: Engine, credential: CredentialRow, password: str, *, passwords: Passwords) -> None:
    """Store this password, which was found right, as new ones are stored; durably, and with SCRAM keys. The version
    stays, so that sessions go on. Where the password was changed meanwhile nothing happens. PreparationFailed."""
    keys = await passwords.derive(password)
    change = UpgradeHash(credential.userid, credential.password_hash, keys.password_hash, keys.scram)
    if await engine.change_user(change):
        log.info("password_hash_upgraded", extra={"user": credential.userid})


async def set_disabled(
    engine: Engine, userid: UserId, *, disabled: bool, sources: Sources, end_sessions: EndSessions
) -> None:
    """Keep a user out of all services, whatever she logs in by, or let her in again; durably. Her sessions end.
    UserNotFound."""
    if not await engine.change_user(SetDisabled(str(userid), disabled, sources.now_s())):
        raise _unknown(userid)
    if disabled:
        end_sessions(str(userid))


async def _require_new(engine: Engine, userid: UserId) -> None:
    if await engine.credential(str(userid)) is not None:
        raise _known(userid)


async def _add(engine: Engine, userid: UserId, keys: PasswordKeys, *, sources: Sources, mail: UserMail) -> None:
    try:
        await mail.create(userid)
    except AccountExists:
        pass
    now_s = sources.now_s()
    # Random, so that a session of a removed user is not taken for one of her successor of the same name.
    version = sources.random_63() >> (63 - _FIRST_VERSION_BITS)
    credential = CredentialRow(str(userid), keys.password_hash, keys.scram, version, False, now_s, now_s)
    if not await engine.change_user(AddCredential(credential)):
        raise _known(userid)


async def set_password(
    engine: Engine,
    userid: UserId,
    password: str,
    *,
    passwords: Passwords,
    sources: Sources,
    end_sessions: EndSessions,
) -> None:
    """Give a user another password, durably; sessions that logged in with the old one end. UserNotFound,
    PreparationFailed."""
    if await engine.credential(str(userid)) is None:
        raise _unknown(userid)
    keys = await passwords.derive(password)
    change = ChangePassword(
        str(userid), keys.password_hash, keys.scram, version_step=_version_step(sources), changed_at_s=sources.now_s()
    )
    if not await engine.change_user(change):
        raise _unknown(userid)
    end_sessions(str(userid))


async def delete_user(
    engine: Engine, userid: UserId, *, mail: UserMail, end_sessions: EndSessions, keep_mail: bool
) -> None:
    """Remove a user, durably: her logins and sessions first, then, unless `keep_mail`, her mail, which moves under
    DELETED.

    Running it again finishes what a crash has left. UserNotFound where there is neither a credential nor mail that is
    to go.
    """
    was_there = await _remove_credential(engine, userid)
    end_sessions(str(userid))
    if not keep_mail:
        try:
            await mail.delete(userid)
            was_there = True
        except AccountNotFound:
            pass
    if not was_there:
        raise _unknown(userid)


async def _remove_credential(engine: Engine, userid: UserId) -> bool:
    try:
        await engine.remove_credential(str(userid))
    except UserNotFound:
        return False
    return True


async def list_users(engine: Engine) -> list[CredentialRow]:
    """All users, by name."""
    return await engine.credentials()


def _known(userid: UserId) -> UserExists:
    return UserExists(f"user {str(userid)!r} exists already")


def _unknown(userid: UserId) -> UserNotFound:
    return UserNotFound(f"there is no user {str(userid)!r}")


def _version_step(sources: Sources) -> int:
    """Of random length: where `users.db` is restored from a copy, no version comes again with another password."""
    return (sources.random_63() >> (63 - _VERSION_STEP_BITS)) + 1
