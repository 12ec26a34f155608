"""`angarium sieve test`: what messages would get from a script, and which line decided it."""

import argparse
import asyncio
import mmap
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from angarium import mime
from angarium.auth import canonical_userid
from angarium.cli.location import location_of
from angarium.cli.openstore import open_store, read_settings
from angarium.cli.printable import printable
from angarium.cli.sievefiles import (
    STANDARD_INPUT,
    read_file,
    report_mistakes,
    sieve_settings,
    source_lines,
)
from angarium.cli.sieveoutcome import origin_words, outcome_lines
from angarium.cli.sievescripts import user_account
from angarium.engine.rows import AccountId
from angarium.operations.delivery import DeliveryContext
from angarium.operations.scripts import CheckedScripts, allowed_extensions, script_limits
from angarium.operations.scripts.conclude import Answers
from angarium.operations.scripts.replay import account_answers, missing_mailboxes
from angarium.operations.scripts.trial import Circumstances, envelope_of, try_script
from angarium.sieve import (
    Envelope,
    Environment,
    IncludedScript,
    Limits,
    ListHolds,
    ListKnown,
    MailboxExists,
    MailboxIdExists,
    Message,
    MetadataOf,
    NotifyMethodOnline,
    Outcome,
    Question,
    Script,
    ScriptInvalid,
    SeenBefore,
    SpecialUseExists,
    Traced,
    parse_script,
)
from angarium.store import Actor

_SUFFIXES: Final = ("", ".sieve", ".script")
"""Of files that hold included scripts, behind the names of those."""


@dataclass(slots=True)
class Assumptions:
    """Answers where there is no account to ask; what was assumed is told."""

    directory: Path
    """Where scripts that are included are looked for."""
    limits: Limits
    extensions: frozenset[str]
    made: list[str] = field(default_factory=list)

    async def answer(self, question: Question) -> object:
        """What is most often so."""
        match question:
            case MailboxExists(mailbox):
                return self._assume(f'there is a mailbox "{mailbox}"', answer=True)
            case MailboxIdExists(mailbox_id):
                return self._assume(f"there is a mailbox with the id {mailbox_id}", answer=True)
            case SpecialUseExists(mailbox, uses):
                where = f'the mailbox "{mailbox}" is' if mailbox is not None else "a mailbox is"
                return self._assume(f"{where} for {' '.join(uses)}", answer=True)
            case MetadataOf(mailbox, entry):
                where = f'the mailbox "{mailbox}"' if mailbox is not None else "the server"
                return self._assume(f"{where} has no annotation {entry}", answer=None)
            case SeenBefore():
                return self._assume("no such message was seen before", answer=False)
            case ListKnown(name):
                return self._assume(f"there is a list {name}", answer=True)
            case ListHolds(name, _):
                return self._assume(f"the list {name} holds none of what is asked for", answer=None)
            case IncludedScript(name, is_global):
                return self._included(name, is_global=is_global)
            case NotifyMethodOnline():
                return "maybe"

    def _assume(self, text: str, *, answer: bool | None) -> bool | None:
        if text not in self.made:
            self.made.append(text)
        return answer

    def _included(self, name: str, *, is_global: bool) -> Script | ScriptInvalid | None:
        for suffix in _SUFFIXES:
            path = self.directory / f"{name}{suffix}"
            if path.parent == self.directory and os.path.isfile(path):
                self._assume(f'the included script "{name}" is {path}', answer=True)
                return self._parsed(read_file(str(path)), name)
        kind = "of the site" if is_global else "of the user"
        self._assume(f'there is no script "{name}" {kind}, nor a file of that name', answer=None)
        return None

    def _parsed(self, content: bytes, name: str) -> Script | ScriptInvalid:
        try:
            return parse_script(content, limits=self.limits, extensions=self.extensions, name=name)
        except ScriptInvalid as invalid:
            return invalid


@dataclass(frozen=True, slots=True)
class _Account:
    """Whose mailboxes and scripts answer."""

    context: DeliveryContext
    actor: Actor
    account: AccountId


@dataclass(frozen=True, slots=True)
class _Trial:
    """One script, to be run over messages."""

    arguments: argparse.Namespace
    script: Script
    source: list[str]
    limits: Limits

    async def run(self, messages: Iterable[tuple[str, memoryview]], answers: Assumptions | _Account) -> None:
        """Prints what each would get."""
        for number, (name, view) in enumerate(messages):
            if number:
                print()
            for line in await self._lines(name, view, answers):
                print(line)

    async def _lines(self, name: str, view: memoryview, answers: Assumptions | _Account) -> list[str]:
        message = Message(view, mime.scan(view))
        arguments = self.arguments
        envelope = envelope_of(
            message, sender=arguments.sender, recipient=arguments.recipient, user=arguments.user or ""
        )
        subject = next(iter(message.header("subject")), "")
        circumstances = Circumstances(envelope, Environment(datetime.now(UTC).astimezone()))
        trace: list[Traced] | None = [] if arguments.verbose else None
        assumed: list[str] = []
        missing: Collection[str] = ()
        if isinstance(answers, Assumptions):
            answers.made = assumed
            outcome = await self._try(message, circumstances, answers.answer, trace)
        else:
            asked = account_answers(answers.context, answers.actor, answers.account)
            outcome = await self._try(message, circumstances, asked, trace)
            missing = await missing_mailboxes(answers.context, answers.actor, outcome)
        return [
            f"{printable(name)}: {printable(subject)}".rstrip(),
            f"  {_envelope_words(envelope)}",
            *self._traced(trace or []),
            *[f"  assumed: {printable(text)}" for text in assumed],
            *outcome_lines(outcome, self.source, missing),
        ]

    async def _try(
        self, message: Message, circumstances: Circumstances, answers: Answers, trace: list[Traced] | None
    ) -> Outcome:
        return await try_script(self.script, message, circumstances, answers, limits=self.limits, trace=trace)

    def _traced(self, trace: list[Traced]) -> Iterator[str]:
        for traced in trace:
            result = "true" if traced.result else "false"
            yield f"  {traced.name} is {result}: {origin_words(traced.origin, self.source)}"


def run(arguments: argparse.Namespace) -> int:
    settings = sieve_settings(arguments)
    limits, extensions = script_limits(settings), allowed_extensions(settings)
    content = read_file(arguments.script)
    try:
        script = parse_script(content, limits=limits, extensions=extensions, traced=arguments.verbose)
    except ScriptInvalid as invalid:
        report_mistakes(arguments.script, content, invalid)
        return os.EX_DATAERR
    trial = _Trial(arguments, script, source_lines(content), limits)
    if arguments.user is not None:
        asyncio.run(_run_for_user(trial))
        return os.EX_OK
    directory = Path() if arguments.script == STANDARD_INPUT else Path(arguments.script).parent
    asyncio.run(trial.run(_opened_in_turn(arguments.message), Assumptions(directory, limits, extensions)))
    return os.EX_OK


async def _run_for_user(trial: _Trial) -> None:
    arguments = trial.arguments
    settings = read_settings(location_of(arguments))
    with ExitStack() as stack:
        # Opened before the store is, whose owner may not read what root may.
        messages = [(name, stack.enter_context(message_view(name))) for name in arguments.message]
        async with open_store(settings) as opened:
            userid = canonical_userid(arguments.user, opened.store.policy.names)
            account = await user_account(opened, userid)
            context = DeliveryContext(store=opened.store, settings=settings, scripts=CheckedScripts(settings.sieve))
            await trial.run(messages, _Account(context, Actor(userid, account, protocol="sieve"), account))


def _opened_in_turn(names: Sequence[str]) -> Iterator[tuple[str, memoryview]]:
    """Each message while it is looked at, so that there may be any number of them."""
    for name in names:
        with message_view(name) as view:
            yield name, view


@contextmanager
def message_view(name: str) -> Iterator[memoryview]:
    """The octets of a message's file, not a copy. OSError."""
    with open(name, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            yield memoryview(b"")
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
            yield view


def _envelope_words(envelope: Envelope) -> str:
    recipient = f" to <{envelope.to}>" if envelope.to else ""
    return printable(f"envelope: from <{envelope.from_}>{recipient}")
