"""Quota roots within a transaction (RFC 9208 §3.2; requirements 1.6): exact use, nearest root above governs.

A root goes along with the mailbox that it is named for, and goes when that is deleted.
"""

from collections.abc import Mapping
from typing import Any

import apsw

from angarium.engine import changelog
from angarium.engine.commands import Author, Done, QuotaPolicy, RemoveQuota, SetQuota
from angarium.engine.quota import check_growth, check_room
from angarium.engine.rows import ModSeq, QuotaResource, QuotaRow
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.engine.sqlite.transaction import Mailbox, Transaction
from angarium.errors import QuotaRootNotFound

_COLUMNS = {
    QuotaResource.STORAGE: ("storage_limit", "storage_used"),
    QuotaResource.MESSAGE: ("message_limit", "message_used"),
    QuotaResource.ANNOTATION_STORAGE: ("annotation_limit", "annotation_used"),
    QuotaResource.MAILBOX: ("mailbox_limit", "mailbox_used"),
}
_LIMITS = ", ".join([limit for limit, _ in _COLUMNS.values()])
_USED = ", ".join([used for _, used in _COLUMNS.values()])
_SELECT = f"SELECT root, modseq, {_LIMITS}, {_USED} FROM quota"
_INSERT = f"INSERT INTO quota (root, modseq, {_LIMITS}, {_USED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SET_LIMITS = ", ".join([f"{limit} = excluded.{limit}" for limit, _ in _COLUMNS.values()])
_SET_USED = ", ".join([f"{used} = ?" for _, used in _COLUMNS.values()])
_NOTHING = (0,) * len(_COLUMNS)


def read_quotas(connection: apsw.Connection) -> list[QuotaRow]:
    """All quota roots, by name."""
    return [_row(columns) for columns in fetch_all(connection, f"{_SELECT} ORDER BY root")]


def _row(columns: tuple[Any, ...]) -> QuotaRow:
    root, modseq, *numbers = columns
    limits = zip(_COLUMNS, numbers[: len(_COLUMNS)], strict=True)
    used = zip(_COLUMNS, numbers[len(_COLUMNS) :], strict=True)
    return QuotaRow(
        root, {resource: limit for resource, limit in limits if limit is not None}, dict(used), ModSeq(modseq)
    )


def charge(
    transaction: Transaction,
    mailbox: Mailbox,
    policy: QuotaPolicy,
    *,
    octets: int = 0,
    messages: int = 0,
    annotation_octets: int = 0,
) -> None:
    """Count what comes into (or, negative, goes from) a mailbox; QuotaExceeded by the policy."""
    if mailbox.quota_root is None:
        return
    if policy is not QuotaPolicy.IGNORE:
        added = {
            QuotaResource.STORAGE: octets,
            QuotaResource.MESSAGE: messages,
            QuotaResource.ANNOTATION_STORAGE: annotation_octets,
        }
        present = fetch_one(transaction.connection, f"{_SELECT} WHERE root = ?", (mailbox.quota_root,))
        if present is not None:
            check_room(_row(present), added, policy)
    transaction.connection.execute(
        "UPDATE quota SET storage_used = storage_used + ?, message_used = message_used + ?,"
        " annotation_used = annotation_used + ? WHERE root = ?",
        (octets, messages, annotation_octets, mailbox.quota_root),
    )


def full_resources(transaction: Transaction, mailbox: Mailbox) -> frozenset[str]:
    """What there is no room left of in the root that governs the mailbox."""
    if mailbox.quota_root is None:
        return frozenset()
    present = fetch_one(transaction.connection, f"{_SELECT} WHERE root = ?", (mailbox.quota_root,))
    return frozenset() if present is None else changelog.full_resources(_row(present))


def nearest_root(roots: set[str], name: str) -> str | None:
    """The root that governs a relative name: itself or the nearest above, by whole components."""
    while name not in roots:
        if not name:
            return None
        name = name.rpartition(".")[0]
    return name


def rehome(transaction: Transaction, *, bounded: bool = False) -> None:
    """After names or roots changed: put every mailbox under its root, and count every root anew.

    Mailboxes in delayed delete are under none, so that deleting makes room at once. Where `bounded`, QuotaExceeded for
    a root that would govern more than it takes, if that is more than before.
    """
    connection = transaction.connection
    before = read_quotas(connection)
    used: dict[str, tuple[int, ...]] = {quota.root: _NOTHING for quota in before}
    roots = set(used)
    for number, name, deleted_at, present, *counted in fetch_all(
        connection, "SELECT number, name, deleted_at, quota_root, octets, messages, annotation_octets FROM mailbox"
    ):
        root = nearest_root(roots, name) if deleted_at is None else None
        if root is not None:
            used[root] = tuple([one + other for one, other in zip(used[root], (*counted, 1), strict=True)])
        if root != present:
            connection.execute("UPDATE mailbox SET quota_root = ? WHERE number = ?", (root, number))
    for root, amounts in used.items():
        connection.execute(f"UPDATE quota SET {_SET_USED} WHERE root = ?", (*amounts, root))
    if bounded and before:
        check_growth(before, read_quotas(connection))


def move_roots(transaction: Transaction, moved: Mapping[str, str | None]) -> None:
    """Let roots go along with their mailboxes, from old to new names; with a mailbox that was deleted (None) its root
    goes too. `rehome` comes after it."""
    connection = transaction.connection
    moving = [quota for quota in read_quotas(connection) if quota.root in moved]
    connection.executemany("DELETE FROM quota WHERE root = ?", [(quota.root,) for quota in moving])
    for quota in moving:
        name = moved[quota.root]
        if name is not None:
            _put_root(transaction, name, quota)


def _put_root(transaction: Transaction, name: str, quota: QuotaRow) -> None:
    """A root under another name, in place of the one that is there."""
    transaction.connection.execute("DELETE FROM quota WHERE root = ?", (name,))
    limits = [quota.limits.get(resource) for resource in _COLUMNS]
    used = [quota.used[resource] for resource in _COLUMNS]
    transaction.connection.execute(_INSERT, (name, transaction.folder_modseq, *limits, *used))


def adopt_roots(transaction: Transaction, reader: apsw.Connection, names: Mapping[str, str]) -> None:
    """As `move_roots`, of mailboxes that come from the account that `reader` reads."""
    for quota in read_quotas(reader):
        name = names.get(quota.root)
        if name is not None:
            _put_root(transaction, name, quota)


def check_fits(transaction: Transaction, reader: apsw.Connection, arriving: Mapping[str, Mailbox]) -> None:
    """QuotaExceeded where mailboxes that are to come (by their new names) have no room; those that bring a root of
    their own, and those below them, need none."""
    present = {quota.root: quota for quota in read_quotas(transaction.connection)}
    coming = {quota.root for quota in read_quotas(reader)}
    brought = {name for name, record in arriving.items() if record.deleted_at_s is None and record.name in coming}
    added: dict[str, list[Mailbox]] = {}
    for name, record in arriving.items():
        root = nearest_root({*present, *brought}, name)
        if root is not None and root not in brought:
            added.setdefault(root, []).append(record)
    for root, records in added.items():
        amounts = {
            QuotaResource.STORAGE: sum(record.octets for record in records),
            QuotaResource.MESSAGE: sum(record.messages for record in records),
            QuotaResource.ANNOTATION_STORAGE: sum(record.annotation_octets for record in records),
            QuotaResource.MAILBOX: len(records),
        }
        check_room(present[root], amounts, QuotaPolicy.STRICT)


def set_quota(transaction: Transaction, command: SetQuota) -> Done:
    """Make or change a root."""
    modseq = transaction.next_folder_modseq()
    before = _present(transaction, command.root)
    limits = [command.limits.get(resource) for resource in _COLUMNS]
    transaction.connection.execute(
        f"{_INSERT} ON CONFLICT (root) DO UPDATE SET modseq = excluded.modseq, {_SET_LIMITS}",
        (command.root, modseq, *limits, *_NOTHING),
    )
    return _changed(transaction, command.author, modseq, before, command.root, command.limits)


def remove_quota(transaction: Transaction, command: RemoveQuota) -> Done:
    """Remove a root; QuotaRootNotFound."""
    before = _present(transaction, command.root)
    if before is None:
        raise QuotaRootNotFound(f"no quota root {command.root!r} in account {transaction.account}")
    modseq = transaction.next_folder_modseq()
    transaction.connection.execute("DELETE FROM quota WHERE root = ?", (command.root,))
    return _changed(transaction, command.author, modseq, before, command.root, None)


def _present(transaction: Transaction, root: str) -> QuotaRow | None:
    columns = fetch_one(transaction.connection, f"{_SELECT} WHERE root = ?", (root,))
    return None if columns is None else _row(columns)


def _changed(
    transaction: Transaction,
    author: Author,
    modseq: ModSeq,
    before: QuotaRow | None,
    root: str,
    limits: Mapping[QuotaResource, int] | None,
) -> Done:
    rehome(transaction)
    transaction.log_change(
        author, "setquota", modseq, before=changelog.QuotaChange.of(root, before, limits).serialize()
    )
    return Done(modseq)
