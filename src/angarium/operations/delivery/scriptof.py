"""Whose script a delivery is filtered by.

A user's mail is filtered by her active script, whichever of her mailboxes it is addressed to; that for a shared mailbox
by the script that its annotation `/vendor/cmu/cyrus-imapd/sieve` names, of those of its own account or else of the
site's.
"""

from typing import Final

from angarium.engine.rows import AccountId
from angarium.engine.scripts import ScriptRow
from angarium.operations.delivery.context import DeliveryContext
from angarium.operations.messages import DeliveryTarget
from angarium.store.annotations import VENDOR

_ENTRY: Final = f"{VENDOR}/sieve"


async def active_script_of(context: DeliveryContext, target: DeliveryTarget) -> ScriptRow | None:
    """The script; None where there is none, or none of the name that is annotated."""
    engine = context.store.engine
    if target.name.is_user:
        return await engine.active_script(target.account)
    for row in await engine.annotations(target.account, target.mailbox):
        if row.entry == _ENTRY and row.owner is None:
            return await script_named(context, target.account, row.value.decode("utf-8", "replace"))
    return None


async def script_named(context: DeliveryContext, account: AccountId, name: str) -> ScriptRow | None:
    """A script of the account, or else of the site."""
    engine = context.store.engine
    return await engine.script(account, name) or await engine.site_script(name)
