"""Print the directory of a mailbox, which holds its messages as files.

NAME is an administrator's, as `user/alice/Work`; with -u it is a user's, whose INBOX is meant.
"""

import argparse
import asyncio
import os

from angarium.auth import canonical_userid
from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import open_store, read_settings
from angarium.errors import MailboxNotFound
from angarium.names import MailboxName, NameSettings, Namespace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="+", help="a mailbox")
    parser.add_argument("-u", "--user", action="store_true", help="NAME is a user; print the directory of her INBOX")
    add_location_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    async with open_store(read_settings(location_of(arguments))) as opened:
        for text in arguments.name:
            name = _mailbox_name(text, opened.store.policy.names, is_user=arguments.user)
            try:
                tree, entry = await opened.store.locate(name)
            except MailboxNotFound as error:
                # The internal form of the name is not what was typed.
                raise MailboxNotFound(_not_found(text, is_user=arguments.user)) from error
            print(await opened.engine.mailbox_directory(tree.account, entry.row.id))
    return os.EX_OK


def _not_found(text: str, *, is_user: bool) -> str:
    return f"there is no INBOX of a user {text!r}" if is_user else f"there is no mailbox {text!r}"


def _mailbox_name(text: str, names: NameSettings, *, is_user: bool) -> MailboxName:
    if is_user:
        return MailboxName.of_user(canonical_userid(text, names))
    return Namespace(names, None, is_admin=True).to_internal(text)
