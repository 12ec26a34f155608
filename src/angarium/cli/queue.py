"""Look into the queue of outgoing mail, have mail tried again at once, or take it out.

Mail is named as USER:NUMBER, as `list` shows it; that of scripts of a shared mailbox as +NAME:NUMBER.
`list` prints a line for each mail, with these fields between tabs: its name, why it is sent, its sender and its
recipients, octets, age, attempts, the time of the next one, and what was said last.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import datetime

from angarium.auth import canonical_userid
from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import OpenedStore, open_store, read_settings
from angarium.errors import AccountNotFound, MailboxNameInvalid, MessageNotFound
from angarium.names import MailboxName, Namespace
from angarium.operations.outgoing import QueuedMail, drop_mail, find_mail, queued_mail, retry_mail

_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for action, summary in (
        ("list", "list the mail that waits"),
        ("retry", "try to send mail now"),
        ("drop", "take mail out of the queue, and tell nobody"),
    ):
        subparser = actions.add_parser(action, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        add_location_arguments(subparser)
        if action == "list":
            subparser.add_argument("--user", metavar="USER", help="only the mail of this user")
            continue
        which = subparser.add_mutually_exclusive_group(required=True)
        which.add_argument("--user", metavar="USER", help="all mail of this user")
        which.add_argument("--all", action="store_true", help="all mail")
        which.add_argument("mails", metavar="USER:NUMBER", nargs="*", default=[], help="mail as `list` names it")


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    settings = read_settings(location_of(arguments))
    async with open_store(settings) as opened:
        if arguments.action == "list":
            return await _list(arguments, opened)
        return await _change(arguments, opened)


async def _list(arguments: argparse.Namespace, opened: OpenedStore) -> int:
    now_s = opened.sources.now_s()
    is_empty = True
    async for mail in _chosen(arguments, opened):
        print(mail_line(mail, now_s))
        is_empty = False
    if is_empty:
        # Standard output has records only, for scripts.
        sys.stderr.write("angarium: the queue is empty\n")
    return os.EX_OK


async def _change(arguments: argparse.Namespace, opened: OpenedStore) -> int:
    changed = 0
    async for mail in _chosen(arguments, opened):
        if arguments.action == "retry":
            await retry_mail(opened.engine, mail, opened.sources)
        else:
            await drop_mail(opened.engine, mail)
        changed += 1
    done = "to be tried now" if arguments.action == "retry" else "dropped"
    print(f"{changed} {'mail' if changed == 1 else 'mails'} {done}")
    return os.EX_OK


async def _chosen(arguments: argparse.Namespace, opened: OpenedStore) -> AsyncIterator[QueuedMail]:
    names = getattr(arguments, "mails", [])
    if names:
        # All are found before anything is done, so that a slip of the pen changes nothing.
        for mail in [await _find(name, opened) for name in names]:
            yield mail
        return
    account = _account_name(arguments.user, opened) if arguments.user else None
    async for mail in queued_mail(opened.engine, account):
        yield mail


async def _find(name: str, opened: OpenedStore) -> QueuedMail:
    account, _, number = name.rpartition(":")
    if not account or not number.isdecimal():
        raise MessageNotFound(f"{name!r} does not name a mail; `angarium queue list` does, as USER:NUMBER")
    return await find_mail(opened.engine, _account_name(account, opened), int(number))


def _account_name(name: str, opened: OpenedStore) -> str:
    names = opened.store.policy.names
    if not name.startswith("+"):
        return MailboxName.of_user(canonical_userid(name, names)).internal
    try:
        mailbox = Namespace(names, None, is_admin=True).to_internal(name[1:])
    except MailboxNameInvalid as error:
        raise AccountNotFound(f"{name}: {error}") from error
    return mailbox.account_path(names.deletedprefix).account_name


def mail_line(mail: QueuedMail, now_s: int) -> str:
    """Fields between tabs, `-` for an empty one."""
    row = mail.row
    next_s = datetime.fromtimestamp(row.next_attempt_s).astimezone().isoformat(timespec="seconds")
    fields = (
        f"{account_label(mail.account_name)}:{row.number}",
        row.purpose,
        f"<{row.sender}>",
        ",".join(row.recipients),
        str(row.size_octets),
        age(now_s - row.queued_at_s),
        str(row.attempts),
        next_s if row.next_attempt_s > now_s else "now",
        row.last_error,
    )
    return "\t".join([" ".join(field.split()) or "-" for field in fields])


def account_label(account_name: str) -> str:
    """An account as administrators write it."""
    name = MailboxName.from_internal(account_name)
    userid = name.userid
    if userid is not None:
        return str(userid)
    return f"+{name.components[0]}" + (f"@{name.domain}" if name.domain is not None else "")


def age(seconds: int) -> str:
    """In the two largest units."""
    parts: list[str] = []
    rest = max(0, seconds)
    for unit, size in _UNITS:
        if rest >= size or (not parts and size == 1):
            parts.append(f"{rest // size}{unit}")
            rest %= size
    return "".join(parts[:2])
