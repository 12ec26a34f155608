"""Running a recipient's script over a message."""

import asyncio
import logging
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from angarium import __version__
from angarium.operations.delivery.context import DeliveryContext, Letter
from angarium.operations.delivery.facts import Facts
from angarium.operations.delivery.filing import Filing
from angarium.operations.messages import DeliveryTarget, ScannedFile
from angarium.sieve import (
    Envelope,
    Environment,
    Failure,
    Keep,
    LogLine,
    Message,
    Origin,
    Outcome,
    Position,
    Question,
    Script,
    ScriptInvalid,
    interpret,
)
from angarium.store import Actor

log = logging.getLogger(__name__)

_LONG_HEADER: Final = 64 * 1024
_LONG_BODY: Final = 128 * 1024
_NO_EVENT: Final = dict.fromkeys(("imap.user", "imap.email", "imap.cause", "imap.mailbox", "imap.changedflags"), "")
"""RFC 6785 §4.2, §4.5: empty at a delivery."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run gave, with what it rested on."""

    outcome: Outcome
    facts: Facts


def kept_instead(run: Run, reason: str) -> Run:
    """The run as one that failed for a reason outside the script."""
    return replace(run, outcome=_failed(run.outcome.log, reason))


async def run_script(
    context: DeliveryContext, letter: Letter, target: DeliveryTarget, script: Script | ScriptInvalid, owner: Actor
) -> Run:
    """What the script wants done with a delivery."""
    source = letter.message.source
    assert source is not None, "scripts run over deliveries"
    envelope = Envelope(letter.return_path, target.recipient.address, _auth(letter), letter.dsn_of(target.recipient))
    items = environment_items(context, phase="during", remote_host=letter.remote_host, remote_ip=letter.remote_ip)
    return await run_over(facts_of(context, owner, target), script, source, envelope, {**_NO_EVENT, **items})


def facts_of(context: DeliveryContext, owner: Actor, target: DeliveryTarget) -> Facts:
    """What a script can ask that files as `owner`."""
    filing = Filing(context.store, owner, utf8_only=context.settings.sieve.sieve_utf8fileinto)
    return Facts(context, filing, target.account)


async def run_over(
    facts: Facts,
    script: Script | ScriptInvalid,
    source: ScannedFile,
    envelope: Envelope | None,
    items: Mapping[str, str],
    *,
    initial_flags: tuple[str, ...] = (),
) -> Run:
    """What the script wants done, or for one that cannot be used the failure; other tasks have their turn meanwhile."""
    context = facts.context
    if isinstance(script, ScriptInvalid):
        first = script.mistakes[0]
        failure = Failure(first.text, Origin("", first.position))
        return Run(Outcome((Keep(origin=None, flags=initial_flags),), failure=failure), facts)
    environment = Environment(
        _now(context),
        items,
        initial_flags,
        spam_status=context.scripts.spam_status,
        virus_status=context.scripts.virus_status,
    )
    steps = interpret(
        script, Message(source.view, source.scanned), envelope, environment, limits=context.scripts.limits
    )
    return Run(await _run(facts, steps, in_thread=_is_long_work(script, source)), facts)


Steps = Generator[Question | None, object, Outcome]


async def _run(facts: Facts, steps: Steps, *, in_thread: bool) -> Outcome:
    loop = asyncio.get_running_loop()
    answer: object = None
    while True:
        step = await loop.run_in_executor(None, _next, steps, answer) if in_thread else _next(steps, answer)
        if isinstance(step, Outcome):
            return step
        if step is None:
            await asyncio.sleep(0)
            answer = None
        else:
            answer = await facts.answer(step)


def _next(steps: Steps, answer: object) -> Question | Outcome | None:
    try:
        return steps.send(answer)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError, AssertionError) as error:
        # A fault of ours, which the next attempt would meet too: the mail is not to wait for it, and be sent back then.
        log.error("script_broke", exc_info=error)
        return _failed((), f"a fault of the server: {type(error).__name__}")


def _failed(lines: tuple[LogLine, ...], reason: str) -> Outcome:
    """Kept, and why."""
    return Outcome((Keep(origin=None),), log=lines, failure=Failure(reason, Origin("", Position(1, 1))))


def _is_long_work(script: Script, source: ScannedFile) -> bool:
    """Whether one test may take longer than the loop can wait: it cannot be left half-way."""
    looks_at_body = script.needs_body or bool(script.includes)
    return source.scanned.root.header_size > _LONG_HEADER or (looks_at_body and len(source.view) > _LONG_BODY)


async def owner_of(context: DeliveryContext, target: DeliveryTarget, session: str) -> Actor:
    """As whom a script files: the user whose mailbox it is; nobody for a shared mailbox."""
    userid = target.name.userid
    if userid is None:
        return Actor(None, protocol="sieve", session=session)
    groups = await context.groups_of(userid)
    return Actor(userid, target.account, groups, protocol="sieve", session=session)


def _auth(letter: Letter) -> str:
    return "" if letter.sender.userid is None else str(letter.sender.userid)


def _now(context: DeliveryContext) -> datetime:
    return datetime.fromtimestamp(context.store.sources.now_s(), context.zone)


def environment_items(context: DeliveryContext, *, phase: str, remote_host: str, remote_ip: str) -> dict[str, str]:
    """RFC 5183 §4.1."""
    servername = context.settings.server.servername
    return {
        "domain": servername.partition(".")[2] or servername,
        "host": servername,
        "location": "MS",
        "name": "Angarium",
        "phase": phase,
        "remote-host": remote_host,
        "remote-ip": remote_ip,
        "version": __version__,
    }
