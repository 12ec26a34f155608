"""STORE (RFC 9051 §6.4.6, RFC 7162 §3.1.3), as far as the actor's rights go (RFC 4314 §4)."""

from angarium.engine.commands import FlagOperation, FlagsStored, StoreFlags
from angarium.engine.rows import ModSeq
from angarium.errors import PermissionDenied
from angarium.flags import Flags, SystemFlags
from angarium.operations.messages.decision import keywords_writable, writable_flags
from angarium.operations.messages.slices import slices_of
from angarium.rights import Right
from angarium.sequenceset import UidSet
from angarium.store import Actor, Mailbox, SelectedMailbox, Store, decided_again
from angarium.store.acl import require

NOTHING_STORED = FlagsStored(UidSet(), UidSet(), None)


async def store_flags(
    store: Store,
    actor: Actor,
    selected: SelectedMailbox,
    uids: UidSet,
    operation: FlagOperation,
    flags: Flags,
    *,
    unchanged_since: ModSeq | None = None,
) -> FlagsStored:
    """Change flags of those of `uids` that are there; durable on return.

    Flags that the actor may not change stay as they are; PermissionDenied where that is all of them. Of very many
    messages some may have been changed when a refusal comes.
    """

    done = NOTHING_STORED

    async def attempt() -> None:
        nonlocal done
        await selected.refresh()
        mailbox = selected.mailbox
        require_flag_rights(selected, mailbox, operation, flags)
        # Pieces that were done before the ACL changed would be refused by `unchanged_since` if they came again.
        wanted = uids.difference(done.changed).difference(done.refused)
        for piece in slices_of(selected.view, selected.view.indexes_of(wanted)):
            command = StoreFlags(
                mailbox.id,
                piece,
                operation,
                flags,
                actor.author(),
                writable=writable_flags(mailbox),
                keywords_writable=keywords_writable(mailbox),
                unchanged_since=unchanged_since,
                acl_version=mailbox.acl_version,
                seen_account=mailbox.seen_account,
            )
            stored = await store.engine.write(mailbox.account, command)
            assert isinstance(stored, FlagsStored)
            store.views.stored(mailbox.account, command, stored)
            done = _joined(done, stored)

    await decided_again(attempt)
    return done


def require_flag_rights(selected: SelectedMailbox, mailbox: Mailbox, operation: FlagOperation, flags: Flags) -> None:
    """PermissionDenied in a mailbox that is read-only, or where the actor may change none of `flags`."""
    require(mailbox.rights, Right.READ)
    if selected.read_only:
        raise PermissionDenied("the mailbox is selected read-only")
    writable = writable_flags(mailbox)
    if operation is FlagOperation.REPLACE:
        # It may remove any flag, so the right to one of them is enough.
        permitted = writable is not SystemFlags.NONE
    else:
        permitted = bool(flags.system & writable) or (bool(flags.keywords) and keywords_writable(mailbox))
        permitted = permitted or (not flags.system and not flags.keywords)
    if not permitted:
        raise PermissionDenied("lacks the rights to these flags")


def _joined(one: FlagsStored, other: FlagsStored) -> FlagsStored:
    modseqs = [modseq for modseq in (one.modseq, other.modseq) if modseq is not None]
    return FlagsStored(
        one.changed.union(other.changed), one.refused.union(other.refused), max(modseqs) if modseqs else None
    )
