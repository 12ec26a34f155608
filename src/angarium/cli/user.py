"""Add, change, remove and list users, also while the server runs.

A new user gets an INBOX. Who is removed is logged out at once, and her mail moves under DELETED, where it stays until
it expires, or stays in its place with --keep-mail.
"""

import argparse
import asyncio
import os
from datetime import datetime

from angarium.auth import (
    Passwords,
    add_user,
    canonical_userid,
    delete_user,
    list_users,
    needs_rehash,
    set_password,
)
from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import OpenedStore, open_store, read_settings
from angarium.cli.passwordinput import add_password_arguments, read_password
from angarium.cli.usermail import StoreUserMail
from angarium.engine.rows import CredentialRow
from angarium.names import UserId


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for action, summary in (
        ("add", "add a user with an INBOX"),
        ("passwd", "give a user another password"),
        ("delete", "remove a user"),
        ("list", "list the users"),
    ):
        subparser = actions.add_parser(action, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        add_location_arguments(subparser)
        match action:
            case "list":
                subparser.add_argument(
                    "-l", "--long", action="store_true", help="also when they were added and changed, and their state"
                )
                continue
            case "add" | "passwd":
                add_password_arguments(subparser)
            case "delete":
                subparser.add_argument("--keep-mail", action="store_true", help="leave the mail where it is")
        subparser.add_argument("name", metavar="NAME", help="the user, as she logs in")


def run(arguments: argparse.Namespace) -> int:
    settings = read_settings(location_of(arguments))
    # Asked for before anything is opened, since a person takes her time.
    password = read_password(arguments) if arguments.action in ("add", "passwd") else ""

    async def work() -> None:
        async with open_store(settings) as opened:
            await _work(arguments, opened, password)

    asyncio.run(work())
    return os.EX_OK


async def _work(arguments: argparse.Namespace, opened: OpenedStore, password: str) -> None:
    match arguments.action:
        case "add":
            userid = _userid(arguments, opened)
            await _add(opened, userid, password)
            print(f"added {userid}")
        case "passwd":
            userid = _userid(arguments, opened)
            await _passwd(opened, userid, password)
            print(f"changed the password of {userid}")
        case "delete":
            userid = _userid(arguments, opened)
            await _delete(opened, userid, keep_mail=arguments.keep_mail)
            print(f"deleted {userid}")
        case _:
            await _list(opened, is_long=arguments.long)


def _userid(arguments: argparse.Namespace, opened: OpenedStore) -> UserId:
    return canonical_userid(arguments.name, opened.store.policy.names)


async def _add(opened: OpenedStore, userid: UserId, password: str) -> None:
    passwords = Passwords(threads=1)
    try:
        await add_user(
            opened.engine,
            userid,
            password,
            passwords=passwords,
            sources=opened.sources,
            mail=StoreUserMail(opened.store, opened.settings),
        )
    finally:
        passwords.close()


async def _passwd(opened: OpenedStore, userid: UserId, password: str) -> None:
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


async def _delete(opened: OpenedStore, userid: UserId, *, keep_mail: bool) -> None:
    await delete_user(
        opened.engine,
        userid,
        mail=StoreUserMail(opened.store),
        end_sessions=opened.server.end_sessions,
        keep_mail=keep_mail,
    )


async def _list(opened: OpenedStore, *, is_long: bool) -> None:
    for credential in await list_users(opened.engine):
        print(_long_line(credential) if is_long else credential.userid)


def _long_line(credential: CredentialRow) -> str:
    """Fields between tabs: name, when added, when changed, state."""
    times = [
        datetime.fromtimestamp(time_s).astimezone().isoformat(timespec="seconds")
        for time_s in (credential.created_at_s, credential.changed_at_s)
    ]
    return "\t".join([credential.userid, *times, _state(credential)])


def _state(credential: CredentialRow) -> str:
    if credential.disabled:
        return "disabled"
    if not credential.password_hash:
        return "no password"
    return "old hash" if needs_rehash(credential.password_hash) else "ok"
