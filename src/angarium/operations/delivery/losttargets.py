"""Mailboxes that an active script files into, and that a RENAME or DELETE has taken from it.

The script goes on as it is, and mail that it would have filed there is kept in INBOX as after any failure of a script:
whoever has the script is told, and the log. What a script creates where it is missing is not lost to it.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from angarium.engine.rows import AccountId
from angarium.engine.scripts import ScriptRow
from angarium.errors import AccountNotFound, AngariumError, MailboxNameInvalid
from angarium.names import MailboxName, UserId
from angarium.operations.delivery.context import DeliveryContext
from angarium.operations.delivery.facts import SITE
from angarium.operations.delivery.filing import Filing
from angarium.operations.delivery.scriptof import script_of_user
from angarium.operations.scripts import find_site_script
from angarium.sieve import Script
from angarium.store import Actor
from angarium.store.acl import administers
from angarium.store.turns import slices

log = logging.getLogger(__name__)

_SCRIPTS: Final = 50
"""Of one user's, those that are included among them, that are looked at."""
_TOLD: Final = 20
_NAMES_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class LostTarget:
    """A mailbox of a script that is there no more."""

    userid: UserId
    """Whose script it is."""
    script: str
    line: int
    name: MailboxName


async def lost_targets(context: DeliveryContext, actor: Actor, gone: Sequence[MailboxName]) -> list[LostTarget]:
    """What the active scripts of whose mailboxes went, and of the actor, have lost by names that are gone: those of a
    tree, its top first.

    All is logged; given are those of the actor's own script, or to an administrator all, and never more than some.
    What goes wrong is logged and nothing else, since the names are changed already. Users who only share a mailbox that
    went are not looked for: nobody knows whose scripts name it.
    """
    found: list[LostTarget] = []
    for userid in dict.fromkeys((gone[0].userid, actor.userid)):
        inbox = None if userid is None else MailboxName.of_user(userid)
        if userid is None or inbox is None or inbox.key == gone[0].key:
            continue  # shared mailboxes have no active script, and whose INBOX went has nothing to filter
        try:
            lost = await _lost_by(context, userid, gone)
        except AngariumError as refusal:
            log.warning("script_not_looked_at", extra={"user": str(userid), "reason": str(refusal)})
            continue
        _log(actor, lost)
        if userid == actor.userid or administers(actor, inbox):
            found += lost
    return found[:_TOLD]


async def _lost_by(context: DeliveryContext, userid: UserId, gone: Sequence[MailboxName]) -> list[LostTarget]:
    store = context.store
    account = await store.engine.account_id(MailboxName.of_user(userid).internal)
    if account is None:
        return []
    active = await script_of_user(context, userid, account)
    if active is None:
        return []
    keys: set[str] = set()
    async for some in slices(gone, _NAMES_AT_ONCE):
        keys |= {name.key for name in some}
    filing = Filing(store, Actor(userid, account), utf8_only=context.settings.sieve.sieve_utf8fileinto)
    found: list[LostTarget] = []
    for script in await _with_included(context, userid, account, active):
        for reference in script.mailboxes:
            try:
                name = filing.name(reference.mailbox)
            except MailboxNameInvalid:
                continue  # it never was there
            is_lost = name.key in keys and not (reference.creates or context.creates(name))
            if is_lost and not await _is_there(context, name):
                found.append(LostTarget(userid, script.name, reference.position.line, name))
    return found


async def _with_included(
    context: DeliveryContext, userid: UserId, account: AccountId, active: ScriptRow
) -> list[Script]:
    """The script and those that it includes by constant names; what cannot be used files nothing."""
    engine = context.store.engine
    waiting: list[tuple[AccountId | str, ScriptRow | None]] = [(account, active)]
    seen: set[tuple[AccountId | str, str]] = set()
    scripts: list[Script] = []
    while waiting and len(scripts) < _SCRIPTS:
        owner, row = waiting.pop(0)
        if row is None or (owner, row.name) in seen:
            continue
        seen.add((owner, row.name))
        script = await context.scripts.get(owner, row)
        if not isinstance(script, Script):
            continue
        scripts.append(script)
        for each in script.includes:
            if each.is_global:
                waiting.append((SITE, await find_site_script(engine, each.name, userid)))
            else:
                waiting.append((account, await engine.script(account, each.name)))
    return scripts


async def _is_there(context: DeliveryContext, name: MailboxName) -> bool:
    """INBOX stays where it is renamed, and another mailbox may have got the name."""
    try:
        tree = await context.store.tree_of(name)
    except AccountNotFound:
        return False
    return tree is not None and tree.find(name) is not None


def _log(actor: Actor, lost: Iterable[LostTarget]) -> None:
    for each in lost:
        log.warning(
            "script_target_lost",
            extra={
                "user": str(each.userid),
                "script": each.script,
                "line": each.line,
                "mailbox": each.name.internal,
                "by": actor.author().actor,
                "session": actor.session,
            },
        )
