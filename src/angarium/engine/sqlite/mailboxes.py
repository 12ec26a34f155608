"""Creating, renaming and describing mailboxes within a transaction."""

import json

import apsw

from angarium.engine.commands import (
    ClaimRecent,
    CopyMessages,
    CreateMailboxes,
    Done,
    NamesSeen,
    NewMailbox,
    QuotaPolicy,
    RenameInbox,
    RenameMailboxes,
    RestoreMailbox,
    RestoreMessages,
    SetAccountName,
    SetAcl,
    SetSharedSeen,
    SetSpecialUse,
    Subscribe,
)
from angarium.engine.rows import MailboxId, MailboxState, ModSeq, Uid
from angarium.engine.spool import CEILING_STEP
from angarium.engine.sqlite.annotations import copy_own_annotations
from angarium.engine.sqlite.messages import copy_messages, restore_message
from angarium.engine.sqlite.query import fetch_one
from angarium.engine.sqlite.quotas import move_roots, rehome
from angarium.engine.sqlite.transaction import Mailbox, Transaction
from angarium.errors import (
    MailboxExists,
    NamesChanged,
    PartitionNotFound,
    SpecialUseTaken,
    SubscriptionNotFound,
)
from angarium.sequenceset import UidSet


def create_mailboxes(transaction: Transaction, command: CreateMailboxes) -> Done:
    """CREATE, with the parents that are missing."""
    if command.parent is not None:
        transaction.mailbox(command.parent, acl_version=command.parent_acl_version)
    _require_seen(transaction, command.seen)
    modseq = transaction.next_folder_modseq()
    _forget_predecessor(transaction, modseq)
    for new in command.mailboxes:
        _require_free_use(transaction, new.special_use, mailbox=new.id)
        _create(transaction, new, modseq)
        transaction.log_change(command.author, "create", modseq, mailbox=new.id)
    rehome(transaction, bounded=True)
    return Done(modseq)


def _forget_predecessor(transaction: Transaction, modseq: ModSeq) -> None:
    """Where no mailbox is left, who gets the first one is somebody new: she has nobody's scripts, subscriptions, notes
    of whom was answered, or annotations of the account. Mail that is to be sent still is."""
    connection = transaction.connection
    if fetch_one(connection, "SELECT 1 FROM mailbox WHERE deleted_at IS NULL LIMIT 1") is not None:
        return
    for table in ("script", "mark", "annotation WHERE mailbox = 0"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute("UPDATE subscription SET subscribed = 0, modseq = ? WHERE subscribed", (modseq,))


def rename_mailboxes(transaction: Transaction, command: RenameMailboxes) -> Done:
    """RENAME of a tree, the delayed delete, and bringing back what was deleted."""
    check_acls(transaction, command.acl_versions)
    _require_seen(transaction, command.seen)
    modseq = transaction.next_folder_modseq()
    records = [transaction.mailbox(rename.mailbox, deleted_too=True) for rename in command.renames]
    # Out of the way first, so that names may move along a chain within the tree.
    transaction.connection.executemany(
        "UPDATE mailbox SET name = ? WHERE number = ?",
        [(f"\x00{record.number}", record.number) for record in records],
    )
    for rename, record in zip(command.renames, records, strict=True):
        if rename.partition is not None and rename.partition != record.partition:
            raise PartitionNotFound(f"{record.name} stands on {record.partition}; a rename moves no files")
        special_use = record.special_use
        if special_use and record.deleted_at_s is not None and rename.deleted_at_s is None:
            taken = taken_uses(transaction, but=record.id)
            special_use = " ".join([use for use in special_use.split() if use not in taken])
        try:
            transaction.connection.execute(
                "UPDATE mailbox SET name = ?, deleted_at = ?, special_use = ?, folder_modseq = ? WHERE number = ?",
                (rename.name, rename.deleted_at_s, special_use, modseq, record.number),
            )
        except apsw.ConstraintError as error:
            raise MailboxExists(f"{rename.name!r} is there already in account {transaction.account}") from error
        transaction.owe_header(record.id)
        before = json.dumps({"name": record.name, "deleted_at": record.deleted_at_s}, ensure_ascii=False)
        operation = "delete" if rename.deleted_at_s is not None else "rename"
        transaction.log_change(command.author, operation, modseq, mailbox=record.id, before=before)
        remember_name(transaction, record)
    moved = zip(records, command.renames, strict=True)
    live = [(old.name, new) for old, new in moved if old.deleted_at_s is None]
    move_roots(transaction, {old: new.name if new.deleted_at_s is None else None for old, new in live})
    rehome(transaction, bounded=any(rename.deleted_at_s is None for rename in command.renames))
    return Done(modseq)


def rename_inbox(transaction: Transaction, command: RenameInbox) -> Done:
    """RENAME INBOX: the messages move, INBOX stays."""
    inbox = transaction.mailbox(command.inbox)
    modseq = transaction.next_folder_modseq()
    _create(transaction, command.target, modseq)
    before = json.dumps({"name": inbox.name}, ensure_ascii=False)
    transaction.log_change(command.author, "create", modseq, mailbox=command.target.id, before=before)
    rehome(transaction, bounded=True)
    copy_own_annotations(transaction, inbox, transaction.mailbox(command.target.id), modseq)
    copy_messages(
        transaction,
        CopyMessages(
            inbox.id,
            UidSet(((1, 0xFFFFFFFF),)),
            command.target.id,
            command.author,
            move=True,
            quota=QuotaPolicy.IGNORE,
            private_annotations_of=transaction.account,
        ),
    )
    return Done(modseq)


def set_acl(transaction: Transaction, command: SetAcl) -> Done:
    """SETACL and DELETEACL: the whole new ACL, decided on the present one."""
    record = transaction.mailbox(command.mailbox, acl_version=command.acl_version)
    modseq = transaction.next_folder_modseq()
    transaction.connection.execute(
        "UPDATE mailbox SET acl = ?, acl_version = acl_version + 1, folder_modseq = ? WHERE number = ?",
        (command.acl, modseq, record.number),
    )
    transaction.owe_header(record.id)
    before = json.dumps({"acl": record.acl, "became": command.acl}, ensure_ascii=False)
    transaction.log_change(command.author, "setacl", modseq, mailbox=record.id, before=before)
    return Done(modseq)


def set_shared_seen(transaction: Transaction, command: SetSharedSeen) -> Done:
    """Choose whose `\\Seen` a mailbox keeps; a change of every message that is there, in one statement."""
    record = transaction.mailbox(command.mailbox)
    if bool(record.shared_seen) == command.shared:
        return Done(ModSeq(transaction.modseq))
    modseq = transaction.next_folder_modseq()
    transaction.connection.execute(
        "UPDATE mailbox SET shared_seen = ?, folder_modseq = ?, highestmodseq = ? WHERE number = ?",
        (command.shared, modseq, modseq, record.number),
    )
    transaction.connection.execute(
        "UPDATE message SET modseq = ? WHERE mailbox = ? AND expunged_modseq = 0", (modseq, record.number)
    )
    before = json.dumps({"shared_seen": bool(record.shared_seen)})
    # Readers find late changes by the UIDs in the log; all that were ever given are one range, made without a look.
    uids = UidSet(((1, record.uidnext - 1),) if record.uidnext > 1 else ()).serialize().decode()
    transaction.log_change(command.author, "setsharedseen", modseq, mailbox=record.id, uids=uids, before=before)
    return Done(modseq)


def set_special_use(transaction: Transaction, command: SetSpecialUse) -> Done:
    """Choose what a mailbox is for."""
    record = transaction.mailbox(command.mailbox, acl_version=command.acl_version)
    _require_free_use(transaction, command.special_use, mailbox=record.id)
    modseq = transaction.next_folder_modseq()
    transaction.connection.execute(
        "UPDATE mailbox SET special_use = ?, folder_modseq = ? WHERE number = ?",
        (command.special_use, modseq, record.number),
    )
    transaction.owe_header(record.id)
    before = json.dumps({"special_use": record.special_use})
    transaction.log_change(command.author, "setspecialuse", modseq, mailbox=record.id, before=before)
    return Done(modseq)


def _require_free_use(transaction: Transaction, special_use: str, *, mailbox: MailboxId) -> None:
    """SpecialUseTaken where another live mailbox has one of the uses."""
    uses = special_use.split()
    if uses and not taken_uses(transaction, but=mailbox).isdisjoint(uses):
        raise SpecialUseTaken(f"a mailbox of account {transaction.account} has a use of {special_use} already")


def taken_uses(transaction: Transaction, *, but: MailboxId) -> set[str]:
    """The special uses of live mailboxes, `but` one."""
    rows = transaction.connection.execute(
        "SELECT special_use FROM mailbox WHERE special_use <> '' AND deleted_at IS NULL AND id <> ?", (but,)
    )
    return {use for (special_use,) in rows.fetchall() for use in str(special_use).split()}


def subscribe(transaction: Transaction, command: Subscribe) -> Done:
    """SUBSCRIBE and UNSUBSCRIBE."""
    connection = transaction.connection
    present = connection.execute("SELECT subscribed FROM subscription WHERE name = ?", (command.name,)).get
    if bool(present) == command.subscribed:
        if not command.subscribed:
            raise SubscriptionNotFound(f"{command.name!r} is not subscribed")
        return Done(ModSeq(transaction.modseq))
    modseq = transaction.next_folder_modseq()
    connection.execute(
        "INSERT INTO subscription (name, modseq, subscribed) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET modseq = excluded.modseq, subscribed = excluded.subscribed",
        (command.name, modseq, command.subscribed),
    )
    operation = "subscribe" if command.subscribed else "unsubscribe"
    before = json.dumps({"name": command.name}, ensure_ascii=False)
    transaction.log_change(command.author, operation, modseq, before=before)
    return Done(modseq)


def claim_recent(transaction: Transaction, command: ClaimRecent) -> Done:
    """Advisory; moves no modseq."""
    record = transaction.mailbox(command.mailbox, writing=False)
    if command.seen_account is None:
        transaction.connection.execute(
            "UPDATE mailbox SET recent_uid = max(recent_uid, ?) WHERE number = ?", (command.uid, record.number)
        )
    else:
        transaction.connection.execute(
            "INSERT INTO seen (mailbox, account, recent_uid, highestmodseq) VALUES (?, ?, ?, 0)"
            " ON CONFLICT (mailbox, account) DO UPDATE SET recent_uid = max(recent_uid, excluded.recent_uid)",
            (record.number, command.seen_account, command.uid),
        )
    return Done(ModSeq(transaction.modseq))


def set_account_name(transaction: Transaction, command: SetAccountName) -> Done:
    """The account's own copy of its name, and that in every header."""
    modseq = transaction.next_folder_modseq()
    before = json.dumps({"account_name": transaction.name}, ensure_ascii=False)
    transaction.name = command.name
    for record in transaction.all_mailboxes():
        if record.state != MailboxState.MOVING:
            transaction.owe_header(record.id)
    transaction.log_change(command.author, "renameaccount", modseq, before=before)
    return Done(modseq)


def restore_mailbox(transaction: Transaction, command: RestoreMailbox) -> Done:
    """Take up a mailbox from its directory; all numbers go on above its header's ceilings."""
    transaction.modseq = max(transaction.modseq, command.modseq_ceiling)
    transaction.last_uidvalidity = max(transaction.last_uidvalidity, command.uidvalidity)
    modseq = transaction.next_folder_modseq()
    _create(
        transaction,
        command.mailbox,
        modseq,
        uidvalidity=command.uidvalidity,
        deleted_at_s=command.deleted_at_s,
    )
    record = transaction.mailbox(command.mailbox.id, deleted_too=True)
    for restored in command.messages:
        restore_message(transaction, record, restored, modseq)
    highest = max((restored.uid for restored in command.messages), default=Uid(0))
    record.uidnext = max(command.uid_ceiling, highest + 1)
    record.uid_ceiling = record.uidnext + CEILING_STEP
    record.highestmodseq = modseq
    record.purged_modseq = modseq  # what was expunged before is not known any more
    transaction.save_counters(record)
    rehome(transaction)
    transaction.log_change(command.author, "restore", modseq, mailbox=record.id)
    return Done(modseq)


def restore_messages(transaction: Transaction, command: RestoreMessages) -> Done:
    """Take up more messages of a restored mailbox."""
    record = transaction.mailbox(command.mailbox, deleted_too=True)
    modseq = transaction.next_modseq()
    for restored in command.messages:
        restore_message(transaction, record, restored, modseq)
    record.uidnext = max([record.uidnext, *(restored.uid + 1 for restored in command.messages)])
    if record.uidnext > record.uid_ceiling:
        record.uid_ceiling = record.uidnext + CEILING_STEP
        transaction.owe_header(record.id)
    record.highestmodseq = modseq
    transaction.save_counters(record)
    rehome(transaction)
    uids = UidSet.from_numbers(restored.uid for restored in command.messages).serialize().decode()
    transaction.log_change(command.author, "restore", modseq, mailbox=record.id, uids=uids)
    return Done(modseq)


def _create(
    transaction: Transaction,
    new: NewMailbox,
    modseq: ModSeq,
    *,
    uidvalidity: int | None = None,
    deleted_at_s: int | None = None,
) -> None:
    if uidvalidity is None:
        uidvalidity = transaction.next_uidvalidity()
    transaction.storage.layout.partition(new.partition)
    try:
        transaction.connection.execute(
            "INSERT INTO mailbox (number, id, name, partition, uidvalidity, acl, special_use, keywords, created_modseq,"
            " folder_modseq, highestmodseq, uid_ceiling, created_at, deleted_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                free_number(transaction),
                new.id,
                new.name,
                new.partition,
                uidvalidity,
                new.acl,
                new.special_use,
                " ".join(new.keywords),
                modseq,
                modseq,
                modseq,
                1 + CEILING_STEP,
                transaction.now_s,
                deleted_at_s,
            ),
        )
    except apsw.ConstraintError as error:
        raise MailboxExists(f"{new.name!r} is there already in account {transaction.account}") from error
    transaction.make_mailbox_directory(transaction.mailbox(new.id, deleted_too=True))


def free_number(transaction: Transaction) -> int:
    """Above those of mailboxes that are there, of those that are arriving, and of those whose messages are still being
    forgotten."""
    numbers = " UNION ALL ".join([f"SELECT number FROM {table}" for table in ("mailbox", "arriving", "erasing")])
    highest = f"SELECT max(number) FROM ({numbers})"
    return 1 + (transaction.connection.execute(highest).get or 0)


def check_acls(transaction: Transaction, versions: tuple[tuple[MailboxId, int], ...]) -> None:
    """Each mailbox is there, with the ACL that a right was decided on."""
    for mailbox, version in versions:
        transaction.mailbox(mailbox, acl_version=version, deleted_too=True)


def _require_seen(transaction: Transaction, seen: NamesSeen | None) -> None:
    """NamesChanged."""
    if seen is None:
        return
    for mailbox, name in (*seen.names, *seen.tree):
        now = transaction.mailbox(mailbox, deleted_too=True).name
        if now != name:
            raise NamesChanged(f"{name!r} is {now!r} by now in account {transaction.account}")
    if seen.tree:
        (_, top), *_ = seen.tree
        rows = transaction.connection.execute(
            "SELECT id FROM mailbox WHERE deleted_at IS NULL AND (name = ?1 OR ?1 = '' OR name >= ?2 AND name < ?3)",
            (top, f"{top}.", f"{top}/"),
        )
        if {mailbox for (mailbox,) in rows} != {mailbox for mailbox, _ in seen.tree}:
            raise NamesChanged(f"others are below {top!r} by now in account {transaction.account}")


def remember_name(transaction: Transaction, record: Mailbox) -> None:
    """What a mailbox was called, with its UIDVALIDITY: no later one of the name may have an equal or lower one."""
    transaction.connection.execute(
        "INSERT INTO tombstone (name, mailbox, uidvalidity, modseq) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET modseq = excluded.modseq",
        (record.name, record.id, record.uidvalidity, transaction.modseq),
    )
