"""Whose script a delivery is filtered by.

A user's mail is filtered by her active script, whichever of her mailboxes it is addressed to, or where
`sieveusehomedir` is on by the one in her home directory; that for a shared mailbox by the script that its annotation
`/vendor/cmu/cyrus-imapd/sieve` names, of those of its own account or else of the site's.
"""

from typing import Final

from angarium.engine.rows import AccountId
from angarium.engine.scripts import ScriptRow
from angarium.names import UserId
from angarium.operations.delivery.context import DeliveryContext
from angarium.operations.delivery.homescript import home_script
from angarium.operations.messages import DeliveryTarget
from angarium.store.annotations import VENDOR

_ENTRY: Final = f"{VENDOR}/sieve"


async def active_script_of(context: DeliveryContext, target: DeliveryTarget) -> ScriptRow | None:
    """The script; None where there is none, or none of the name that is annotated."""
    if target.name.userid is not None:
        return await script_of_user(context, target.name.userid, target.account)
    for row in await context.store.engine.annotations(target.account, target.mailbox):
        if row.entry == _ENTRY and row.owner is None:
            return await script_named(context, target.account, row.value.decode("utf-8", "replace"))
    return None


async def script_of_user(context: DeliveryContext, userid: UserId, account: AccountId) -> ScriptRow | None:
    """Her active script; None where there is none."""
    if context.settings.sieve.sieveusehomedir:
        return await home_script(userid, octets_max=context.scripts.limits.script_octets)
    return await context.store.engine.active_script(account)


async def script_named(context: DeliveryContext, account: AccountId, name: str) -> ScriptRow | None:
    """A script of the account, or else of the site."""
    engine = context.store.engine
    return await engine.script(account, name) or await engine.site_script(name)
