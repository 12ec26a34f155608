"""`angarium user shared-secret`: passwords that are stored as they are, for CRAM-MD5, DIGEST-MD5 and APOP."""

import argparse
import os
from typing import Final

from angarium.auth.sharedsecrets import remove_shared_secret, set_shared_secret
from angarium.cli.openstore import OpenedStore
from angarium.cli.passwordinput import add_password_arguments, read_password
from angarium.cli.useraction import Asked, UserAction, add_actions, known_userid, print_fields, userid_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_actions(parser, _ACTIONS)


def _add_realm(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--realm", default="", help="of DIGEST-MD5; the usual one unless given")


def _add_input(parser: argparse.ArgumentParser) -> None:
    _add_realm(parser)
    add_password_arguments(parser)


async def _set(arguments: argparse.Namespace, opened: OpenedStore, secret: Asked) -> int:
    userid = await known_userid(arguments, opened)
    await set_shared_secret(opened.engine, userid, arguments.realm, secret, sources=opened.sources)
    opened.server.end_sessions(str(userid))
    print(f"stored a shared secret of {userid}")
    return os.EX_OK


async def _remove(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    userid = userid_of(arguments, opened)
    await remove_shared_secret(opened.engine, userid, arguments.realm)
    opened.server.end_sessions(str(userid))
    print(f"removed the shared secret of {userid}")
    return os.EX_OK


async def _list(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    for row in (await opened.engine.user(str(userid_of(arguments, opened)))).shared_secrets:
        print_fields(row.realm)
    return os.EX_OK


_ACTIONS: Final = {
    "set": UserAction("store a secret", _set, _add_input, read_password),
    "remove": UserAction("remove a secret; its sessions end", _remove, _add_realm),
    "list": UserAction("list the realms that a user has secrets of, `-` for the usual one", _list),
}
