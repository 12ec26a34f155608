"""Quota roots within a transaction (RFC 9208 §3.2; requirements 1.6): exact use, nearest root above governs."""

import json

from angarium.engine.commands import Author, Done, QuotaPolicy, RemoveQuota, SetQuota
from angarium.engine.rows import ModSeq
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.engine.sqlite.transaction import Mailbox, Transaction
from angarium.errors import QuotaExceeded, QuotaRootNotFound


def charge(transaction: Transaction, mailbox: Mailbox, octets: int, policy: QuotaPolicy) -> None:
    """Count octets that come into (or, negative, go from) a mailbox; QuotaExceeded by the policy."""
    if mailbox.quota_root is None or octets == 0:
        return
    if octets > 0 and policy is not QuotaPolicy.IGNORE:
        limit_kib, used = transaction.connection.execute(
            "SELECT storage_limit, storage_used FROM quota WHERE root = ?", (mailbox.quota_root,)
        ).fetchone() or (None, 0)
        if limit_kib is not None:
            limit = limit_kib * 1024
            full = used + octets > limit if policy is QuotaPolicy.STRICT else used >= limit
            if full:
                raise QuotaExceeded(f"{used} of {limit} octets used below {mailbox.quota_root!r}, {octets} more asked")
    transaction.connection.execute(
        "UPDATE quota SET storage_used = storage_used + ? WHERE root = ?", (octets, mailbox.quota_root)
    )


def nearest_root(roots: set[str], name: str) -> str | None:
    """The root that governs a relative name: itself or the nearest above, by whole components."""
    while name not in roots:
        if not name:
            return None
        name = name.rpartition(".")[0]
    return name


def rehome(transaction: Transaction) -> None:
    """After names or roots changed: put every mailbox under its root, and count every root anew.

    Mailboxes in delayed delete are under none, so that deleting makes room at once.
    """
    connection = transaction.connection
    roots: set[str] = {root for (root,) in fetch_all(connection, "SELECT root FROM quota")}
    used = dict.fromkeys(roots, 0)
    for number, name, deleted_at, present, octets in fetch_all(
        connection, "SELECT number, name, deleted_at, quota_root, octets FROM mailbox"
    ):
        root = nearest_root(roots, name) if deleted_at is None else None
        if root is not None:
            used[root] += octets
        if root != present:
            connection.execute("UPDATE mailbox SET quota_root = ? WHERE number = ?", (root, number))
    for root, octets in used.items():
        connection.execute("UPDATE quota SET storage_used = ? WHERE root = ?", (octets, root))


def set_quota(transaction: Transaction, command: SetQuota) -> Done:
    """Make or change a root."""
    modseq = transaction.next_folder_modseq()
    before = _limit(transaction, command.root)
    transaction.connection.execute(
        "INSERT INTO quota (root, storage_limit, storage_used, modseq) VALUES (?, ?, 0, ?)"
        " ON CONFLICT (root) DO UPDATE SET storage_limit = excluded.storage_limit, modseq = excluded.modseq",
        (command.root, command.storage_limit_kib, modseq),
    )
    return _changed(transaction, command.author, command.root, modseq, before)


def remove_quota(transaction: Transaction, command: RemoveQuota) -> Done:
    """Remove a root; QuotaRootNotFound."""
    before = _limit(transaction, command.root)
    if before is None:
        raise QuotaRootNotFound(f"no quota root {command.root!r} in account {transaction.account}")
    modseq = transaction.next_folder_modseq()
    transaction.connection.execute("DELETE FROM quota WHERE root = ?", (command.root,))
    return _changed(transaction, command.author, command.root, modseq, before)


def _limit(transaction: Transaction, root: str) -> tuple[int | None, ...] | None:
    return fetch_one(transaction.connection, "SELECT storage_limit FROM quota WHERE root = ?", (root,))


def _changed(
    transaction: Transaction, author: Author, root: str, modseq: ModSeq, before: tuple[int | None, ...] | None
) -> Done:
    rehome(transaction)
    text = "" if before is None else json.dumps({"root": root, "storage_limit_kib": before[0]}, ensure_ascii=False)
    transaction.log_change(author, "setquota", modseq, before=text)
    return Done(modseq)
