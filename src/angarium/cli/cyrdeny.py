"""Keep users out of services, or let them in again (cyr_deny), also while the server runs.

A denial takes the place of the one before. It holds for every login from now on, however the user proves who she is,
and her sessions end. `*` keeps out all but administrators; their sessions end at their next command.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Final

from angarium.auth import LoginPolicy, canonical_userid
from angarium.cli.denyfile import DenyLine, parse_deny_file
from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import OpenedStore, open_store, read_settings
from angarium.cli.useraction import print_fields
from angarium.engine.users import EVERYBODY, DenialRow, PutDenial, RemoveDenial
from angarium.errors import PreparationFailed, UserNameInvalid
from angarium.names import NameSettings

_MESSAGE: Final = "Access to this service has been blocked"
_FILE_OCTETS_MAX: Final = 64 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_location_arguments(parser)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("-a", dest="allow", action="store_true", help="let the user in again")
    mode.add_argument("-l", dest="list", action="store_true", help="list who is kept out, of what, and why")
    mode.add_argument(
        "--import",
        dest="deny_file",
        metavar="FILE",
        type=Path,
        help="take over the user_deny.db of a Cyrus server, of the kind flat; exit status 65 says that a line was left "
        "out",
    )
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
    is_of_all = arguments.list or arguments.deny_file is not None
    if is_of_all == (arguments.user is not None) or not arguments.services.strip(" ,"):
        sys.stderr.write("angarium: cyr_deny takes a user, or -l or --import alone\n")
        return os.EX_USAGE
    settings = read_settings(location_of(arguments))
    # Before the store is opened, since the file may be root's.
    lines = None if arguments.deny_file is None else _read(arguments.deny_file)

    async def work() -> int:
        async with open_store(settings) as opened:
            if lines is not None:
                return await _import(lines, arguments.deny_file, opened)
            await _work(arguments, opened)
            return os.EX_OK

    return asyncio.run(work())


def _read(path: Path) -> list[DenyLine]:
    """OSError, PreparationFailed."""
    with path.open("rb") as file:
        octets = file.read(_FILE_OCTETS_MAX + 1)
    if len(octets) > _FILE_OCTETS_MAX:
        raise PreparationFailed(f"{path} has more than {_FILE_OCTETS_MAX} octets")
    try:
        return list(parse_deny_file(octets))
    except PreparationFailed as error:
        raise PreparationFailed(f"{path}: {error}") from error


async def _import(lines: list[DenyLine], path: Path, opened: OpenedStore) -> int:
    """The exit status tells whether there was a line that is none."""
    names = opened.store.policy.names
    policy = LoginPolicy.from_settings(opened.settings, names)
    faults = 0
    for line in lines:
        try:
            row = _imported(line, policy, names)
        except (UserNameInvalid, PreparationFailed) as error:
            faults += 1
            sys.stderr.write(f"angarium: {path}:{line.number}: {error}\n")
        else:
            await opened.engine.change_user(PutDenial(row))
    print(f"{len(lines) - faults} taken over, {faults} left out")
    return os.EX_DATAERR if faults else os.EX_OK


def _imported(line: DenyLine, policy: LoginPolicy, names: NameSettings) -> DenialRow:
    """UserNameInvalid, PreparationFailed."""
    if line.fault:
        raise PreparationFailed(line.fault)
    if line.user == EVERYBODY:
        # It was nobody there.
        raise PreparationFailed(f"{EVERYBODY} is no user")
    if not policy.is_own_name(line.user):
        # She would be taken for the one of us who has her name.
        raise PreparationFailed(f"{line.user!r} is of no domain of this server (see virtdomains and defaultdomain)")
    return _row(str(canonical_userid(line.user, names)), line.services, line.message or _MESSAGE)


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
        await opened.engine.change_user(PutDenial(_row(userid, arguments.services, arguments.message)))
        opened.server.end_sessions(userid)


def _row(userid: str, services: str, message: str) -> DenialRow:
    """What is no text on the command line becomes question marks."""
    shown, patterns = [text.encode(errors="replace").decode() for text in (message, services)]
    return DenialRow(userid, ",".join(patterns.replace(",", " ").split()), shown)
