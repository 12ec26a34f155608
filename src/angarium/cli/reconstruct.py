"""Rebuild accounts whose file was lost or damaged, from the directories of their mailboxes.

NAME is an administrator's, as `user/alice`, or that of a shared hierarchy. Messages, names, rights and keywords come
back, expunged messages whose files remain too; flags, seen state, subscriptions and the change log do not. The former
file is put aside, not removed. The server must not run meanwhile.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import OpenedStore, become_owner, open_store, read_settings
from angarium.engine.rows import AccountId, FoundMailbox
from angarium.errors import AccountNotFound
from angarium.master.identity import Identity
from angarium.master.serverlock import take_server_lock
from angarium.names import MailboxName, Namespace
from angarium.operations.care import Reconstructed, reconstruct_account
from angarium.operations.messages import MessageLimits
from angarium.store import Actor
from angarium.worker import run_directory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="+", help="an account")
    add_location_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    settings = read_settings(location_of(arguments))
    become_owner(settings.directories.configdirectory)
    with _without_server(run_directory(settings)):
        return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    status = os.EX_OK
    async with open_store(read_settings(location_of(arguments))) as opened:
        names = Namespace(opened.store.policy.names, None, is_admin=True)
        for text in arguments.name:
            try:
                rebuilt = await _reconstruct(opened, names.to_internal(text))
            except AccountNotFound as error:
                raise AccountNotFound(f"no mailbox directory belongs to {text!r}") from error
            print(f"{text}: {rebuilt.mailboxes} mailboxes, {rebuilt.messages} messages")
            if rebuilt.put_aside is not None:
                print(f"{text}: the former file is {rebuilt.put_aside}")
            for what, refusal in rebuilt.failures:
                sys.stderr.write(f"angarium: {text}: {what or 'INBOX'}: {refusal}\n")
                status = os.EX_DATAERR
    return status


async def _reconstruct(opened: OpenedStore, name: MailboxName) -> Reconstructed:
    account_name = opened.store.account_name_of(name).internal
    account = await opened.engine.account_id(account_name) or await _account_by_headers(opened, account_name)
    limits = MessageLimits.from_settings(opened.settings.limits).scan
    return await reconstruct_account(opened.store, Actor.program("reconstruct"), opened.engine, account, limits=limits)


async def _account_by_headers(opened: OpenedStore, account_name: str) -> AccountId:
    """The account that the catalogue has forgotten, by what the headers call it."""
    for found in await opened.engine.found_mailboxes():
        if isinstance(found, FoundMailbox) and found.account_name == account_name:
            return found.account
    raise AccountNotFound(account_name)


@contextmanager
def _without_server(directory: Path) -> Iterator[None]:
    """StoreInUse while a server runs: its workers would go on writing into the file that is put aside."""
    directory.mkdir(mode=0o755, exist_ok=True)
    identity = Identity("", os.geteuid(), os.getegid(), (), changes=False)
    descriptor = take_server_lock(directory, identity)
    try:
        yield
    finally:
        os.close(descriptor)
