"""GETQUOTA, SETQUOTA, GETQUOTAROOT (RFC 9208 §4.1): roots with the limits and the use of their resources."""

from collections.abc import Mapping
from dataclasses import dataclass

from angarium.config.options import QuotaSettings
from angarium.engine.commands import RemoveQuota, SetQuota
from angarium.engine.rows import QuotaResource, QuotaRow
from angarium.errors import MailboxNotFound, PermissionDenied, QuotaRootNotFound
from angarium.names import MailboxName
from angarium.rights import Right
from angarium.store import AccountTree, Actor, Mailbox, Store
from angarium.store.acl import administers
from angarium.store.tree import full_name, relative_name


@dataclass(frozen=True, slots=True)
class QuotaRoot:
    """A quota root with its use, which is exact."""

    name: MailboxName
    limits: Mapping[QuotaResource, int]
    """In the units of RFC 9208 §5; what is not limited is only counted."""
    used: Mapping[QuotaResource, int]
    """Of every resource, in octets where it is storage."""


@dataclass(frozen=True, slots=True)
class QuotaWarning:
    """A resource of which little is left."""

    resource: QuotaResource
    percent: int | None
    """None: more is used than the limit."""


async def get_quota(store: Store, actor: Actor, root: MailboxName) -> QuotaRoot:
    """A root by its name; for administrators, others get PermissionDenied whatever there is. QuotaRootNotFound."""
    _require_administrator(actor, root)
    tree = await store.tree_of(root)
    row = await _row(store, tree, root) if tree is not None else None
    if tree is None or row is None:
        raise QuotaRootNotFound(f"there is no quota root {root.internal}")
    return _quota_root(store, tree, row)


async def set_quota(store: Store, actor: Actor, root: MailboxName, limits: Mapping[QuotaResource, int]) -> QuotaRoot:
    """Make or change a root, durably; for administrators. MailboxNotFound where there is no such mailbox.

    `limits` are all that it has from now on.
    """
    _require_administrator(actor, root)
    tree, entry = await store.locate(root)
    if entry.row.deleted_at_s is not None:
        raise MailboxNotFound(f"{root.internal} was deleted")
    await store.engine.write(tree.account, SetQuota(entry.row.name, dict(limits), actor.author()))
    return await get_quota(store, actor, root)


async def remove_quota(store: Store, actor: Actor, root: MailboxName) -> None:
    """Remove a root, durably: its mailboxes come under the next one above. For administrators. QuotaRootNotFound."""
    await get_quota(store, actor, root)
    tree, entry = await store.locate(root)
    await store.engine.write(tree.account, RemoveQuota(entry.row.name, actor.author()))


async def get_quota_root(store: Store, actor: Actor, name: MailboxName) -> QuotaRoot | None:
    """The root that governs a mailbox, None where none does; needs `r`, of administrators only `l`.

    Anonymous visitors are refused, whatever rights they have (RFC 9208 §8).
    """
    if actor.userid is None:
        await store.find(actor, name)
        raise PermissionDenied("quotas are not told to anonymous visitors")
    needed = () if administers(actor, name) else (Right.READ,)
    mailbox = await store.find(actor, name, *needed)
    row = await store.quota_of(mailbox)
    return None if row is None else _quota_root(store, await store.tree(mailbox.account), row)


async def quota_warnings(store: Store, actor: Actor, mailbox: Mailbox, settings: QuotaSettings) -> list[QuotaWarning]:
    """Resources that run out below the root of a mailbox, told to who can make room there by deleting messages."""
    if mailbox.row.quota_root is None or actor.userid is None:
        return []
    if Right.DELETE_MESSAGES not in mailbox.rights or Right.EXPUNGE not in mailbox.rights:
        return []
    row = await store.quota_of(mailbox)
    if row is None:
        return []
    warnings = [_warning(row, resource, settings) for resource in QuotaResource if resource in row.limits]
    return [warning for warning in warnings if warning is not None]


def _warning(row: QuotaRow, resource: QuotaResource, settings: QuotaSettings) -> QuotaWarning | None:
    limit, used = row.limits[resource] * resource.unit, row.used[resource]
    if used > limit:
        return QuotaWarning(resource, None)
    percent = used * 100 // limit if limit else 0
    if percent <= settings.quotawarnpercent:
        return None
    # A threshold of what is left holds where it is below the limit itself, as in Cyrus.
    threshold = {
        QuotaResource.STORAGE: settings.quotawarnsize,
        QuotaResource.MESSAGE: settings.quotawarnmsg,
    }.get(resource, 0)
    is_much_left = 0 < threshold < limit and limit - used >= threshold
    return None if is_much_left else QuotaWarning(resource, percent)


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
    return QuotaRoot(name, row.limits, row.used)
