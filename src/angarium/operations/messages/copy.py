"""COPY and MOVE (RFC 9051 §6.4.7, §6.4.8), within an account and between accounts (DESIGN §8)."""

from angarium.engine.commands import Copied, CopyMessages
from angarium.errors import PermissionDenied
from angarium.flags import SystemFlags
from angarium.names import MailboxName
from angarium.operations.messages.copyuid import CopyUid
from angarium.operations.messages.decision import find_target, keywords_writable, writable_flags
from angarium.operations.messages.transfer import transfer
from angarium.rights import Right
from angarium.sequenceset import UidSet
from angarium.store import Actor, Mailbox, SeenState, SelectedMailbox, Store, decided_again
from angarium.store.acl import require


async def copy(
    store: Store, actor: Actor, selected: SelectedMailbox, uids: UidSet, name: MailboxName
) -> CopyUid | None:
    """Copy those of `uids` that are there into the mailbox `name`, all or none; None where none is there.

    Needs `r` here and `i` there; flags go along as far as the actor may set them there (RFC 4314 §4). MailboxCreatable
    and MailboxNotFound speak of the target.
    """
    return await _copy(store, actor, selected, uids, name, move=False)


async def move(
    store: Store, actor: Actor, selected: SelectedMailbox, uids: UidSet, name: MailboxName
) -> CopyUid | None:
    """As `copy`, and the sources are expunged; needs `t` and `e` here too (RFC 6851 §4.2).

    Within an account it is one transaction. Between accounts a crash leaves a message in both, never in neither, and
    the next attempt finds the copy that is there.
    """
    moved = await _copy(store, actor, selected, uids, name, move=True)
    if moved is not None:
        selected.expunged(UidSet.from_numbers(moved.source))
    return moved


async def _copy(
    store: Store, actor: Actor, selected: SelectedMailbox, uids: UidSet, name: MailboxName, *, move: bool
) -> CopyUid | None:
    async def attempt() -> CopyUid | None:
        target = await find_target(store, actor, name)
        await selected.refresh()
        source = selected.mailbox
        _require_source_rights(selected, move=move)
        if len(selected.view.indexes_of(uids)) == 0:
            return None
        if source.account != target.account:
            return await transfer(store, actor, selected, uids, target, move=move)
        return await _copy_within(store, actor, source, uids, target, move=move)

    return await decided_again(attempt)


def _require_source_rights(selected: SelectedMailbox, *, move: bool) -> None:
    rights = selected.mailbox.rights
    if not move:
        require(rights, Right.READ)
        return
    require(rights, Right.READ, Right.DELETE_MESSAGES, Right.EXPUNGE)
    if selected.read_only:
        raise PermissionDenied("the mailbox is selected read-only")


async def _copy_within(
    store: Store, actor: Actor, source: Mailbox, uids: UidSet, target: Mailbox, *, move: bool
) -> CopyUid | None:
    command = CopyMessages(
        source.id,
        uids,
        target.id,
        actor.author(),
        move=move,
        source_acl_version=source.acl_version,
        target_acl_version=target.acl_version,
        source_seen_account=source.seen_account,
        target_seen_account=target.seen_account,
        kept_flags=_kept_flags(source, target),
        keep_keywords=keywords_writable(target),
        keep_shared_annotations=Right.ANNOTATE in target.rights,
        private_annotations_of=actor.account,
    )
    copied = await store.engine.write(source.account, command)
    assert isinstance(copied, Copied)
    if not copied.source:
        return None
    is_readable = Right.READ in target.rights
    return CopyUid(copied.uidvalidity, copied.source, copied.target, copied.expunged_modseq, is_readable)


def _kept_flags(source: Mailbox, target: Mailbox) -> SystemFlags:
    """What may be set in the target; nobody's `\\Seen` goes along where the actor has none of her own here."""
    flags = writable_flags(target)
    return flags & ~SystemFlags.SEEN if source.seen is SeenState.NONE else flags
