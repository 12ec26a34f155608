"""`angarium user app-password`: passwords for one program of a user each."""

import argparse
import os
from typing import Final

from angarium.auth.apppasswords import (
    SERVICES,
    add_app_password,
    parse_expiry,
    parse_services,
    revoke_app_password,
)
from angarium.cli.openstore import OpenedStore
from angarium.cli.useraction import Asked, UserAction, add_actions, known_userid, local_time, print_fields, userid_of
from angarium.engine.sources import SystemSources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_actions(parser, _ACTIONS)


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what it is for, as `phone`")


def _add_limits(parser: argparse.ArgumentParser) -> None:
    _add_name(parser)
    parser.add_argument(
        "--services",
        metavar="SERVICE,…",
        type=_services,
        default=(),
        help=f"where it lets in, of {', '.join(SERVICES)}; * is all, as is none given",
    )
    parser.add_argument(
        "--expires",
        metavar="WHEN",
        type=_expiry,
        help="a date, as 2027-01-31, or a time from now, as 90d (or w, h); never unless given",
    )


async def _add(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    password = await add_app_password(
        opened.engine,
        await known_userid(arguments, opened),
        arguments.name,
        services=arguments.services,
        expires_at_s=arguments.expires,
        sources=opened.sources,
    )
    # Alone on standard output, for scripts; nobody can be told it again.
    print(password)
    return os.EX_OK


async def _list(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    """Name, services, when made, when it ends, last used when and from where."""
    userid = str(userid_of(arguments, opened))
    uses = await opened.engine.app_password_uses(userid)
    for row in (await opened.engine.user(userid)).app_passwords:
        use = uses.get(row.number)
        print_fields(
            row.name,
            ",".join(row.services) or "*",
            local_time(row.created_at_s),
            local_time(row.expires_at_s),
            local_time(use.at_s if use is not None else None),
            use.address if use is not None else "",
        )
    return os.EX_OK


async def _revoke(arguments: argparse.Namespace, opened: OpenedStore, _: Asked) -> int:
    userid = userid_of(arguments, opened)
    await revoke_app_password(opened.engine, userid, arguments.name)
    opened.server.end_sessions(str(userid))
    print(f"revoked the app password {arguments.name} of {userid}")
    return os.EX_OK


def _services(text: str) -> tuple[str, ...]:
    try:
        return parse_services(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _expiry(text: str) -> int:
    try:
        return parse_expiry(text, SystemSources().now_s())
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a date to come nor a time from now") from error


_ACTIONS: Final = {
    "add": UserAction("make an app password, and print it this once", _add, _add_limits),
    "list": UserAction("list the app passwords of a user, and their last use", _list),
    "revoke": UserAction("take an app password away; its sessions end", _revoke, _add_name),
}
