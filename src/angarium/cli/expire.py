"""Remove what was expunged or deleted long enough ago.

An age is a number of days, or written as 1d12h. Lines of the change log go by the option change_log_retention of
imapd.conf.
"""

import argparse
import asyncio
import os
import sys
from datetime import timedelta

from angarium.cli.expireplan import expire_plan
from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import open_store, read_settings
from angarium.config import DurationUnit, ExpireCommand, parse_duration
from angarium.names import Namespace
from angarium.operations.care import Expired, expire
from angarium.store import Actor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-X", metavar="AGE", dest="expunged", type=age_argument, help="remove messages that were expunged longer ago"
    )
    parser.add_argument(
        "-D", metavar="AGE", dest="deleted", type=age_argument, help="remove mailboxes that were deleted longer ago"
    )
    parser.add_argument(
        "-E",
        metavar="AGE",
        dest="duplicates",
        type=age_argument,
        help="forget what came into a mailbox longer ago, by which duplicates are known",
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("-p", metavar="NAME", dest="prefix", help="only this mailbox and those below it")
    only.add_argument("-u", metavar="USER", dest="user", help="only the mailboxes of this user")
    parser.add_argument("-x", dest="keep_expunged", action="store_true", help="keep messages, whatever -X says")
    parser.add_argument("-v", dest="verbose", action="store_true", help="say what was removed")
    add_location_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    settings = read_settings(location_of(arguments))
    async with open_store(settings) as opened:
        plan = expire_plan(
            _command(arguments),
            namespace=Namespace(opened.store.policy.names, None, is_admin=True),
            change_log_retention=settings.engine.change_log_retention,
            expunge_mode=settings.mailboxes.expunge_mode,
        )
        expired = await expire(opened.store, Actor.program("cyr_expire"), plan)
    if arguments.verbose:
        print(
            f"removed {expired.messages} expunged messages, {expired.mailboxes} deleted mailboxes, "
            f"{expired.changes} lines of change logs and {expired.marks} marks"
        )
    return _report(expired)


def _command(arguments: argparse.Namespace) -> ExpireCommand:
    return ExpireCommand(
        duplicates=arguments.duplicates,
        expunged=None if arguments.keep_expunged else arguments.expunged,
        deleted=arguments.deleted,
        prefix=arguments.prefix,
        user=arguments.user,
    )


def _report(expired: Expired) -> int:
    """A bad account keeps no other from its expiry, and is told of."""
    for account, refusal in expired.failures:
        sys.stderr.write(f"angarium: {account}: {refusal}\n")
    return os.EX_TEMPFAIL if expired.failures else os.EX_OK


def age_argument(text: str) -> timedelta:
    """An age, for argparse."""
    try:
        return parse_duration(text, DurationUnit.DAYS)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error
