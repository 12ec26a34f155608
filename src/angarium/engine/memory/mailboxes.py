"""Commands on mailboxes, as the memory engine executes them on its copy of an account."""

import json
from collections.abc import Iterable
from dataclasses import replace

from angarium.engine.commands import (
    Author,
    CopyMessages,
    CreateMailboxes,
    Done,
    Erased,
    EraseMailboxes,
    MailboxRename,
    NamesSeen,
    NewMailbox,
    QuotaPolicy,
    RenameInbox,
    RenameMailboxes,
    RestoreMailbox,
    RestoreMessages,
    SetAcl,
    SetSharedSeen,
    SetSpecialUse,
)
from angarium.engine.memory.account import Account, Mailbox, put_annotation
from angarium.engine.memory.messages import Surroundings, copy_messages, insert_message
from angarium.engine.quota import check_growth
from angarium.engine.rows import AnnotationChange, MailboxId, ModSeq, Uid, UidValidity
from angarium.errors import MailboxExists, NamesChanged, PartitionNotFound, SpecialUseTaken
from angarium.sequenceset import MAXIMUM_UID, UidSet

_EVERYTHING = UidSet(((1, MAXIMUM_UID),))


def create_mailboxes(account: Account, surroundings: Surroundings, command: CreateMailboxes) -> Done:
    """CREATE."""
    if command.parent is not None:
        account.live(command.parent, command.parent_acl_version)
    _require_seen(account, command.seen)
    before = account.quota_rows()
    modseq = account.next_folder_modseq()
    _forget_predecessor(account, modseq)
    for new in command.mailboxes:
        _require_free_use(account, new.special_use, mailbox=new.id)
        _create(account, surroundings, new, command.author)
    check_growth(before, account.quota_rows())
    return Done(modseq)


def _forget_predecessor(account: Account, modseq: ModSeq) -> None:
    """Where no mailbox is left, who gets the first one is somebody new."""
    if any(mailbox.is_live for mailbox in account.mailboxes.values()):
        return
    account.scripts.clear()
    account.marks.clear()
    account.annotations.clear()
    for name, row in account.subscriptions.items():
        if row.subscribed:
            account.subscriptions[name] = replace(row, subscribed=False, modseq=modseq)


def rename_mailboxes(account: Account, surroundings: Surroundings, command: RenameMailboxes) -> Done:
    """RENAME of a tree, delayed delete, and undoing it."""
    check_acl_versions(account, command.acl_versions)
    _require_seen(account, command.seen)
    before_rename = account.quota_rows()
    modseq = account.next_folder_modseq()
    moved: dict[str, str | None] = {}
    for rename in command.renames:
        mailbox = account.known(rename.mailbox)
        if mailbox.is_live:
            moved[mailbox.kept.name] = rename.name if rename.deleted_at_s is None else None
        if rename.partition is not None and rename.partition != mailbox.kept.partition:
            raise PartitionNotFound(f"{mailbox.kept.name} is on {mailbox.kept.partition}, not {rename.partition}")
        before = json.dumps({"name": mailbox.kept.name, "deleted_at": mailbox.kept.deleted_at_s})
        operation = _rename(account, mailbox, rename, modseq)
        account.log(command.author, operation, now_s=surroundings.now_s(), mailbox=mailbox.kept.id, before=before)
    live_names = [mailbox.kept.name for mailbox in account.mailboxes.values() if mailbox.is_live]
    if len(set(live_names)) < len(live_names):
        raise MailboxExists("a mailbox has the new name already")
    account.move_roots(moved)
    if any(rename.deleted_at_s is None for rename in command.renames):
        stayed = [quota for quota in before_rename if quota.root not in moved]
        carried = [replace(quota, root=new) for quota in before_rename if (new := moved.get(quota.root)) is not None]
        check_growth([*stayed, *carried], account.quota_rows())
    return Done(modseq)


def rename_inbox(account: Account, surroundings: Surroundings, command: RenameInbox) -> Done:
    """RENAME INBOX: other readers' seen state stays behind."""
    inbox = account.live(command.inbox)
    before = account.quota_rows()
    modseq = account.next_folder_modseq()
    old = json.dumps({"name": inbox.kept.name})
    target = _create(account, surroundings, command.target, command.author, before=old)
    check_growth(before, account.quota_rows())
    for row in [row for row in inbox.annotations.values() if row.uid == 0]:
        put_annotation(target.annotations, row.uid, AnnotationChange(row.entry, row.owner, row.value), modseq)
    move = CopyMessages(
        command.inbox,
        _EVERYTHING,
        command.target.id,
        command.author,
        move=True,
        quota=QuotaPolicy.IGNORE,
        private_annotations_of=account.id,
    )
    copy_messages(account, surroundings, move)
    return Done(modseq)


def erase_mailboxes(account: Account, surroundings: Surroundings, command: EraseMailboxes) -> Erased:
    """Remove mailboxes, live or in delayed delete."""
    check_acl_versions(account, command.acl_versions)
    mailboxes = [account.known(mailbox_id) for mailbox_id in command.mailboxes]
    if command.deleted_until_s is not None:
        mailboxes = [
            mailbox
            for mailbox in mailboxes
            if mailbox.kept.deleted_at_s is not None and mailbox.kept.deleted_at_s <= command.deleted_until_s
        ]
    if not mailboxes:
        return Erased((), account.modseq)
    modseq = account.next_folder_modseq()
    for mailbox in mailboxes:
        account.note_tombstone(mailbox)
        del account.mailboxes[mailbox.kept.id]
        kept = mailbox.kept
        was = {"name": kept.name, "uidvalidity": kept.uidvalidity, "deleted_at": kept.deleted_at_s}
        before = json.dumps(was)
        account.log(command.author, "erase", now_s=surroundings.now_s(), mailbox=mailbox.kept.id, before=before)
    account.move_roots({mailbox.kept.name: None for mailbox in mailboxes if mailbox.is_live})
    account.forget_unnamed_contents()
    return Erased(tuple([mailbox.kept.id for mailbox in mailboxes]), modseq)


def set_acl(account: Account, surroundings: Surroundings, command: SetAcl) -> Done:
    """Replace an ACL."""
    mailbox = account.live(command.mailbox, command.acl_version)
    modseq = account.next_folder_modseq()
    before = json.dumps({"acl": mailbox.kept.acl, "became": command.acl})
    version = mailbox.kept.acl_version + 1
    mailbox.kept = replace(mailbox.kept, acl=command.acl, acl_version=version, folder_modseq=modseq)
    account.log(command.author, "setacl", now_s=surroundings.now_s(), mailbox=command.mailbox, before=before)
    return Done(modseq)


def set_shared_seen(account: Account, surroundings: Surroundings, command: SetSharedSeen) -> Done:
    """Choose whose `\\Seen` counts; a change of every message that is there."""
    mailbox = account.live(command.mailbox)
    if mailbox.kept.shared_seen == command.shared:
        return Done(account.modseq)
    modseq = account.next_folder_modseq()
    before = json.dumps({"shared_seen": mailbox.kept.shared_seen})
    mailbox.kept = replace(mailbox.kept, shared_seen=command.shared, folder_modseq=modseq, highestmodseq=modseq)
    for message in mailbox.present():
        mailbox.put(message.with_flags(message.system, message.keyword_mask, modseq))
    uids = UidSet(((1, mailbox.kept.uidnext - 1),) if mailbox.kept.uidnext > 1 else ())
    account.log(
        command.author, "setsharedseen", now_s=surroundings.now_s(), mailbox=command.mailbox, uids=uids, before=before
    )
    return Done(modseq)


def set_special_use(account: Account, surroundings: Surroundings, command: SetSpecialUse) -> Done:
    """Choose what a mailbox is for."""
    mailbox = account.live(command.mailbox, command.acl_version)
    _require_free_use(account, command.special_use, mailbox=command.mailbox)
    modseq = account.next_folder_modseq()
    before = json.dumps({"special_use": mailbox.kept.special_use})
    mailbox.kept = replace(mailbox.kept, special_use=command.special_use, folder_modseq=modseq)
    account.log(command.author, "setspecialuse", now_s=surroundings.now_s(), mailbox=command.mailbox, before=before)
    return Done(modseq)


def _require_free_use(account: Account, special_use: str, *, mailbox: MailboxId) -> None:
    if not taken_uses(account, but=mailbox).isdisjoint(special_use.split()):
        raise SpecialUseTaken(f"a mailbox has a use of {special_use} already")


def taken_uses(account: Account, *, but: MailboxId) -> set[str]:
    """The special uses of live mailboxes, `but` one."""
    others = [other.kept for other in account.mailboxes.values() if other.is_live and other.kept.id != but]
    return {use for other in others for use in other.special_use.split()}


def restore_mailbox(account: Account, surroundings: Surroundings, command: RestoreMailbox) -> Done:
    """Take up a mailbox; its header's ceilings are above every number that it has given."""
    account.modseq = ModSeq(max(account.modseq, command.modseq_ceiling))
    modseq = account.next_folder_modseq()
    new = command.mailbox
    mailbox = _add(account, surroundings, new, uidvalidity=command.uidvalidity, deleted_at_s=command.deleted_at_s)
    account.last_uidvalidity = max(account.last_uidvalidity, command.uidvalidity)
    uidnext = max([command.uid_ceiling, *(restored.uid + 1 for restored in command.messages)])
    # What was expunged before is not known any more.
    mailbox.kept = replace(mailbox.kept, uidnext=Uid(uidnext), purged_modseq=modseq)
    for restored in command.messages:
        insert_message(account, surroundings, mailbox, restored.uid, restored.message)
    account.log(command.author, "restore", now_s=surroundings.now_s(), mailbox=new.id)
    return Done(modseq)


def restore_messages(account: Account, surroundings: Surroundings, command: RestoreMessages) -> Done:
    """More messages of a restored mailbox."""
    mailbox = account.known(command.mailbox)
    modseq = account.next_modseq()
    uidnext = max([mailbox.kept.uidnext, *(restored.uid + 1 for restored in command.messages)])
    mailbox.kept = replace(mailbox.kept, uidnext=Uid(uidnext))
    for restored in command.messages:
        insert_message(account, surroundings, mailbox, restored.uid, restored.message)
    uids = [restored.uid for restored in command.messages]
    account.log(command.author, "restore", now_s=surroundings.now_s(), mailbox=command.mailbox, uids=uids)
    return Done(modseq)


def _create(
    account: Account, surroundings: Surroundings, new: NewMailbox, author: Author, *, before: str = ""
) -> Mailbox:
    uidvalidity = account.next_uidvalidity(surroundings.now_s())
    mailbox = _add(account, surroundings, new, uidvalidity=uidvalidity, deleted_at_s=None)
    account.log(author, "create", now_s=surroundings.now_s(), mailbox=new.id, before=before)
    return mailbox


def _add(
    account: Account,
    surroundings: Surroundings,
    new: NewMailbox,
    *,
    uidvalidity: UidValidity,
    deleted_at_s: int | None,
) -> Mailbox:
    if new.partition not in surroundings.partitions:
        raise PartitionNotFound(f"no partition {new.partition}")
    is_taken = deleted_at_s is None and any(
        mailbox.is_live and mailbox.kept.name == new.name for mailbox in account.mailboxes.values()
    )
    if is_taken or new.id in account.mailboxes:
        raise MailboxExists(f"mailbox {new.name} is there already")
    mailbox = account.add_mailbox(
        new.id,
        new.name,
        partition=new.partition,
        acl=new.acl,
        uidvalidity=uidvalidity,
        created_at_s=surroundings.now_s(),
    )
    mailbox.kept = replace(mailbox.kept, special_use=new.special_use, keywords=new.keywords, deleted_at_s=deleted_at_s)
    return mailbox


def _rename(account: Account, mailbox: Mailbox, rename: MailboxRename, modseq: ModSeq) -> str:
    account.note_tombstone(mailbox)
    special_use = mailbox.kept.special_use
    if special_use and not mailbox.is_live and rename.deleted_at_s is None:
        taken = taken_uses(account, but=mailbox.kept.id)
        special_use = " ".join([use for use in special_use.split() if use not in taken])
    mailbox.kept = replace(
        mailbox.kept,
        name=rename.name,
        deleted_at_s=rename.deleted_at_s,
        special_use=special_use,
        folder_modseq=modseq,
    )
    return "rename" if mailbox.is_live else "delete"


def _require_seen(account: Account, seen: NamesSeen | None) -> None:
    """NamesChanged."""
    if seen is None:
        return
    if any(account.known(mailbox).kept.name != name for mailbox, name in (*seen.names, *seen.tree)):
        raise NamesChanged("a mailbox has another name by now")
    if seen.tree:
        (_, top), *_ = seen.tree
        live = [mailbox.kept for mailbox in account.mailboxes.values() if mailbox.is_live]
        tree = {kept.id for kept in live if kept.name == top or not top or kept.name.startswith(f"{top}.")}
        if tree != {mailbox for mailbox, _ in seen.tree}:
            raise NamesChanged("others are below by now")


def check_acl_versions(account: Account, versions: Iterable[tuple[MailboxId, int]]) -> None:
    """MailboxNotFound, AclChanged."""
    for mailbox, version in versions:
        account.known(mailbox, version)
