"""Running a recipient's script over a message."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from angarium import __version__
from angarium.operations.delivery.context import DeliveryContext, Letter
from angarium.operations.delivery.facts import Facts
from angarium.operations.delivery.filing import Filing
from angarium.operations.messages import DeliveryTarget, ScannedFile
from angarium.operations.scripts.conclude import Steps, conclude, failed
from angarium.sieve import (
    Envelope,
    Environment,
    HeaderTexts,
    Message,
    Outcome,
    Script,
    ScriptInvalid,
    interpret,
)
from angarium.store import Actor

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
    return replace(run, outcome=failed(reason, lines=run.outcome.log))


async def run_script(
    context: DeliveryContext, letter: Letter, target: DeliveryTarget, script: Script | ScriptInvalid, owner: Actor
) -> Run:
    """What the script wants done with a delivery."""
    source = letter.message.source
    assert source is not None, "scripts run over deliveries"
    envelope = Envelope(letter.return_path, target.recipient.address, _auth(letter), letter.dsn_of(target.recipient))
    items = environment_items(context, phase="during", remote_host=letter.remote_host, remote_ip=letter.remote_ip)
    facts = facts_of(context, owner, target)
    return await run_over(facts, script, source, envelope, {**_NO_EVENT, **items}, header=letter.header)


def facts_of(context: DeliveryContext, owner: Actor, target: DeliveryTarget) -> Facts:
    """What a script can ask that files as `owner`."""
    sieve = context.settings.sieve
    filing = Filing(context.store, owner, utf8_only=sieve.sieve_utf8fileinto, mailboxes_max=sieve.sieve_max_mailboxes)
    return Facts(context, filing, target.account)


async def run_over(
    facts: Facts,
    script: Script | ScriptInvalid,
    source: ScannedFile,
    envelope: Envelope | None,
    items: Mapping[str, str],
    *,
    initial_flags: tuple[str, ...] = (),
    header: HeaderTexts | None = None,
) -> Run:
    """What the script wants done, or for one that cannot be used the failure; other tasks have their turn meanwhile.

    `header` is what other scripts have read of the same message."""
    context = facts.context
    environment = Environment(
        _now(context),
        items,
        initial_flags,
        spam_status=context.scripts.spam_status,
        virus_status=context.scripts.virus_status,
    )
    message = Message(source.view, source.scanned, header)

    def interpreted(script: Script) -> Steps:
        return interpret(script, message, envelope, environment, limits=context.scripts.limits)

    is_long = _is_long_work(script, source)
    return Run(await conclude(script, environment, interpreted, facts.answer, in_thread=is_long), facts)


def _is_long_work(script: Script | ScriptInvalid, source: ScannedFile) -> bool:
    """Whether what one test reads may take longer than the loop can wait: it cannot be left half-way."""
    if isinstance(script, ScriptInvalid):
        return False
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
