"""Check the configuration.

`angarium conf check` reads imapd.conf and cyrus.conf as the server does, and prints what there is to say of them. A
fault that would stop the server gives exit status 78.
"""

import argparse
import os
from pathlib import Path

from angarium.auth import LoginPolicy
from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.policy import store_policy
from angarium.config import Notice, load_cyrus_conf, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="read both files as the server does", description=__doc__)
    add_location_arguments(check)
    check.add_argument("-M", metavar="FILE", dest="cyrus_conf", type=Path, help="the cyrus.conf, if it is elsewhere")


def run(arguments: argparse.Namespace) -> int:
    location = location_of(arguments)
    conf = load_cyrus_conf(location.cyrus_conf)
    loaded = load_settings(location.imapd_conf, services=conf.service_names)
    for settings in (loaded.settings, *loaded.settings.services.values()):
        LoginPolicy.from_settings(settings, store_policy(settings).names)
    for notice in (*loaded.notices, *conf.notices):
        print(_line(notice))
    print(f"{location.imapd_conf}, {location.cyrus_conf}: the server can start with them")
    return os.EX_OK


def _line(notice: Notice) -> str:
    return f"{notice.position}: {notice.level.name.lower()}: {notice.subject}: {notice.text}"
