"""RENAME: a mailbox and all below it get new names in one transaction; ids, UIDs and UIDVALIDITY stay.

It needs `x` on the mailbox and `k` above the new name; administrators need neither, and they alone give partitions,
bring deleted mailboxes back, and rename users and shared hierarchies, which renames the account. Where the new name is
in another account, the mailboxes are moved there.

Renaming INBOX moves its messages into a new mailbox and leaves INBOX in place (RFC 9051 §6.3.6).
"""

from contextlib import suppress
from dataclasses import dataclass

from angarium.engine.commands import (
    CreateMailboxes,
    MailboxRename,
    NamesSeen,
    RenameInbox,
    RenameMailboxes,
)
from angarium.errors import AngariumError, MailboxExists, MailboxNameInvalid, OperationNotSupported, PermissionDenied
from angarium.names import MailboxName
from angarium.operations.mailboxes.create import (
    check_may_create,
    check_partition,
    missing_names,
    new_account,
    new_mailbox,
)
from angarium.operations.mailboxes.movesubscriptions import move_subscriptions
from angarium.operations.mailboxes.movetree import Departure, move_tree
from angarium.operations.mailboxes.renameaccount import Renamed, rename_account
from angarium.rights import Right
from angarium.store import AccountTree, Actor, Mailbox, Store, TreeEntry, decided_again
from angarium.store.acl import administers
from angarium.store.tree import relative_name


@dataclass(frozen=True, slots=True)
class _Request:
    """Who wants which mailbox to get which name."""

    actor: Actor
    source: Mailbox
    target: MailboxName
    partition: str | None


async def rename(
    store: Store, actor: Actor, source: MailboxName, target: MailboxName, *, partition: str | None = None
) -> tuple[Renamed, ...]:
    """Rename a mailbox and all below it, durably and visible to LIST on return; gives old and new names.

    MailboxNotFound, MailboxExists, PermissionDenied, MailboxNameInvalid, PartitionNotFound, QuotaExceeded;
    OperationNotSupported for another partition than the present one, and where a user's INBOX would become something
    else in another account; SpecialUseTaken where a mailbox with a special use would get a name with which there can be
    none; MailboxMoving.
    """
    renamed = await decided_again(lambda: _rename(store, actor, source, target, partition=partition))
    if not renamed[0].old.is_inbox:  # it stays, or is a user's, whose subscriptions went with her name
        with suppress(AngariumError):  # the mailboxes have their names, and nothing of it is to be refused
            await move_subscriptions(store, actor, renamed)
    return renamed


async def _rename(
    store: Store, actor: Actor, source: MailboxName, target: MailboxName, *, partition: str | None
) -> tuple[Renamed, ...]:
    is_admin = administers(actor, source) and administers(actor, target)
    mailbox = await store.find(actor, source, *(() if is_admin else (Right.DELETE_MAILBOX,)))
    if partition is not None:
        check_partition(store, partition, is_admin=is_admin)
        if partition != mailbox.row.partition:
            raise OperationNotSupported(f"{source.internal} is on the partition {mailbox.row.partition}")
    if source.key == target.key:
        if partition is not None:
            raise MailboxExists(f"{target.internal} is there already")
        raise PermissionDenied("a mailbox cannot be renamed to itself")
    if target.is_below(source) and not source.is_inbox:
        raise MailboxNameInvalid("a mailbox cannot be moved below itself")
    request = _Request(actor, mailbox, target, partition)
    tree, entry = await store.locate(source)
    target_tree = await store.tree_of(target)
    check_may_create(store, actor, target, target_tree)
    if mailbox.row.special_use and not is_admin:
        store.policy.special_use.check_place(target)
    if entry.name.key == tree.name.key and not mailbox.is_owner:
        if not is_admin:
            raise PermissionDenied("only administrators rename users and shared hierarchies")
        becomes_top = store.account_name_of(target).key == target.key and target.is_user == tree.name.is_user
        if becomes_top and (target_tree is None or target.is_user):
            return await rename_account(store, actor, tree, target)
    if target_tree is None or target_tree.account != tree.account:
        if entry.name.is_inbox:
            raise OperationNotSupported("an INBOX can only become a mailbox of its user, or another user's INBOX")
        return await _move_tree(store, request, tree, entry, target_tree)
    if entry.name.is_inbox:
        return await _rename_inbox(store, request, tree)
    return await _rename_tree(store, request, tree, entry)


async def _move_tree(
    store: Store, request: _Request, tree: AccountTree, entry: TreeEntry, target_tree: AccountTree | None
) -> tuple[Renamed, ...]:
    if target_tree is None:
        target_tree = await new_account(store, request.target)
    if await _create_missing_parents(store, request, target_tree):
        target_tree = await store.tree(target_tree.account)
        await store.engine.refresh_catalogue(target_tree.account)
    departure = Departure(request.actor, request.source, tree, entry, request.target, target_tree)
    return await move_tree(store, departure)


async def _rename_inbox(store: Store, request: _Request, tree: AccountTree) -> tuple[Renamed, ...]:
    await _create_missing_parents(store, request, tree)
    target = new_mailbox(store, tree, request.target)
    await store.engine.write(tree.account, RenameInbox(request.source.id, target, request.actor.author()))
    await store.engine.refresh_catalogue(tree.account)
    return (Renamed(request.source.name, request.target),)


async def _rename_tree(store: Store, request: _Request, tree: AccountTree, entry: TreeEntry) -> tuple[Renamed, ...]:
    """Also brings a deleted mailbox back, which has none below it: each has its own stamp."""
    if await _create_missing_parents(store, request, tree):
        tree = await store.tree(tree.account)
    moving = [entry, *tree.below(entry.name)]
    renamed = [Renamed(each.name, each.name.moved(entry.name, request.target)) for each in moving]
    prefix = store.policy.names.deletedprefix
    renames = [
        MailboxRename(
            each.row.id,
            relative_name(names.new, tree.name, deletedprefix=prefix),
            partition=request.partition if each is entry else None,
        )
        for each, names in zip(moving, renamed, strict=True)
    ]
    versions = [(request.source.id, request.source.acl_version)]
    parent = tree.nearest_parent(request.target)
    if parent is not None and parent.row.id != request.source.id:
        versions.append((parent.row.id, parent.row.acl_version))
    # One that comes back had none below it.
    here = tuple([(each.row.id, each.row.name) for each in moving])
    above = () if parent is None else ((parent.row.id, parent.row.name),)
    seen = NamesSeen(above, here) if entry.row.deleted_at_s is None else NamesSeen((*above, *here))
    await store.engine.write(
        tree.account, RenameMailboxes(tuple(renames), request.actor.author(), tuple(versions), seen)
    )
    await store.engine.refresh_catalogue(tree.account)
    return tuple(renamed)


async def _create_missing_parents(store: Store, request: _Request, tree: AccountTree) -> bool:
    """Whether there were any."""
    names = missing_names(store, tree, request.target)[:-1]
    if not names:
        return False
    mailboxes = tuple([new_mailbox(store, tree, name) for name in names])
    parent = tree.nearest_parent(request.target)
    command = CreateMailboxes(
        mailboxes,
        request.actor.author(),
        parent=None if parent is None else parent.row.id,
        parent_acl_version=None if parent is None else parent.row.acl_version,
        seen=None if parent is None else NamesSeen(((parent.row.id, parent.row.name),)),
    )
    await store.engine.write(tree.account, command)
    return True
