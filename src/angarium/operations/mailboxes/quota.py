"""GETQUOTA, SETQUOTA, GETQUOTAROOT (RFC 9208 §4.1): roots, limits and use of STORAGE."""

from dataclasses import dataclass

from angarium.engine.commands import RemoveQuota, SetQuota
from angarium.engine.rows import QuotaRow
from angarium.errors import MailboxNotFound, PermissionDenied, QuotaRootNotFound
from angarium.names import MailboxName
from angarium.rights import Right
from angarium.store import AccountTree, Actor, Store
from angarium.store.acl import administers
from angarium.store.tree import full_name, relative_name


@dataclass(frozen=True, slots=True)
class QuotaRoot:
    """A quota root with its use, which is exact."""

    name: MailboxName
    storage_used_octets: int
    storage_limit_kib: int | None
    """None: it only counts."""


async def get_quota(store: Store, actor: Actor, root: MailboxName) -> QuotaRoot:
    """A root by its name; for administrators, others get PermissionDenied whatever there is. QuotaRootNotFound."""
    _require_administrator(actor, root)
    tree = await store.tree_of(root)
    row = await _row(store, tree, root) if tree is not None else None
    if tree is None or row is None:
        raise QuotaRootNotFound(f"there is no quota root {root.internal}")
    return _quota_root(store, tree, row)


async def set_quota(store: Store, actor: Actor, root: MailboxName, *, storage_limit_kib: int | None) -> QuotaRoot:
    """Make or change a root, durably; for administrators. MailboxNotFound where there is no such mailbox."""
    _require_administrator(actor, root)
    tree, entry = await store.locate(root)
    if entry.row.deleted_at_s is not None:
        raise MailboxNotFound(f"{root.internal} was deleted")
    await store.engine.write(tree.account, SetQuota(entry.row.name, storage_limit_kib, actor.author()))
    return await get_quota(store, actor, root)


async def remove_quota(store: Store, actor: Actor, root: MailboxName) -> None:
    """Remove a root, durably: its mailboxes come under the next one above. For administrators. QuotaRootNotFound."""
    await get_quota(store, actor, root)
    tree, entry = await store.locate(root)
    await store.engine.write(tree.account, RemoveQuota(entry.row.name, actor.author()))


async def get_quota_root(store: Store, actor: Actor, name: MailboxName) -> QuotaRoot | None:
    """The root that governs a mailbox, None where none does; needs `r`, of administrators only `l`."""
    needed = () if administers(actor, name) else (Right.READ,)
    mailbox = await store.find(actor, name, *needed)
    row = await store.quota_of(mailbox)
    return None if row is None else _quota_root(store, await store.tree(mailbox.account), row)


def _require_administrator(actor: Actor, root: MailboxName) -> None:
    if not administers(actor, root):
        raise PermissionDenied("quota roots are the administrators'")


async def _row(store: Store, tree: AccountTree, root: MailboxName) -> QuotaRow | None:
    relative = relative_name(root, tree.name, deletedprefix=store.policy.names.deletedprefix)
    for row in await store.engine.quotas(tree.account):
        if row.root == relative:
            return row
    return None


def _quota_root(store: Store, tree: AccountTree, row: QuotaRow) -> QuotaRoot:
    prefix = store.policy.names.deletedprefix
    name = full_name(tree.name, row.root, deleted_at_s=None, deletedprefix=prefix)
    return QuotaRoot(name, row.storage_used_octets, row.storage_limit_kib)
