"""Show or forget what came into mailboxes, by which duplicates are known.

With -d a line for each message and mailbox; its columns are the message's id, the mailbox, for whom it came, and when.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

from angarium.auth import canonical_userid
from angarium.cli.expire import age_argument
from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import OpenedStore, open_store, read_settings
from angarium.engine.delivery import MarkKind, MarkRow
from angarium.engine.rows import AccountRow, MailboxId
from angarium.errors import UserNotFound
from angarium.names import MailboxName
from angarium.operations.care import ExpirePlan, expire
from angarium.store import AccountTree, Actor

_ROWS: Final = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("-d", dest="dump", action="store_true", help="print what is remembered")
    what.add_argument("-E", metavar="AGE", dest="forget", type=age_argument, help="forget what came longer ago")
    parser.add_argument("-u", metavar="USER", dest="user", help="with -d: only what came into mailboxes of this user")
    add_location_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    settings = read_settings(location_of(arguments))
    async with open_store(settings) as opened:
        if arguments.dump:
            await _dump(opened, arguments.user)
            return os.EX_OK
        plan = ExpirePlan(duplicates_older_than=arguments.forget)
        expired = await expire(opened.store, Actor.program("ctl_deliver"), plan)
    for account, refusal in expired.failures:
        sys.stderr.write(f"angarium: {account}: {refusal}\n")
    return os.EX_TEMPFAIL if expired.failures else os.EX_OK


async def _dump(opened: OpenedStore, user: str | None) -> None:
    for account in await _accounts(opened, user):
        tree = await opened.store.tree(account.id)
        async for row in _marks(opened, account):
            print(_line(tree, row))


async def _accounts(opened: OpenedStore, user: str | None) -> list[AccountRow]:
    if user is None:
        return await opened.engine.accounts()
    name = MailboxName.of_user(canonical_userid(user, opened.store.policy.names)).internal
    found = await opened.engine.account_id(name)
    if found is None:
        raise UserNotFound(f"there is no user {user!r}")
    return [AccountRow(found, name)]


async def _marks(opened: OpenedStore, account: AccountRow) -> AsyncIterator[MarkRow]:
    after = ""
    while rows := await opened.engine.list_marks(account.id, MarkKind.DELIVERED, after_key=after, limit=_ROWS):
        for row in rows:
            yield row
        after = rows[-1].mark.key


def _line(tree: AccountTree, row: MarkRow) -> str:
    message_id, mailbox, recipient = row.mark.key.split(" ", 2)
    entry = tree.by_id(MailboxId(mailbox))
    name = entry.name.internal if entry is not None else mailbox
    at = datetime.fromtimestamp(row.noted_at_s, UTC)
    return f"<{message_id}>\t{name}\t{recipient}\t{at:%Y-%m-%dT%H:%M:%SZ}"
