"""CREATE: a mailbox and what is missing above it, each a real mailbox (RFC 9051 §6.3.4).

Users create below mailboxes where they have the right `k`; a new one has the ACL and the partition of the nearest
mailbox above it. Accounts, which are the top mailboxes of users and of shared hierarchies, are made by administrators,
who may create below anything that exists. Whoever may not create learns nothing of what is there: the answer is the
same whether a mailbox above, or of that name, exists or not.

A special use (RFC 6154 §3) is given by the owner or an administrator: it is one mailbox's of an account, and to hear
that it is taken tells of a mailbox that others may not see.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from angarium.engine.commands import CreateMailboxes, NamesSeen, NewMailbox
from angarium.engine.rows import AccountId, MailboxId
from angarium.errors import (
    AccountExists,
    MailboxExists,
    MailboxNameInvalid,
    PartitionNotFound,
    PermissionDenied,
)
from angarium.names import MailboxName
from angarium.rights import Right, inherit
from angarium.store import AccountTree, Actor, Store, TreeEntry, decided_again
from angarium.store.acl import administers, is_owner, parse_acl
from angarium.store.tree import relative_name


@dataclass(frozen=True, slots=True)
class Created:
    """What CREATE made."""

    mailbox: MailboxId
    """The mailbox that was asked for."""
    names: tuple[MailboxName, ...]
    """All that were made, missing parents first."""


async def create(
    store: Store,
    actor: Actor,
    name: MailboxName,
    *,
    partition: str | None = None,
    special_use: Sequence[str] = (),
) -> Created:
    """Create a mailbox, durably and visible to LIST on return.

    MailboxExists, PermissionDenied, MailboxNameInvalid; PartitionNotFound for a `partition`, which administrators
    may give; SpecialUseInvalid, SpecialUseTaken.
    """
    use = store.policy.special_use.parse(special_use)
    return await decided_again(lambda: _create(store, actor, name, partition=partition, special_use=use))


async def _create(store: Store, actor: Actor, name: MailboxName, *, partition: str | None, special_use: str) -> Created:
    is_admin = administers(actor, name)
    if partition is not None:
        check_partition(store, partition, is_admin=is_admin)
    tree = await store.tree_of(name)
    check_may_create(store, actor, name, tree)
    if special_use:
        _check_may_use(store, actor, name)
    if tree is None:
        tree = await new_account(store, name)
    created = await create_with_parents(store, actor, tree, name, partition=partition, special_use=special_use)
    await store.engine.refresh_catalogue(tree.account)
    return created


def check_partition(store: Store, partition: str, *, is_admin: bool) -> None:
    """PermissionDenied for users, PartitionNotFound where there is no such partition."""
    if not is_admin:
        raise PermissionDenied("only administrators choose partitions")
    if partition not in store.policy.partitions:
        raise PartitionNotFound(f"there is no partition {partition!r}")


def check_may_create(store: Store, actor: Actor, name: MailboxName, tree: AccountTree | None) -> None:
    """Raise what CREATE, or RENAME to `name`, has to answer; `tree` is that of the account, where there is one."""
    if name.components[0] == store.policy.names.deletedprefix:
        raise MailboxNameInvalid(f"{name.internal} is a name of deleted mailboxes")
    existing = tree.find(name) if tree is not None else None
    if existing is not None and Right.LOOKUP in store.rights_on(actor, name, existing.row.acl):
        raise MailboxExists(f"{name.internal} is there already")
    parent = tree.nearest_parent(name) if tree is not None else None
    if administers(actor, name):
        # A user exists by her INBOX: nothing is made below one that is not there.
        if parent is None and name.is_user and not name.is_inbox:
            raise PermissionDenied(f"there is no user {name.userid}")
        return
    if parent is None or existing is not None or not _may_create_below(store, actor, parent):
        raise PermissionDenied(f"may not create {name.internal}")


def _check_may_use(store: Store, actor: Actor, name: MailboxName) -> None:
    if not administers(actor, name) and not is_owner(actor, name):
        raise PermissionDenied(f"may not say what {name.internal} is for")
    store.policy.special_use.check_place(name)


def _may_create_below(store: Store, actor: Actor, parent: TreeEntry) -> bool:
    rights = store.rights_on(actor, parent.name, parent.row.acl)
    is_childless = store.policy.special_use.is_childless(parent.row.special_use)
    return Right.CREATE in rights and not is_childless


async def new_account(store: Store, name: MailboxName) -> AccountTree:
    """The account that is to hold `name`, made where there is none."""
    account_name = store.account_name_of(name)
    try:
        account = await store.engine.create_account(account_name.internal)
    except AccountExists:
        existing = await store.engine.account_id(account_name.internal)
        if existing is None:
            raise
        account = existing
    return await store.tree(account)


async def create_with_parents(
    store: Store,
    actor: Actor,
    tree: AccountTree,
    name: MailboxName,
    *,
    partition: str | None = None,
    special_use: str = "",
) -> Created:
    """Create `name` and what is missing above it, in one transaction, without asking for a right."""
    parent = tree.nearest_parent(name)
    names = missing_names(store, tree, name)
    *above, last = [new_mailbox(store, tree, missing, partition=partition) for missing in names]
    mailboxes = (*above, replace(last, special_use=special_use))
    command = CreateMailboxes(
        mailboxes,
        actor.author(),
        parent=None if parent is None else parent.row.id,
        parent_acl_version=None if parent is None else parent.row.acl_version,
        seen=None if parent is None else NamesSeen(((parent.row.id, parent.row.name),)),
    )
    await store.engine.write(tree.account, command)
    return Created(mailboxes[-1].id, names)


def missing_names(store: Store, tree: AccountTree, name: MailboxName) -> tuple[MailboxName, ...]:
    """`name` and the names above it that are to be created with it, topmost first."""
    above = [ancestor for ancestor in name.ancestors if tree.find(ancestor) is None]
    if store.policy.names.altnamespace:
        # INBOX/sub stands below INBOX to its user: nobody asked for the mailbox INBOX in between.
        above = [ancestor for ancestor in above if not (ancestor.is_user and ancestor.components[2:] == ("INBOX",))]
    return (*reversed(above), name)


def new_mailbox(store: Store, tree: AccountTree, name: MailboxName, *, partition: str | None = None) -> NewMailbox:
    """A mailbox as it inherits from the nearest one above it."""
    parent = tree.nearest_parent(name)
    acl = inherit(
        None if parent is None else parse_acl(parent.row.acl),
        owner=str(name.userid) if name.is_inbox else None,
        defaultacl=store.policy.defaultacl,
    )
    inherited = store.policy.defaultpartition if parent is None else parent.row.partition
    return NewMailbox(
        id=MailboxId(store.sources.random_id()),
        name=relative_name(name, tree.name, deletedprefix=store.policy.names.deletedprefix),
        partition=inherited if partition is None else partition,
        acl=acl.serialize(),
    )


async def create_user_account(store: Store, actor: Actor, name: MailboxName, *, partition: str | None) -> AccountId:
    """A user's account with her INBOX, without asking for a right; AccountExists where she has an INBOX."""
    tree = await store.tree_of(name)
    if tree is None:
        tree = await new_account(store, name)
    if tree.find(name) is not None:
        raise AccountExists(f"{name.internal} is there already")
    try:
        await create_with_parents(store, actor, tree, name, partition=partition)
    except MailboxExists as error:
        raise AccountExists(f"{name.internal} is there already") from error
    await store.engine.refresh_catalogue(tree.account)
    return tree.account
