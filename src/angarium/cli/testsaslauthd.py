"""Ask a saslauthd whether a password is right, as the server does.

The password is asked for, or with -p alone read from standard input. The exit status is 0 for a right one, 77 for a
wrong one, and 75 where there is no saslauthd.
"""

import argparse
import asyncio
import os
from pathlib import Path

from angarium.auth.boundedcalls import BoundedCalls
from angarium.auth.saslauthd import ask_saslauthd, is_right, serialize_question
from angarium.cli.passwordinput import read_known_password
from angarium.config.options import VerifierSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    default = VerifierSettings.__dataclass_fields__["sasl_saslauthd_path"].default
    parser.add_argument("-u", metavar="USER", dest="user", required=True, help="the user")
    parser.add_argument(
        "-p",
        metavar="PASSWORD",
        dest="password",
        nargs="?",
        const="",
        help="the password, which others can see there; without one, it is the first line of standard input",
    )
    parser.add_argument("-r", metavar="REALM", dest="realm", default="", help="the realm")
    parser.add_argument("-s", metavar="SERVICE", dest="service", default="imap", help="the service; imap")
    parser.add_argument("-f", metavar="PATH", dest="path", type=Path, default=default, help=f"the socket; {default}")


def run(arguments: argparse.Namespace) -> int:
    arguments.password_stdin = arguments.password == ""
    password = arguments.password or read_known_password(arguments)
    question = serialize_question(arguments.user, password, arguments.service, arguments.realm)
    right = question is not None and is_right(asyncio.run(_ask(arguments.path, question)))
    print('0: OK "Success."' if right else '0: NO "authentication failed"')
    return os.EX_OK if right else os.EX_NOPERM


async def _ask(path: Path, question: bytes) -> str:
    return await BoundedCalls().run(lambda: ask_saslauthd(path, question))
