"""RENAME: a mailbox and all below it get new names in one transaction; ids, UIDs and UIDVALIDITY stay.

It needs `x` on the mailbox and `k` above the new name; administrators need neither, and they alone give partitions,
bring deleted mailboxes back, and rename users and shared hierarchies, which renames the account. A mailbox does not
leave its account here.

Renaming INBOX moves its messages into a new mailbox and leaves INBOX in place (RFC 9051 §6.3.6).
"""

from dataclasses import dataclass

from angarium.engine.commands import (
    CreateMailboxes,
    MailboxRename,
    RenameInbox,
    RenameMailboxes,
)
from angarium.errors import MailboxNameInvalid, OperationNotSupported, PermissionDenied
from angarium.names import MailboxName
from angarium.operations.mailboxes.create import check_may_create, check_partition, missing_names, new_mailbox
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

    MailboxNotFound, MailboxExists, PermissionDenied, MailboxNameInvalid, PartitionNotFound; OperationNotSupported for
    another account, or another partition than the present one; SpecialUseTaken where a mailbox with a special use would
    get a name with which there can be none.
    """
    return await decided_again(lambda: _rename(store, actor, source, target, partition=partition))


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
        return await _rename_top(store, request, tree, is_admin=is_admin)
    if target_tree is None or target_tree.account != tree.account:
        raise OperationNotSupported("a mailbox cannot be moved to another account yet")
    if entry.name.is_inbox:
        return await _rename_inbox(store, request, tree)
    return await _rename_tree(store, request, tree, entry)


async def _rename_top(store: Store, request: _Request, tree: AccountTree, *, is_admin: bool) -> tuple[Renamed, ...]:
    target = request.target
    if not is_admin:
        raise PermissionDenied("only administrators rename users and shared hierarchies")
    if store.account_name_of(target).key != target.key or target.is_user != tree.name.is_user:
        raise OperationNotSupported("the top of an account can only become the top of an account of its kind")
    return await rename_account(store, request.actor, tree, target)


async def _rename_inbox(store: Store, request: _Request, tree: AccountTree) -> tuple[Renamed, ...]:
    await _create_missing_parents(store, request, tree)
    target = new_mailbox(store, tree, request.target)
    await store.engine.write(tree.account, RenameInbox(request.source.id, target, request.actor.author()))
    await store.engine.refresh_catalogue(tree.account)
    return (Renamed(request.source.name, request.target),)


async def _rename_tree(store: Store, request: _Request, tree: AccountTree, entry: TreeEntry) -> tuple[Renamed, ...]:
    """Also brings a deleted mailbox back, which has none below it: each has its own stamp."""
    await _create_missing_parents(store, request, tree)
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
    await store.engine.write(
        tree.account, RenameMailboxes(tuple(renames), request.actor.author(), acl_versions=tuple(versions))
    )
    await store.engine.refresh_catalogue(tree.account)
    return tuple(renamed)


async def _create_missing_parents(store: Store, request: _Request, tree: AccountTree) -> None:
    names = missing_names(store, tree, request.target)[:-1]
    if not names:
        return
    mailboxes = tuple([new_mailbox(store, tree, name) for name in names])
    parent = tree.nearest_parent(request.target)
    command = CreateMailboxes(
        mailboxes,
        request.actor.author(),
        parent=None if parent is None else parent.row.id,
        parent_acl_version=None if parent is None else parent.row.acl_version,
    )
    await store.engine.write(tree.account, command)
