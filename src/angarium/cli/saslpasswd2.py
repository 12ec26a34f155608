"""Give a user a password, as saslpasswd2 of Cyrus SASL does: for every mechanism, those among them that need it stored
as it is.

It is `angarium user passwd` and `angarium user shared-secret set` in one; with -n it is the former alone. With -c a
user who is not there is added, with an INBOX; with -d she is removed, and her mail stays. Sessions end. A sasldb is
only read by this server, and never written.
"""

import argparse
import asyncio
import os
import sys

from angarium.auth import Passwords, add_user, canonical_userid, delete_user
from angarium.auth.sharedsecrets import set_shared_secret
from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import OpenedStore, open_store, read_settings
from angarium.cli.passwordchange import change_password, name_other_ways
from angarium.cli.passwordinput import add_pipe_argument, read_password
from angarium.cli.usermail import StoreUserMail
from angarium.names import UserId


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_location_arguments(parser)
    add_pipe_argument(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("-c", dest="create", action="store_true", help="add the user if she is not there")
    what.add_argument("-d", dest="delete", action="store_true", help="remove the user")
    parser.add_argument("-n", dest="no_plain", action="store_true", help="store no shared secret")
    parser.add_argument("-u", metavar="REALM", dest="realm", default="", help="the domain of the user")
    parser.add_argument("-a", metavar="NAME", dest="application", help="has no effect: all services have one store")
    parser.add_argument("-f", metavar="FILE", dest="file", help="refused: no sasldb is written")
    parser.add_argument("user", metavar="USER", help="the user, as she logs in")


def run(arguments: argparse.Namespace) -> int:
    if arguments.file is not None:
        sys.stderr.write("angarium: a sasldb is only read here; saslpasswd2 of Cyrus SASL writes one\n")
        return os.EX_USAGE
    settings = read_settings(location_of(arguments))
    password = "" if arguments.delete else read_password(arguments, option="-p")

    async def work() -> None:
        async with open_store(settings) as opened:
            name = f"{arguments.user}@{arguments.realm}" if arguments.realm else arguments.user
            userid = canonical_userid(name, opened.store.policy.names)
            if arguments.delete:
                await _delete(opened, userid)
            else:
                await _set(opened, userid, password, create=arguments.create)
                if arguments.no_plain:
                    await name_other_ways(opened, userid)
                else:
                    await set_shared_secret(opened.engine, userid, "", password, sources=opened.sources)

    asyncio.run(work())
    return os.EX_OK


async def _set(opened: OpenedStore, userid: UserId, password: str, *, create: bool) -> None:
    if not create or await opened.engine.credential(str(userid)) is not None:
        await change_password(opened, userid, password)
        return
    mail = StoreUserMail(opened.store, opened.settings)
    passwords = Passwords(threads=1)
    try:
        await add_user(opened.engine, userid, password, passwords=passwords, sources=opened.sources, mail=mail)
    finally:
        passwords.close()
    print(f"added {userid}")


async def _delete(opened: OpenedStore, userid: UserId) -> None:
    end = opened.server.end_sessions
    await delete_user(opened.engine, userid, mail=StoreUserMail(opened.store), end_sessions=end, keep_mail=True)
    print(f"deleted {userid}")
