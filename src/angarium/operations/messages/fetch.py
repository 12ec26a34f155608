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
from angarium.operations.messages.downgrade import downgraded, may_decode, may_downgrade, with_decoded_parameters
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
    descending: bool = False,
    takes_utf8: bool = True,
    decodes_parameters: bool = False,
) -> AsyncGenerator[FetchBatch, None]:
    """What `items` ask of those of `uids` that are known, and changed after `changed_since`; needs `r`.

    Messages that others have expunged are still given while their rows are kept, since the session was not told yet.
    Sections without PEEK set `\\Seen` before the first batch, where the actor may; a store that takes no writes hinders
    nobody from reading. A batch has `rows_at_most` rows, where the caller adds large values of its own to them.
    Batches ascend by UID, or descend. What is told of headers is ASCII unless the caller `takes_utf8`; what names a
    charset is told percent-encoded unless it `decodes_parameters`.
    """
    await selected.refresh()
    require(selected.mailbox.rights, Right.READ)
    if changed_since is not None:  # decided before `\\Seen` is set, which changes all it touches
        uids = changed_after(selected, uids, changed_since)
    newly_seen = await _set_seen(store, actor, selected, uids) if sets_seen(items) else UidSet()
    maker = BatchMaker(cache, selected, items, newly_seen)
    indexes = selected.view.indexes_of(uids, expunged=True)
    if descending:
        indexes = indexes[::-1]
    rows = _ROWS
    if maker.reads_files:
        rows = _ROWS_WITH_FIELDS if maker.reads_what_is_remembered else _ROWS_WITH_SECTIONS
    if rows_at_most is not None:
        rows = min(rows, rows_at_most)
    downgrades = not takes_utf8 and may_downgrade(items)
    decodes = decodes_parameters and may_decode(items)
    for start in range(0, len(indexes), rows):
        async for batch in maker.batches(indexes[start : start + rows]):
            if downgrades:
                yield await downgraded(batch, items)
            elif decodes:
                yield await with_decoded_parameters(batch, items)
            else:
                yield batch
            await asyncio.sleep(0)


def changed_after(selected: SelectedMailbox, uids: UidSet, modseq: ModSeq) -> UidSet:
    """Those of `uids` that were changed after `modseq`, as of the last refresh."""
    indexes = selected.view.indexes_of(uids, expunged=True)
    return selected.view.uids_at(indexes[selected.seen.modseqs(selected.view, indexes) > modseq])


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
