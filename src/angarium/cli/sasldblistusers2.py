"""List whose passwords are stored as they are: in the store (`angarium user shared-secret`), or with -f in a sasldb of
Cyrus SASL.

A line is `user@realm: userPassword`, as Cyrus SASL prints it; no password is shown.
"""

import argparse
import asyncio
import os
from pathlib import Path

from angarium.auth.sasldb import PASSWORD_PROPERTY, read_sasldb
from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import open_store, read_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_location_arguments(parser)
    parser.add_argument("-f", metavar="FILE", dest="file", type=Path, help="a sasldb, such as /etc/sasldb2")
    parser.add_argument("sasldb", metavar="FILE", nargs="?", type=Path, help="the same")


def run(arguments: argparse.Namespace) -> int:
    file = arguments.file or arguments.sasldb
    if file is not None:
        for entry in read_sasldb(file):
            print(f"{entry.user}@{entry.realm}: {entry.property}")
        return os.EX_OK
    settings = read_settings(location_of(arguments))

    async def work() -> None:
        async with open_store(settings) as opened:
            for user in await opened.engine.users():
                for row in user.shared_secrets:
                    print(f"{_with_realm(user.userid, row.realm or settings.server.servername)}: {PASSWORD_PROPERTY}")

    asyncio.run(work())
    return os.EX_OK


def _with_realm(userid: str, realm: str) -> str:
    return userid if "@" in userid else f"{userid}@{realm}"
