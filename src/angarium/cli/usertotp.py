"""`angarium user totp`: six digits more, behind the main password."""

import argparse
import base64
import os
from typing import Final

from angarium.auth.totp import confirm_totp, disable_totp, enable_totp, otpauth_uri, totp_secret
from angarium.cli.openstore import OpenedStore
from angarium.cli.passwordinput import read_code
from angarium.cli.useraction import Asked, UserAction, add_actions, known_userid, userid_of
from angarium.names import UserId


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_actions(parser, _ACTIONS)


def _add_code(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--code-stdin",
        action="store_true",
        dest="password_stdin",
        help="read the code from the first line of standard input",
    )


async def _enable(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    userid = await known_userid(arguments, opened)
    _show(userid, await enable_totp(opened.engine, userid), opened)
    return os.EX_OK


async def _confirm(arguments: argparse.Namespace, opened: OpenedStore, code: Asked) -> int:
    userid = userid_of(arguments, opened)
    await confirm_totp(opened.engine, userid, code.replace(" ", ""), opened.sources.now_s)
    print(f"{userid} types a code behind the password from now on")
    return os.EX_OK


async def _disable(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    userid = userid_of(arguments, opened)
    await disable_totp(opened.engine, userid)
    print(f"{userid} types no code any more")
    return os.EX_OK


async def _show_uri(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    userid = userid_of(arguments, opened)
    _show(userid, await totp_secret(opened.engine, userid), opened)
    return os.EX_OK


def _show(userid: UserId, secret: bytes, opened: OpenedStore) -> None:
    """The URI, and the secret for those who type it."""
    print(otpauth_uri(str(userid), secret, opened.settings.server.servername))
    print(base64.b32encode(secret).decode())


_ACTIONS: Final = {
    "enable": UserAction("make a secret and show it; codes are asked for once it is confirmed", _enable),
    "confirm": UserAction(
        "ask for codes from now on; a first one shows that the secret has arrived", _confirm, _add_code, read_code
    ),
    "disable": UserAction("ask for codes no more", _disable),
    "show-uri": UserAction("show the secret again", _show_uri),
}
