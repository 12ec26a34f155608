"""Check the configuration.

`angarium conf check` reads imapd.conf, cyrus.conf and the certificates as the server does, as its user, and prints what
there is to say of them. Faults that would stop the server give exit status 78.
"""

import argparse
import os
from pathlib import Path

from angarium.cli.configuration import load_configuration
from angarium.cli.location import add_location_arguments, location_of
from angarium.config import Notice


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="read both files as the server does", description=__doc__)
    add_location_arguments(check)
    check.add_argument("-M", metavar="FILE", dest="cyrus_conf", type=Path, help="the cyrus.conf, if it is elsewhere")


def run(arguments: argparse.Namespace) -> int:
    location = location_of(arguments)
    for notice in load_configuration(location).notices:
        print(_line(notice))
    print(f"{location.imapd_conf}, {location.cyrus_conf}: the server can start with them")
    return os.EX_OK


def _line(notice: Notice) -> str:
    return f"{notice.position}: {notice.level.name.lower()}: {notice.subject}: {notice.text}"
