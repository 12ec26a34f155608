"""GETMETADATA and SETMETADATA of mailboxes (RFC 5464 §4.2, §4.3), with what Cyrus tells and switches by them.

Who may know of a mailbox and do anything in it may read its annotations, and may have some of her own there (RFC 5464
§3.3); those that all share are set with the right `w`, as in Cyrus. Administrators may do all of it.
"""

from collections.abc import Sequence
from typing import Final

from angarium.engine.commands import SetAnnotations, SetSharedSeen, SetSpecialUse
from angarium.engine.rows import AccountId, AnnotationChange
from angarium.errors import AngariumError, PermissionDenied, PrivateAnnotationsUnsupported
from angarium.names import MailboxName
from angarium.rights import Right
from angarium.store import Actor, AnnotationEntry, AnnotationScope, Mailbox, Store, decided_again
from angarium.store.acl import administers, require, require_any
from angarium.store.annotationdates import serialize_date
from angarium.store.annotations import SCRIPT_OF_EVENTS, VENDOR
from angarium.store.eventscripts import announce_event_scripts, note_event_scripts

from .entries import Metadata, MetadataQuery, MetadataValue, Stored, gather, split_name

_SPECIAL_USE: Final = "/specialuse"
_SHARED_SEEN: Final = f"{VENDOR}/sharedseen"
_ANY_OF: Final = (Right.READ, Right.SEEN, Right.WRITE, Right.INSERT, Right.POST)


async def get_mailbox_metadata(store: Store, actor: Actor, name: MailboxName, query: MetadataQuery) -> Metadata:
    """MailboxNotFound, PermissionDenied."""
    return await metadata_of(store, actor, await _find(store, actor, name), query)


async def metadata_of(store: Store, actor: Actor, mailbox: Mailbox, query: MetadataQuery) -> Metadata:
    """Of a mailbox that the actor has found already, for LIST (RFC 9590); the rights are asked for here.

    PermissionDenied.
    """
    _require_access(actor, mailbox)
    rows = await store.engine.annotations(mailbox.account, mailbox.id)
    stored: Stored = {
        (row.entry, row.owner is None): row.value
        for row in rows
        if row.owner is None or (actor.account is not None and row.owner == actor.account)
    }
    policy = store.policy.annotations

    async def read(entry: str, is_shared: bool) -> bytes | None:
        value = stored.get((entry, is_shared))
        if value is not None:
            return value
        known = policy.find(AnnotationScope.MAILBOX, entry)
        if known is None or not known.has(shared=is_shared):
            return None
        fact = await _fact(store, mailbox, entry, is_shared=is_shared)
        return known.default if fact is None else fact

    return await gather(query, policy.entries(AnnotationScope.MAILBOX), stored, read)


async def set_mailbox_metadata(store: Store, actor: Actor, name: MailboxName, values: Sequence[MetadataValue]) -> None:
    """Set all values, durably, or none.

    MailboxNotFound, PermissionDenied (also for what is no entry, or one that nobody sets), AnnotationInvalid,
    AnnotationTooLarge, AnnotationLimitExceeded, PrivateAnnotationsUnsupported, QuotaExceeded; SpecialUseInvalid,
    SpecialUseTaken.
    """
    await decided_again(lambda: _set(store, actor, name, values))


async def _find(store: Store, actor: Actor, name: MailboxName) -> Mailbox:
    mailbox = await store.find(actor, name)
    _require_access(actor, mailbox)
    return mailbox


def _require_access(actor: Actor, mailbox: Mailbox) -> None:
    if not administers(actor, mailbox.name):
        require_any(mailbox.rights, *_ANY_OF)


async def _fact(store: Store, mailbox: Mailbox, entry: str, *, is_shared: bool) -> bytes | None:
    """What the server knows of the mailbox; None where it is no fact."""
    row = mailbox.row
    match entry.removeprefix(f"{VENDOR}/"):
        case "/specialuse":
            # Each user's own (RFC 6154 §4), of whom only the owner has any.
            return row.special_use.encode() if row.special_use and not is_shared and mailbox.is_owner else None
        case "sharedseen":
            return b"true" if row.shared_seen else b"false"
        case "hasalarms":
            return b"false"
        case "annotsize":
            return b"%d" % row.annotation_octets
        case "size":
            return b"%d" % row.octets
        case "foldermodseq":
            return b"%d" % row.folder_modseq
        case "uniqueid":
            return row.id.encode()
        case "partition":
            return row.partition.encode()
        case "lastupdate":
            changed_at_s = await store.engine.last_change_s(mailbox.account, mailbox.id)
            return serialize_date(row.created_at_s if changed_at_s is None else changed_at_s)
        case _:
            return None


async def _set(store: Store, actor: Actor, name: MailboxName, values: Sequence[MetadataValue]) -> None:
    mailbox = await _find(store, actor, name)
    changes: list[AnnotationChange] = []
    special_use: str | None = None
    shared_seen: bool | None = None
    for each in values:
        entry, is_shared = split_name(each.entry)
        known = _settable(store, actor, mailbox, entry, is_shared=is_shared)
        store.policy.annotations.check_size(each.value)
        value = known.checked(each.value)
        if entry == _SPECIAL_USE:
            special_use = _parse_special_use(store, actor, mailbox, value, is_shared=is_shared)
        elif entry == _SHARED_SEEN:
            shared_seen = value == b"true"
        else:
            changes.append(AnnotationChange(entry, None if is_shared else _account(actor), value))
    # What may be refused comes first; the last cannot be, but for a mailbox that has gone.
    if special_use is not None:
        await _write_special_use(store, actor, mailbox, special_use)
    try:
        if changes:
            await _write(store, actor, mailbox, changes)
    except AngariumError:
        if special_use is not None:
            await _write_special_use(store, actor, mailbox, mailbox.row.special_use)
        raise
    if shared_seen is not None and shared_seen != mailbox.row.shared_seen:
        await store.engine.write(mailbox.account, SetSharedSeen(mailbox.id, shared_seen, actor.author()))
        await store.engine.refresh_catalogue(mailbox.account)


def _settable(store: Store, actor: Actor, mailbox: Mailbox, entry: str, *, is_shared: bool) -> AnnotationEntry:
    known = store.policy.annotations.find(AnnotationScope.MAILBOX, entry)
    if known is None or known.is_fact or not known.has(shared=is_shared):
        raise PermissionDenied(f"{entry} cannot be set")
    if not administers(actor, mailbox.name):
        if is_shared:
            require(mailbox.rights, Right.WRITE)
        require(mailbox.rights, *[right for right in Right if right in known.needed])
    return known


def _account(actor: Actor) -> AccountId:
    if actor.account is None:
        raise PrivateAnnotationsUnsupported("who has no account has no annotations of her own")
    return actor.account


async def _write(store: Store, actor: Actor, mailbox: Mailbox, changes: list[AnnotationChange]) -> None:
    has_script = any(each.entry == SCRIPT_OF_EVENTS and each.value for each in changes)
    if has_script:
        await note_event_scripts(store.engine, mailbox.account, store.sources.now_s())
    await store.engine.write(mailbox.account, _command(store, actor, mailbox, changes))
    if has_script:
        await announce_event_scripts(store.engine)


def _command(store: Store, actor: Actor, mailbox: Mailbox, changes: list[AnnotationChange]) -> SetAnnotations:
    return SetAnnotations(
        mailbox.id,
        tuple(changes),
        actor.author(),
        acl_version=mailbox.acl_version,
        count_limit=store.policy.annotations.count,
    )


def _parse_special_use(store: Store, actor: Actor, mailbox: Mailbox, value: bytes | None, *, is_shared: bool) -> str:
    """A use is one mailbox's of an account, and the owner's to say (RFC 6154 §4)."""
    if is_shared or not (mailbox.is_owner or administers(actor, mailbox.name)):
        raise PermissionDenied("a special use is private to the owner")
    words = (value or b"").decode("ascii", "replace").split()
    policy = store.policy.special_use
    special_use = policy.parse(words)
    if special_use:
        policy.check_place(mailbox.name)
    return special_use


async def _write_special_use(store: Store, actor: Actor, mailbox: Mailbox, special_use: str) -> None:
    await store.engine.write(mailbox.account, SetSpecialUse(mailbox.id, special_use, actor.author()))
    await store.engine.refresh_catalogue(mailbox.account)
