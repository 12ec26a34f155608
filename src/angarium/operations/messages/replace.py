"""REPLACE (RFC 8508): one message comes, another one goes; the client sees no state between."""

from dataclasses import dataclass

from angarium.engine.commands import Added, Expunge, Expunged, Replaced, ReplaceMessage
from angarium.engine.rows import ModSeq, Uid
from angarium.errors import AngariumError, MessageNotFound, PermissionDenied
from angarium.operations.messages.append import AppendedMessage, AppendTarget, AppendUid, addition, append_uid
from angarium.rights import Right
from angarium.sequenceset import UidSet
from angarium.store import Actor, Mailbox, SelectedMailbox, Store, decided_again
from angarium.store.acl import require


@dataclass(frozen=True, slots=True)
class Replacement:
    """What REPLACE has done."""

    appended: AppendUid
    modseq: ModSeq
    """The selected mailbox's, with all of it done (RFC 7162 §3.2.10)."""


def require_replaceable(selected: SelectedMailbox) -> None:
    """The rights of UID STORE and UID EXPUNGE (RFC 8508 §4.1). PermissionDenied, also where nothing may be changed."""
    require(selected.mailbox.rights, Right.DELETE_MESSAGES, Right.EXPUNGE)
    if selected.read_only:
        raise PermissionDenied("the mailbox is selected read-only")


async def replace(
    store: Store, actor: Actor, selected: SelectedMailbox, uid: Uid, target: AppendTarget, message: AppendedMessage
) -> Replacement:
    """Add `message` to the target and expunge the message `uid` of the selected mailbox; durable on return.

    Both or neither: within an account it is one transaction. Between accounts the message is added first, and taken
    back where the other cannot be expunged; a crash leaves both. MessageNotFound where somebody else has expunged it,
    QuotaExceeded; only the difference counts where both are under one quota root.
    """

    async def attempt() -> Replacement:
        await selected.refresh()
        require_replaceable(selected)
        mailbox = await store.find_again(actor, target.mailbox, Right.INSERT)
        if mailbox.account == selected.mailbox.account:
            return await _replace_within(store, actor, selected.mailbox, uid, mailbox, message)
        return await _replace_between(store, actor, selected.mailbox, uid, mailbox, message)

    replacement = await decided_again(attempt)
    selected.expunged(UidSet.from_numbers([uid]))
    return replacement


async def _replace_within(
    store: Store, actor: Actor, source: Mailbox, uid: Uid, target: Mailbox, message: AppendedMessage
) -> Replacement:
    add = addition(store, actor, target, [message])
    replaced = await store.engine.write(source.account, ReplaceMessage(add, source.id, uid, source.acl_version))
    assert isinstance(replaced, Replaced)
    modseq = replaced.expunged_modseq
    if source.id == target.id:
        modseq = max(modseq, replaced.added.modseq)
    return Replacement(append_uid(target, replaced.added), modseq)


async def _replace_between(
    store: Store, actor: Actor, source: Mailbox, uid: Uid, target: Mailbox, message: AppendedMessage
) -> Replacement:
    added = await store.engine.write(target.account, addition(store, actor, target, [message]))
    assert isinstance(added, Added)
    try:
        modseq = await _expunge(store, actor, source, uid)
    except AngariumError:
        # Whether the actor may expunge there does not matter: she was never told of it.
        take_back = Expunge(target.id, actor.author(), UidSet.from_numbers(added.uids), only_deleted=False)
        await store.engine.write(target.account, take_back)
        raise
    return Replacement(append_uid(target, added), modseq)


async def _expunge(store: Store, actor: Actor, source: Mailbox, uid: Uid) -> ModSeq:
    command = Expunge(
        source.id, actor.author(), UidSet.from_numbers([uid]), only_deleted=False, acl_version=source.acl_version
    )
    expunged = await store.engine.write(source.account, command)
    assert isinstance(expunged, Expunged)
    if expunged.modseq is None:
        raise MessageNotFound(f"message {uid} of {source.name.internal} is not there")
    return expunged.modseq
