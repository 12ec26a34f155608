"""Erasing mailboxes for good: they are gone at once, and what they held is forgotten after that."""

from contextlib import suppress

from angarium.engine.commands import EraseMailboxes, ForgetErased, Purged
from angarium.engine.rows import AccountId
from angarium.errors import AngariumError
from angarium.store import Store


async def erase(store: Store, account: AccountId, command: EraseMailboxes) -> None:
    """Erase mailboxes, durably and gone from LIST on return."""
    await store.engine.write(account, command)
    await store.engine.refresh_catalogue(account)
    # They are gone: what is left of them is no reason to refuse, and expiry goes on with it.
    with suppress(AngariumError):
        await forget_erased(store, account)


async def forget_erased(store: Store, account: AccountId) -> int:
    """Forget what is left of an account's erased mailboxes, also of those that a crash interrupted; gives how many
    messages. Every slice is a write of its own, so that others come in between."""
    count = 0
    while True:
        purged = await store.engine.write(account, ForgetErased())
        assert isinstance(purged, Purged)
        count += purged.count
        if not purged.more:
            return count
