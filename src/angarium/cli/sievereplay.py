"""`angarium sieve replay`: the active script of a user against another one, on the mail of a mailbox."""

import argparse
import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from angarium.auth import canonical_userid
from angarium.cli.location import location_of
from angarium.cli.openstore import OpenedStore, open_store, read_settings
from angarium.cli.printable import printable
from angarium.cli.sievefiles import read_file, report_mistakes, source_lines
from angarium.cli.sieveoutcome import actions_words, origin_words, shortened
from angarium.cli.sievescripts import user_account
from angarium.errors import MailboxNotFound
from angarium.operations.delivery import DeliveryContext
from angarium.operations.scripts import CheckedScripts
from angarium.operations.scripts.replay import Replayed, Unreadable, replay
from angarium.rights import Right
from angarium.sieve import Outcome, Script, ScriptInvalid
from angarium.store import Actor, Mailbox

_SENDER_CHARACTERS: Final = 30
_SUBJECT_CHARACTERS: Final = 50


def run(arguments: argparse.Namespace) -> int:
    settings = read_settings(location_of(arguments))
    content = read_file(arguments.script)

    async def work() -> int:
        async with open_store(settings) as opened:
            context = DeliveryContext(store=opened.store, settings=settings, scripts=CheckedScripts(settings.sieve))
            try:
                script = await context.scripts.check(content)
            except ScriptInvalid as invalid:
                report_mistakes(arguments.script, content, invalid)
                return os.EX_DATAERR
            await _replay(arguments, opened, context, script, source_lines(content))
            return os.EX_OK

    return asyncio.run(work())


@dataclass(slots=True)
class _Summary:
    """What there is to say at the end."""

    messages: int = 0
    unreadable: int = 0
    failures: int = 0
    """Of the new script."""
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        changed = sum(self.changes.values())
        lines = [f"{_counted(self.messages, 'message')}: {self.messages - changed} the same, {changed} different"]
        for (before, after), count in sorted(self.changes.items(), key=lambda each: (-each[1], each[0])):
            lines.append(f"{count:7}  {before}  ->  {after}")
        if self.failures:
            lines.append(f"the new script fails on {_counted(self.failures, 'message')}")
        if self.unreadable:
            lines.append(f"{_counted(self.unreadable, 'message')} could not be read: the file is lost")
        return lines


async def _replay(
    arguments: argparse.Namespace, opened: OpenedStore, context: DeliveryContext, script: Script, source: list[str]
) -> None:
    userid = canonical_userid(arguments.user, opened.store.policy.names)
    account = await user_account(opened, userid)
    actor = Actor(userid, account, protocol="sieve")
    mailbox = await _mailbox(opened, actor, arguments.mailbox)
    row = await opened.engine.active_script(account)
    before = None if row is None else await context.scripts.get(account, row)
    print(f"active script: {'none' if row is None else row.name}")
    summary = _Summary()
    async for each in replay(context, actor, mailbox, before, script, last=arguments.last, address=str(userid)):
        for line in _taken(each, summary, source):
            print(line)
    for line in summary.lines():
        print(line)


async def _mailbox(opened: OpenedStore, actor: Actor, text: str) -> Mailbox:
    try:
        return await opened.store.find(actor, opened.store.namespace(actor).to_internal(text), Right.READ)
    except MailboxNotFound as error:
        raise MailboxNotFound(f"{actor.userid} has no mailbox {text!r}") from error


def _taken(each: Replayed | Unreadable, summary: _Summary, source: list[str]) -> list[str]:
    """Counts a message; gives the lines about one that the scripts do different things with."""
    summary.messages += 1
    if isinstance(each, Unreadable):
        summary.unreadable += 1
        return []
    if each.after.failure is not None:
        summary.failures += 1
    before, after = actions_words(each.before, each.missing), actions_words(each.after, each.missing)
    if before == after:
        return []
    summary.changes[", ".join(before), ", ".join(after)] += 1
    sender = printable(shortened(each.sender, _SENDER_CHARACTERS))
    subject = printable(shortened(each.subject, _SUBJECT_CHARACTERS))
    return [
        f"{each.date:%Y-%m-%d %H:%M}  {sender:{_SENDER_CHARACTERS}}  {subject}",
        f"    before: {', '.join(before)}",
        f"    after:  {', '.join(after)}",
        *[f"            {line}" for line in _origins(each.after, source)],
    ]


def _origins(outcome: Outcome, source: list[str]) -> list[str]:
    origins = [action.origin for action in outcome.actions if action.origin is not None]
    if outcome.failure is not None:
        origins.append(outcome.failure.origin)
    return list(dict.fromkeys([origin_words(origin, source) for origin in origins]))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
