"""FETCH (RFC 9051 §6.4.5): in batches, so that neither memory nor the loop is held for long."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence

from angarium.engine.commands import FlagOperation, FlagsStored, StoreFlags
from angarium.engine.rows import ModSeq
from angarium.errors import AclChanged, AngariumError
from angarium.fetchitem import sets_seen
from angarium.flags import Flags, SystemFlags
from angarium.operations.messages.cache import MessageCache
from angarium.operations.messages.columns import FetchBatch
from angarium.operations.messages.fetchbatch import BatchMaker, FetchedItem
from angarium.operations.messages.slices import slices_of
from angarium.rights import Right
from angarium.sequenceset import UidSet
from angarium.store import Actor, SelectedMailbox, Store, decided_again
from angarium.store.acl import require

_ROWS = 1000
"""Of values that are ready; 1-2 ms of work."""
_ROWS_WITH_FIELDS = 256
"""Of header fields, previews and digests, which are mostly remembered."""
_ROWS_WITH_SECTIONS = 64
"""Of what is read from files; a batch ends earlier where they are large."""

log = logging.getLogger(__name__)


async def fetch(
    store: Store,
    cache: MessageCache,
    actor: Actor,
    selected: SelectedMailbox,
    uids: UidSet,
    items: Sequence[FetchedItem],
    *,
    changed_since: ModSeq | None = None,
    rows_at_most: int | None = None,
) -> AsyncGenerator[FetchBatch, None]:
    """What `items` ask of those of `uids` that are known, and changed after `changed_since`; needs `r`.

    Messages that others have expunged are still given while their rows are kept, since the session was not told yet.
    Sections without PEEK set `\\Seen` before the first batch, where the actor may; a store that takes no writes hinders
    nobody from reading. A batch has `rows_at_most` rows, where the caller adds large values of its own to them.
    """
    await selected.refresh()
    require(selected.mailbox.rights, Right.READ)
    uids = _changed(selected, uids, changed_since)
    newly_seen = await _set_seen(store, actor, selected, uids) if sets_seen(items) else UidSet()
    maker = BatchMaker(cache, selected, items, newly_seen)
    indexes = selected.view.indexes_of(uids, expunged=True)
    rows = _ROWS
    if maker.reads_files:
        rows = _ROWS_WITH_FIELDS if maker.reads_what_is_remembered else _ROWS_WITH_SECTIONS
    if rows_at_most is not None:
        rows = min(rows, rows_at_most)
    for start in range(0, len(indexes), rows):
        async for batch in maker.batches(indexes[start : start + rows]):
            yield batch
            await asyncio.sleep(0)


def _changed(selected: SelectedMailbox, uids: UidSet, changed_since: ModSeq | None) -> UidSet:
    """Decided before `\\Seen` is set, which changes all it touches."""
    if changed_since is None:
        return uids
    indexes = selected.view.indexes_of(uids, expunged=True)
    return selected.view.uids_at(indexes[selected.seen.modseqs(selected.view, indexes) > changed_since])


async def _set_seen(store: Store, actor: Actor, selected: SelectedMailbox, uids: UidSet) -> UidSet:
    changed = UidSet()

    async def attempt() -> None:
        nonlocal changed
        mailbox, view = selected.mailbox, selected.view
        if selected.read_only or not mailbox.can_keep_seen:
            return
        indexes = view.indexes_of(uids)
        unseen = indexes[~selected.seen.seen_mask(view)[indexes]]
        for piece in slices_of(view, unseen):
            command = StoreFlags(
                mailbox.id,
                piece,
                FlagOperation.ADD,
                Flags(SystemFlags.SEEN),
                actor.author(),
                writable=SystemFlags.SEEN,
                keywords_writable=False,
                acl_version=mailbox.acl_version,
                seen_account=mailbox.seen_account,
            )
            try:
                stored = await store.engine.write(mailbox.account, command)
            except AclChanged:
                await selected.refresh()
                raise
            assert isinstance(stored, FlagsStored)
            store.views.stored(mailbox.account, command, stored)
            changed = changed.union(stored.changed)

    try:
        await decided_again(attempt)
    except AngariumError as refusal:
        log.warning("fetch_seen_not_stored", extra={"mailbox": selected.mailbox.id, "error": str(refusal)})
    if changed:
        await selected.refresh()
    return changed
