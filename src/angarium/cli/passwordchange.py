"""Giving a user another password, for all tools that do."""

import sys

from angarium.auth import Passwords, set_password
from angarium.cli.openstore import OpenedStore
from angarium.names import UserId


async def change_password(opened: OpenedStore, userid: UserId, password: str) -> None:
    """Durable on return; the sessions by the old one end. UserNotFound, PreparationFailed."""
    passwords = Passwords(threads=1)
    try:
        await set_password(
            opened.engine,
            userid,
            password,
            passwords=passwords,
            sources=opened.sources,
            end_sessions=opened.server.end_sessions,
        )
    finally:
        passwords.close()
    print(f"changed the password of {userid}")


async def name_other_ways(opened: OpenedStore, userid: UserId) -> None:
    """Say what lets the user in still: who changes a password that was found out means to shut somebody out."""
    user = await opened.engine.user(str(userid))
    for kind, count in (("app-password", len(user.app_passwords)), ("shared-secret", len(user.shared_secrets))):
        if count:
            sys.stderr.write(f"{userid} still has {count} of `angarium user {kind} list {userid}`\n")
