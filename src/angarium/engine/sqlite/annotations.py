"""Annotations of messages, of mailboxes and of the account, and those of the server that all share.

In an account's file they are rows by the mailbox's number (0: the account's own), by UID (0: the mailbox's own), by
entry and by owner (empty: shared). Those of an expunged message go when it is purged, and count no more from the
moment of the expunge.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

import apsw

from angarium.engine.commands import AnnotationsSet, CopyMessages, QuotaPolicy, SetAnnotations
from angarium.engine.rows import AccountId, AnnotationChange, AnnotationRow, MailboxId, ModSeq, Uid
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.engine.sqlite.quotas import charge
from angarium.engine.sqlite.seen import seen_modseq
from angarium.engine.sqlite.transaction import Mailbox, Transaction
from angarium.errors import AnnotationLimitExceeded
from angarium.sequenceset import UidSet

_ACCOUNT = 0
_Ranges = Sequence[tuple[int, int]]
_ITSELF: _Ranges = ((0, 0),)
"""A mailbox or the account among the UIDs of what is annotated."""
_COLUMNS = "uid, entry, owner, value, modseq"


def set_annotations(transaction: Transaction, command: SetAnnotations) -> AnnotationsSet:
    """SETMETADATA, and STORE of annotations."""
    if command.mailbox is None:
        modseq = _set(transaction, None, [Uid(0)], command)[1]
        _log(transaction, command, modseq)
        return AnnotationsSet(UidSet(), UidSet(), modseq)
    mailbox = transaction.mailbox(command.mailbox, acl_version=command.acl_version)
    before_octets = mailbox.annotation_octets
    if command.uids is None:
        modseq = _set(transaction, mailbox, [Uid(0)], command)[1]
        _log(transaction, command, modseq)
        _save_octets(transaction, mailbox, before_octets, QuotaPolicy.STRICT)
        return AnnotationsSet(UidSet(), UidSet(), modseq)
    open_to_change, refused = _present(transaction, mailbox, command)
    changed, modseq = _set(transaction, mailbox, open_to_change, command)
    if modseq is not None:
        transaction.connection.executemany(
            "UPDATE message SET modseq = ? WHERE mailbox = ? AND uid = ?",
            [(modseq, mailbox.number, uid) for uid in changed],
        )
        mailbox.highestmodseq = modseq
        transaction.save_counters(mailbox)
        _save_octets(transaction, mailbox, before_octets, QuotaPolicy.STRICT)
    uids = UidSet.from_numbers(changed)
    _log(transaction, command, modseq, uids)
    return AnnotationsSet(uids, UidSet.from_numbers(refused), modseq)


def add_annotations(
    transaction: Transaction,
    mailbox: Mailbox,
    uid: Uid,
    changes: Iterable[AnnotationChange],
    modseq: ModSeq,
    policy: QuotaPolicy,
) -> None:
    """Those that a new message comes with."""
    before_octets = mailbox.annotation_octets
    for change in {(change.entry, change.owner): change for change in changes}.values():
        if change.value is not None:
            _put(transaction, mailbox, uid, change, modseq)
    _save_octets(transaction, mailbox, before_octets, policy)


def copy_annotations(
    transaction: Transaction,
    source: Mailbox,
    target: Mailbox,
    copies: Iterable[tuple[Uid, Uid]],
    command: CopyMessages,
    modseq: ModSeq,
    policy: QuotaPolicy,
) -> None:
    """What goes along with copies (RFC 5257 §4.6)."""
    if not source.annotation_octets:
        return
    before_octets = target.annotation_octets
    owners = [""] if command.keep_shared_annotations else []
    owners += [command.private_annotations_of] if command.private_annotations_of is not None else []
    for from_uid, to_uid in copies:
        for row in _rows(transaction.connection, source.number, ((from_uid, from_uid),)):
            if (row.owner or "") in owners:
                _put(transaction, target, to_uid, AnnotationChange(row.entry, row.owner, row.value), modseq)
    _save_octets(transaction, target, before_octets, policy)


def copy_own_annotations(transaction: Transaction, source: Mailbox, target: Mailbox, modseq: ModSeq) -> None:
    """Those of the mailbox itself, of all owners: INBOX keeps them when it is renamed (RFC 5464 §4.1)."""
    before_octets = target.annotation_octets
    for row in _rows(transaction.connection, source.number, _ITSELF):
        _put(transaction, target, Uid(0), AnnotationChange(row.entry, row.owner, row.value), modseq)
    _save_octets(transaction, target, before_octets, QuotaPolicy.IGNORE)


def discount_annotations(transaction: Transaction, mailbox: Mailbox, uids: Iterable[int]) -> None:
    """Messages were expunged: what they hold counts no more."""
    before_octets = mailbox.annotation_octets
    if before_octets:
        for uid in uids:
            row = fetch_one(
                transaction.connection,
                "SELECT coalesce(sum(length(value)), 0) FROM annotation WHERE mailbox = ? AND uid = ?",
                (mailbox.number, uid),
            )
            mailbox.annotation_octets -= 0 if row is None else row[0]
        _save_octets(transaction, mailbox, before_octets, QuotaPolicy.IGNORE)


def forget_annotations(transaction: Transaction, number: int, ranges: Sequence[tuple[int, int]]) -> None:
    """Messages are purged, or a mailbox is erased: its own are those of UID 0."""
    transaction.connection.executemany(
        "DELETE FROM annotation WHERE mailbox = ? AND uid BETWEEN ? AND ?",
        [(number, first, last) for first, last in ranges],
    )


def read_annotations(
    connection: apsw.Connection, mailbox: MailboxId | None, uids: UidSet | None
) -> list[AnnotationRow]:
    """What `Engine.annotations` gives."""
    if mailbox is None:
        return _rows(connection, _ACCOUNT, _ITSELF)
    found = fetch_one(connection, "SELECT number FROM mailbox WHERE id = ?", (mailbox,))
    if found is None:
        return []
    return _rows(connection, int(found[0]), _ITSELF if uids is None else uids.ranges)


def server_annotations(connection: apsw.Connection) -> dict[str, bytes]:
    """Those of the server that all share."""
    return {str(entry): bytes(value) for entry, value in fetch_all(connection, "SELECT entry, value FROM annotation")}


def set_server_annotations(connection: apsw.Connection, values: Mapping[str, bytes | None]) -> None:
    """Set, or take away what is None."""
    for entry, value in values.items():
        if value is None:
            connection.execute("DELETE FROM annotation WHERE entry = ?", (entry,))
        else:
            connection.execute(
                "INSERT INTO annotation (entry, value) VALUES (?, ?)"
                " ON CONFLICT (entry) DO UPDATE SET value = excluded.value",
                (entry, value),
            )


def _rows(connection: apsw.Connection, number: int, ranges: _Ranges) -> list[AnnotationRow]:
    rows = [
        row
        for first, last in ranges
        for row in fetch_all(
            connection,
            f"SELECT {_COLUMNS} FROM annotation WHERE mailbox = ? AND uid BETWEEN ? AND ? ORDER BY uid, entry, owner",
            (number, first, last),
        )
    ]
    return [
        AnnotationRow(Uid(uid), entry, AccountId(owner) if owner else None, bytes(value), ModSeq(modseq))
        for uid, entry, owner, value, modseq in rows
    ]


def _present(transaction: Transaction, mailbox: Mailbox, command: SetAnnotations) -> tuple[list[Uid], list[Uid]]:
    """Messages that are there: those that may be changed, and those that UNCHANGEDSINCE protects."""
    since = command.unchanged_since
    if since is not None and command.seen_account is not None:
        # A reader's own seen state counts as one change of all it holds.
        since = ModSeq(-1) if seen_modseq(transaction, mailbox, command.seen_account) > since else since
    open_to_change: list[Uid] = []
    refused: list[Uid] = []
    for first, last in command.uids.ranges if command.uids is not None else ():
        for uid, modseq in fetch_all(
            transaction.connection,
            "SELECT uid, modseq FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ? AND expunged_modseq = 0",
            (mailbox.number, first, last),
        ):
            is_protected = since is not None and modseq > since
            (refused if is_protected else open_to_change).append(Uid(uid))
    return open_to_change, refused


def _set(
    transaction: Transaction, mailbox: Mailbox | None, uids: Sequence[Uid], command: SetAnnotations
) -> tuple[list[Uid], ModSeq | None]:
    """Make the changes to each of `uids`; what they leave as it was takes no modseq."""
    number = _ACCOUNT if mailbox is None else mailbox.number
    changed: list[Uid] = []
    modseq: ModSeq | None = None
    for uid in uids:
        present = {(row.entry, row.owner): row.value for row in _rows(transaction.connection, number, ((uid, uid),))}
        is_changed = False
        for change in command.changes:
            key = (change.entry, change.owner)
            if present.get(key) == change.value:
                continue
            if modseq is None:
                modseq = transaction.next_modseq()
            is_changed = True
            _put(transaction, mailbox, uid, change, modseq, before=present.pop(key, None))
            if change.value is not None:
                present[key] = change.value
        if is_changed:
            _check_count(present, command)
            changed.append(uid)
    return changed, modseq


def _check_count(present: Mapping[tuple[str, AccountId | None], bytes], command: SetAnnotations) -> None:
    if command.count_limit is None:
        return
    for owner in {change.owner for change in command.changes if change.value is not None}:
        if sum(key[1] == owner for key in present) > command.count_limit:
            raise AnnotationLimitExceeded(f"{command.count_limit} annotations are there already")


def _put(
    transaction: Transaction,
    mailbox: Mailbox | None,
    uid: Uid,
    change: AnnotationChange,
    modseq: ModSeq,
    before: bytes | None = None,
) -> None:
    number = _ACCOUNT if mailbox is None else mailbox.number
    key = (number, uid, change.entry, change.owner or "")
    if uid == 0:
        transaction.settings_modseq = modseq
    if change.value is None:
        transaction.connection.execute(
            "DELETE FROM annotation WHERE mailbox = ? AND uid = ? AND entry = ? AND owner = ?", key
        )
    else:
        transaction.connection.execute(
            "INSERT INTO annotation (mailbox, uid, entry, owner, value, modseq) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (mailbox, uid, entry, owner) DO UPDATE SET value = excluded.value, modseq = excluded.modseq",
            (*key, change.value, modseq),
        )
    if mailbox is not None:
        mailbox.annotation_octets += len(change.value or b"") - len(before or b"")


def _save_octets(transaction: Transaction, mailbox: Mailbox, before_octets: int, policy: QuotaPolicy) -> None:
    added = mailbox.annotation_octets - before_octets
    if not added:
        return
    charge(transaction, mailbox, policy if added > 0 else QuotaPolicy.IGNORE, annotation_octets=added)
    transaction.connection.execute(
        "UPDATE mailbox SET annotation_octets = ? WHERE number = ?", (mailbox.annotation_octets, mailbox.number)
    )


def _log(transaction: Transaction, command: SetAnnotations, modseq: ModSeq | None, uids: UidSet | None = None) -> None:
    """Which entries changed, and whose, not their values: these may be large, and private."""
    if modseq is not None:
        text = "" if uids is None else uids.serialize().decode()
        entries = [change.entry for change in command.changes]
        owners = [change.owner or "" for change in command.changes]
        before = json.dumps({"entries": entries, "owners": owners}, ensure_ascii=False)
        transaction.log_change(command.author, "annotate", modseq, mailbox=command.mailbox, uids=text, before=before)
