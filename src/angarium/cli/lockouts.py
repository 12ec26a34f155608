"""List who is held back after failed logins, or let go of them.

A line has the address (of IPv6, the network), the user, the failures that count still, and the seconds until the next
try is looked at. What is counted of an address alone, over all users, has `-` for the user; wrong codes behind the
right password, over all addresses, have `totp` for the address; a long name ends in `…`,
and is let go by the whole of it. Where no server runs, the exit status is 69.
"""

import argparse
import os
import sys
import time

from angarium.auth import canonical_userid
from angarium.auth.throttle import network_of, throttled_name
from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import read_settings
from angarium.cli.useraction import print_fields
from angarium.errors import PreparationFailed, UserNameInvalid
from angarium.master.serverlock import is_served
from angarium.names import NameSettings
from angarium.store import StorePolicy
from angarium.worker import run_directory, tool_announcer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    summary = "list who is held back"
    listing = actions.add_parser("list", help=summary, description=f"{summary.capitalize()}.")
    add_location_arguments(listing)
    summary = "let go of an address, a user, or all"
    clearing = actions.add_parser("clear", help=summary, description=f"{summary.capitalize()}.")
    add_location_arguments(clearing)
    whom = clearing.add_mutually_exclusive_group(required=True)
    whom.add_argument("--address", metavar="ADDRESS", help="all that was counted of an address")
    whom.add_argument("--user", metavar="USER", help="all that was counted of a user, wherever the tries came from")
    whom.add_argument("--all", action="store_true", help="everything")


def run(arguments: argparse.Namespace) -> int:
    settings = read_settings(location_of(arguments))
    directory = run_directory(settings)
    if not is_served(directory):
        sys.stderr.write(f"angarium: no server runs on {directory.parent}\n")
        return os.EX_UNAVAILABLE
    with tool_announcer(directory) as server, server.scores() as scores:
        if arguments.action == "list":
            for lockout in scores.lockouts(time.monotonic()):
                user = f"{lockout.user}…" if lockout.is_cut else lockout.user
                print_fields(lockout.network, user, f"{lockout.failures:.1f}", f"{lockout.wait_s:.0f}")
            return os.EX_OK
        cleared = scores.clear(
            time.monotonic(),
            network=network_of(arguments.address) if arguments.address else None,
            user=_throttled(arguments.user, StorePolicy.from_settings(settings).names) if arguments.user else None,
        )
    print(f"let go of {cleared}")
    return os.EX_OK


def _throttled(name: str, names: NameSettings) -> str:
    """As failures are counted: by the user, or by what was typed where no user can have that name."""
    try:
        userid = canonical_userid(name, names)
    except (UserNameInvalid, PreparationFailed):
        userid = None
    return throttled_name(userid, name)
