"""Annotations of messages (RFC 5257): reading, setting, searching and sorting by them.

Whoever may read a message reads the annotations that all share, and may have some of her own; to set those of all
needs `n` (RFC 5257 §3.4).
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from angarium.collation import Collation
from angarium.engine.commands import AnnotationsSet, SetAnnotations
from angarium.engine.rows import AnnotationChange, AnnotationRow, ModSeq
from angarium.errors import AnnotationLimitExceeded, PermissionDenied, PrivateAnnotationsUnsupported
from angarium.names import EntryPattern, is_entry_pattern
from angarium.rights import Right
from angarium.searchkey import AnnotationText
from angarium.sequenceset import UidSet
from angarium.store import Actor, AnnotationScope, Indexes, Mailbox, Mask, SelectedMailbox, Store, decided_again
from angarium.store.acl import require

_AT_ONCE: Final = 500
"""Messages whose annotations are read, or changed, in one step."""


@dataclass(frozen=True, slots=True)
class MessageAnnotation:
    """An annotation that is to be set."""

    entry: str
    is_shared: bool
    value: bytes | None = field(repr=False)
    """None takes it away."""


@dataclass(frozen=True, slots=True)
class AnnotationCriterion:
    """What SORT compares: the value of one entry (RFC 5257 §4.9)."""

    entry: str
    is_shared: bool
    is_reverse: bool


@dataclass(frozen=True, slots=True)
class AnnotationValues:
    """What one entry of a message says to a reader; None where it has no value."""

    entry: str
    private: bytes | None
    shared: bytes | None


async def annotations_of(
    selected: SelectedMailbox, uids: UidSet, entries: Sequence[str]
) -> dict[int, list[AnnotationValues]]:
    """By UID, for each of `uids`: entries that are named, whether they have a value or not, and of those that match a
    pattern the ones that have."""
    named = [entry.lower() for entry in entries if not is_entry_pattern(entry)]
    patterns = [EntryPattern(entry.lower()) for entry in entries if is_entry_pattern(entry)]
    found: dict[int, dict[str, AnnotationValues]] = {
        uid: {entry: AnnotationValues(entry, None, None) for entry in named} for uid in uids
    }
    for row in await _read(selected, uids):
        values = found[row.uid]
        if row.entry in values or any(pattern.matches(row.entry) for pattern in patterns):
            before = values.get(row.entry, AnnotationValues(row.entry, None, None))
            values[row.entry] = (
                AnnotationValues(row.entry, before.private, row.value)
                if row.owner is None
                else AnnotationValues(row.entry, row.value, before.shared)
            )
    return {uid: list(values.values()) for uid, values in found.items()}


async def store_annotations(
    store: Store,
    actor: Actor,
    selected: SelectedMailbox,
    uids: UidSet,
    values: Sequence[MessageAnnotation],
    *,
    unchanged_since: ModSeq | None = None,
) -> AnnotationsSet:
    """Set annotations of those of `uids` that are there; durable on return.

    PermissionDenied (also for what is no entry), AnnotationInvalid, AnnotationTooLarge, AnnotationLimitExceeded,
    PrivateAnnotationsUnsupported, QuotaExceeded. Of very many messages some may have been changed when a refusal comes.
    """
    done = AnnotationsSet(UidSet(), UidSet(), None)

    async def attempt() -> None:
        nonlocal done
        await selected.refresh()
        mailbox = selected.mailbox
        if selected.is_examined:
            raise PermissionDenied("the mailbox is selected by EXAMINE")
        changes = annotation_changes(store, actor, mailbox, values)
        wanted = uids.difference(done.changed).difference(done.refused)
        indexes = selected.view.indexes_of(wanted)
        for start in range(0, len(indexes), _AT_ONCE):
            command = SetAnnotations(
                mailbox.id,
                changes,
                actor.author(),
                selected.view.uids_at(indexes[start : start + _AT_ONCE]),
                unchanged_since,
                mailbox.acl_version,
                mailbox.seen_account,
                store.policy.annotations.count,
            )
            result = await store.engine.write(mailbox.account, command)
            assert isinstance(result, AnnotationsSet)
            done = AnnotationsSet(
                done.changed.union(result.changed), done.refused.union(result.refused), result.modseq or done.modseq
            )

    await decided_again(attempt)
    return done


def annotation_changes(
    store: Store, actor: Actor, mailbox: Mailbox, values: Sequence[MessageAnnotation]
) -> tuple[AnnotationChange, ...]:
    """What the engine is to do; refusals as of `store_annotations`."""
    policy, changes = store.policy.annotations, []
    for each in values:
        entry = each.entry.lower()
        known = policy.find(AnnotationScope.MESSAGE, entry)
        if known is None or known.is_fact or not known.has(shared=each.is_shared):
            raise PermissionDenied(f"{entry} cannot be set")
        needed = [right for right in Right if right in known.needed]
        require(mailbox.rights, Right.ANNOTATE if each.is_shared else Right.READ, *needed)
        if not each.is_shared and actor.account is None:
            raise PrivateAnnotationsUnsupported("who has no account has no annotations of her own")
        policy.check_size(each.value)
        owner = None if each.is_shared else actor.account
        changes.append(AnnotationChange(entry, owner, known.checked(each.value)))
    return tuple(changes)


def annotations_of_new(
    store: Store, actor: Actor, mailbox: Mailbox, values: Sequence[MessageAnnotation]
) -> tuple[AnnotationChange, ...]:
    """As `annotation_changes`, for a message that has none yet."""
    changes = annotation_changes(store, actor, mailbox, values)
    if len({(change.entry, change.owner) for change in changes}) > store.policy.annotations.count:
        raise AnnotationLimitExceeded("more annotations than a message may have")
    return changes


async def annotated_mask(selected: SelectedMailbox, key: AnnotationText, collation: Collation, within: Mask) -> Mask:
    """Rows of `within` with an annotation that holds the text; for NIL, those without a value (RFC 5257 §4.8)."""
    pattern = EntryPattern(key.entry.lower())
    scopes = {"value.priv": (False,), "value.shared": (True,)}.get(key.attribute, (True, False))
    mask = np.zeros(len(within), dtype=np.bool_)
    rows = np.flatnonzero(within)
    places = dict(zip(selected.view.uid[rows].tolist(), rows.tolist(), strict=True))
    async for row in _rows_within(selected, rows):
        if (row.owner is None) in scopes and pattern.matches(row.entry):
            text = row.value.decode("utf-8", "replace")
            mask[places[row.uid]] |= key.text is None or collation.contains(text, key.text)
    return within & ~mask if key.text is None else within & mask


async def annotation_texts(selected: SelectedMailbox, rows: Indexes, entry: str, *, is_shared: bool) -> list[str]:
    """The value of an entry for each of the rows, empty where there is none: what SORT compares (RFC 5257 §4.9)."""
    texts: dict[int, str] = {}
    async for row in _rows_within(selected, rows):
        if row.entry == entry.lower() and (row.owner is None) == is_shared:
            texts[row.uid] = row.value.decode("utf-8", "replace")
    return [texts.get(uid, "") for uid in selected.view.uid[rows].tolist()]


def copied_annotations(rows: Iterable[AnnotationRow], actor: Actor, target: Mailbox) -> list[AnnotationChange]:
    """What goes along with a message into `target` (RFC 5257 §4.6)."""
    keeps_shared = Right.ANNOTATE in target.rights
    return [
        AnnotationChange(row.entry, row.owner, row.value)
        for row in rows
        if (keeps_shared if row.owner is None else row.owner == actor.account)
    ]


async def _rows_within(selected: SelectedMailbox, rows: Indexes) -> AsyncIterator[AnnotationRow]:
    ordered = np.sort(rows)
    if selected.mailbox.row.annotation_octets:
        for start in range(0, len(ordered), _AT_ONCE):
            for row in await _read(selected, selected.view.uids_at(ordered[start : start + _AT_ONCE])):
                yield row


async def _read(selected: SelectedMailbox, uids: UidSet) -> list[AnnotationRow]:
    """Those that the reader may know of: shared ones and her own."""
    mailbox, own = selected.mailbox, selected.actor.account
    rows = await selected.store.engine.annotations(mailbox.account, mailbox.id, uids)
    return [row for row in rows if row.owner is None or (own is not None and row.owner == own)]
