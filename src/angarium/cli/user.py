"""Add, change, remove and list users, also while the server runs.

A new user gets an INBOX. Who is removed is logged out at once, and her mail moves under DELETED, where it stays until
it expires, or stays in its place with --keep-mail.
"""

import argparse
import asyncio
import os
from typing import Final

from angarium.auth import Passwords, add_user, delete_user, needs_rehash
from angarium.auth.users import add_user_with_hash, set_disabled
from angarium.cli import userapppasswords, usersecrets, usertotp
from angarium.cli.location import location_of
from angarium.cli.openstore import OpenedStore, open_store, read_settings
from angarium.cli.passwordchange import change_password, name_other_ways
from angarium.cli.passwordinput import add_password_arguments, read_password
from angarium.cli.useraction import Asked, UserAction, add_action, local_time, print_fields, userid_of
from angarium.cli.userimport import IMPORT
from angarium.cli.usermail import StoreUserMail
from angarium.engine.rows import CredentialRow
from angarium.engine.users import UserRow


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, action in _ACTIONS.items():
        add_action(actions, name, action)
    for name, (summary, add_own_arguments) in _GROUPS.items():
        add_own_arguments(actions.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."))


def run(arguments: argparse.Namespace) -> int:
    settings = read_settings(location_of(arguments))
    action: UserAction = arguments.user_action
    asked = action.ask(arguments)

    async def work() -> int:
        async with open_store(settings) as opened:
            return await action.work(arguments, opened, asked)

    return asyncio.run(work())


# Users


def _add_credential_arguments(parser: argparse.ArgumentParser) -> None:
    add_password_arguments(parser)
    parser.add_argument(
        "--hash", metavar="HASH", help="in place of a password, its hash of another system; others can see it here"
    )


def _read_credential(arguments: argparse.Namespace) -> Asked:
    return "" if arguments.hash is not None else read_password(arguments)


async def _add(arguments: argparse.Namespace, opened: OpenedStore, password: Asked) -> int:
    userid = userid_of(arguments, opened)
    mail = StoreUserMail(opened.store, opened.settings)
    passwords = Passwords(threads=1)
    try:
        if arguments.hash is not None:
            await add_user_with_hash(opened.engine, userid, arguments.hash, sources=opened.sources, mail=mail)
        else:
            await add_user(opened.engine, userid, password, passwords=passwords, sources=opened.sources, mail=mail)
    finally:
        passwords.close()
    print(f"added {userid}")
    return os.EX_OK


async def _passwd(arguments: argparse.Namespace, opened: OpenedStore, password: Asked) -> int:
    userid = userid_of(arguments, opened)
    await change_password(opened, userid, password)
    await name_other_ways(opened, userid)
    return os.EX_OK


def _add_keep_mail(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep-mail", action="store_true", help="leave the mail where it is")


async def _delete(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    userid = userid_of(arguments, opened)
    await delete_user(
        opened.engine,
        userid,
        mail=StoreUserMail(opened.store),
        end_sessions=opened.server.end_sessions,
        keep_mail=arguments.keep_mail,
    )
    print(f"deleted {userid}")
    return os.EX_OK


async def _disable(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    return await _set_disabled(arguments, opened, disabled=True)


async def _enable(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    return await _set_disabled(arguments, opened, disabled=False)


async def _set_disabled(arguments: argparse.Namespace, opened: OpenedStore, *, disabled: bool) -> int:
    userid = userid_of(arguments, opened)
    await set_disabled(
        opened.engine, userid, disabled=disabled, sources=opened.sources, end_sessions=opened.server.end_sessions
    )
    print(f"{'disabled' if disabled else 'enabled'} {userid}")
    return os.EX_OK


async def _logins(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    """When, service, address, what the client calls itself, mechanism, app password, session id, and who acted for the
    user; newest first."""
    for login in await opened.engine.logins(str(userid_of(arguments, opened))):
        print_fields(
            local_time(login.at_s),
            login.service,
            login.address,
            login.client,
            login.mechanism,
            login.app_password_name,
            login.session,
            login.acted_by,
        )
    return os.EX_OK


# The list


def _add_long(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-l",
        "--long",
        action="store_true",
        help="also when they were added and changed, their state, and what they have beside a password",
    )


async def _list(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    for user in await opened.engine.users():
        if arguments.long:
            _print_long(user)
        else:
            print(user.userid)
    return os.EX_OK


def _print_long(user: UserRow) -> None:
    credential = user.credential
    print_fields(
        user.userid,
        local_time(credential.created_at_s if credential is not None else None),
        local_time(credential.changed_at_s if credential is not None else None),
        _state(credential),
        ",".join(_belongings(user)),
    )


def _state(credential: CredentialRow | None) -> str:
    if credential is None:
        return "no password"
    if credential.disabled:
        return "disabled"
    if not credential.password_hash:
        return "no password"
    return "old hash" if needs_rehash(credential.password_hash) else "ok"


def _belongings(user: UserRow) -> list[str]:
    found = [f"app-passwords={len(user.app_passwords)}"] if user.app_passwords else []
    if user.totp is not None:
        found.append("totp" if user.totp.is_active else "totp=unconfirmed")
    if user.shared_secrets:
        found.append(f"shared-secrets={len(user.shared_secrets)}")
    if user.denials:
        found.append("denied")
    return found


_ACTIONS: Final = {
    "add": UserAction("add a user with an INBOX", _add, _add_credential_arguments, _read_credential),
    "passwd": UserAction("give a user another password", _passwd, add_password_arguments, read_password),
    "delete": UserAction("remove a user", _delete, _add_keep_mail),
    "list": UserAction("list the users", _list, _add_long, has_user=False),
    "disable": UserAction("keep a user out, whatever she logs in by", _disable),
    "enable": UserAction("let a user in again", _enable),
    "logins": UserAction("list the last logins of a user", _logins),
    "import": IMPORT,
}
_GROUPS: Final = {
    "app-password": ("passwords for one program of a user each", userapppasswords.add_arguments),
    "totp": ("codes of an authenticator, typed behind the password", usertotp.add_arguments),
    "shared-secret": ("passwords stored as they are, for CRAM-MD5, DIGEST-MD5 and APOP", usersecrets.add_arguments),
}
