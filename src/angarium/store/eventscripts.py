"""Which accounts have mailboxes whose IMAP events run a script (RFC 6785 §2.3.1): noted in `work.db`.

A note is durable before the annotation that it is of, so whoever reads the notes knows all accounts to look at; where
there are none, and the server has no such annotation, there is nothing to look at in any account. A note may be of an
account that has none yet, or not any more: one that is older than ten minutes, and is so, may go.
"""

from dataclasses import dataclass
from typing import Final

from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId, WorkRow
from angarium.errors import AccountNotFound
from angarium.store.annotations import SCRIPT_OF_EVENTS

_WORK_KIND: Final = "imapsieve"
_STALE_AFTER_S: Final = 600
"""No annotation is so long on its way."""


@dataclass(frozen=True, slots=True)
class EventScripts:
    """Where scripts may be run."""

    everywhere: bool = False
    """The server has the annotation: in all mailboxes that have none of their own."""
    accounts: frozenset[AccountId] = frozenset()
    """Those with mailboxes that have it, and perhaps others."""

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.accounts)

    def may_be_in(self, account: AccountId) -> bool:
        """Whether events there may run a script."""
        return self.everywhere or account in self.accounts


async def event_scripts(engine: Engine) -> EventScripts:
    """As they are noted."""
    everywhere = SCRIPT_OF_EVENTS in await engine.server_annotations()
    accounts = [row.account for _, row in await engine.work() if row.kind == _WORK_KIND]
    return EventScripts(everywhere, frozenset(accounts))


async def note_event_scripts(engine: Engine, account: AccountId, now_s: int) -> None:
    """Before a mailbox of the account gets the annotation; durable on return."""
    await engine.note_work(WorkRow(account, _WORK_KIND, "", now_s))


async def announce_event_scripts(engine: Engine) -> None:
    """Behind that: whoever runs scripts hears of it, as of a change of SITE."""
    await engine.set_server_annotations({})


async def forget_stale_notes(engine: Engine, now_s: int) -> None:
    """Notes of accounts that have no such annotation, and all but one of others."""
    kept: set[AccountId] = set()
    for number, row in reversed(await engine.work()):
        if row.kind != _WORK_KIND:
            continue
        if row.account in kept or not await _has_any(engine, row.account):
            if row.noted_at_s + _STALE_AFTER_S < now_s:
                await engine.work_done(number)
        else:
            kept.add(row.account)


async def _has_any(engine: Engine, account: AccountId) -> bool:
    try:
        for mailbox in await engine.mailboxes(account):
            if mailbox.annotation_octets:
                for row in await engine.annotations(account, mailbox.id):
                    if row.entry == SCRIPT_OF_EVENTS and row.owner is None:
                        return True
    except AccountNotFound:
        pass
    return False
