"""Keep users out of services, or let them in again (cyr_deny), also while the server runs.

A denial takes the place of the one before. It holds for every login from now on, however the user proves who she is,
and her sessions end at their next command. `*` keeps out all but administrators.
"""

import argparse
import asyncio
import os
import sys
from typing import Final

from angarium.auth import canonical_userid
from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import OpenedStore, open_store, read_settings
from angarium.cli.useraction import print_fields
from angarium.engine.users import EVERYBODY, DenialRow, PutDenial, RemoveDenial

_MESSAGE: Final = "Access to this service has been blocked"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_location_arguments(parser)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("-a", dest="allow", action="store_true", help="let the user in again")
    mode.add_argument("-l", dest="list", action="store_true", help="list who is kept out, of what, and why")
    parser.add_argument(
        "-s",
        dest="services",
        metavar="SERVICES",
        default="*",
        help="names of services between commas, with * and ?; the last that fits decides, and one behind ! lets in; "
        "all unless given",
    )
    parser.add_argument("-m", dest="message", metavar="MESSAGE", default=_MESSAGE, help="the reason, for the log")
    parser.add_argument("user", metavar="USER", nargs="?", help="the user, or * for all but administrators")


def run(arguments: argparse.Namespace) -> int:
    if arguments.list == (arguments.user is not None) or not arguments.services.strip(" ,"):
        sys.stderr.write("angarium: cyr_deny takes a user, or -l alone\n")
        return os.EX_USAGE
    settings = read_settings(location_of(arguments))

    async def work() -> None:
        async with open_store(settings) as opened:
            await _work(arguments, opened)

    asyncio.run(work())
    return os.EX_OK


async def _work(arguments: argparse.Namespace, opened: OpenedStore) -> None:
    if arguments.list:
        for denial in await opened.engine.denials():
            print_fields(denial.userid, denial.services, denial.message)
        return
    user = arguments.user
    userid = user if user == EVERYBODY else str(canonical_userid(user, opened.store.policy.names))
    if arguments.allow:
        await opened.engine.change_user(RemoveDenial(userid))
    else:
        services = ",".join(arguments.services.replace(",", " ").split())
        await opened.engine.change_user(PutDenial(DenialRow(userid, services, arguments.message)))
