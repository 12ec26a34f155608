"""List who is held back after failed logins, or let go of them.

A line has the address (of IPv6, the network), the user, the failures that count still, and the seconds until the next
try is looked at. What is counted of an address alone, over all users, has `-` for the user. Where no server runs, the
exit status is 69.
"""

import argparse
import os
import sys
import time

from angarium.auth.throttle import network_of
from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import read_settings
from angarium.master.serverlock import is_served
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
                counted = f"{lockout.failures:.1f}\t{lockout.wait_s:.0f}"
                print(f"{lockout.network or '-'}\t{lockout.user or '-'}\t{counted}")
            return os.EX_OK
        network = network_of(arguments.address) if arguments.address else None
        user: str | None = arguments.user

        def is_wanted(of_network: str, of_user: str) -> bool:
            return arguments.all or of_network == network or (user is not None and of_user == user)

        cleared = scores.clear(is_wanted, time.monotonic())
    print(f"let go of {cleared}")
    return os.EX_OK
