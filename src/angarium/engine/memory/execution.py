"""Which function executes which command, and the commands that are neither of messages nor of mailboxes."""

import json
from dataclasses import replace
from typing import assert_never

from angarium.engine import changelog
from angarium.engine.commands import (
    ActivateScript,
    AddMessages,
    ClaimRecent,
    Command,
    CopyMessages,
    CreateMailboxes,
    DeleteScript,
    Deliver,
    Done,
    EraseMailboxes,
    Expunge,
    ForgetErased,
    PostponeDispatch,
    PruneChanges,
    PruneMarks,
    Purged,
    PurgeMessages,
    PutScript,
    RememberPreviews,
    RemoveDispatch,
    RemoveQuota,
    RenameInbox,
    RenameMailboxes,
    RenameScript,
    ReplaceMessage,
    RestoreMailbox,
    RestoreMessages,
    Result,
    SetAccountName,
    SetAcl,
    SetAnnotations,
    SetQuota,
    SetSharedSeen,
    SetSpecialUse,
    StoreFlags,
    Subscribe,
)
from angarium.engine.memory import annotations, delivering, mailboxes, messages, scripts
from angarium.engine.memory.account import Account, QuotaRoot
from angarium.engine.memory.delivering import Noted
from angarium.engine.memory.messages import Surroundings
from angarium.engine.rows import NO_MODSEQ, PrunedChanges, SeenRow, SubscriptionRow, Uid
from angarium.errors import QuotaRootNotFound, SubscriptionNotFound


def execute(account: Account, surroundings: Surroundings, command: Command | Noted) -> Result:
    """Execute a command on a copy of the account, which is to be thrown away where it is refused."""
    match command:
        case Noted():
            return delivering.execute_noted(account, surroundings, command)
        case Deliver() | RemoveDispatch():
            return delivering.execute_noted(account, surroundings, Noted(command, ()))
        case PostponeDispatch():
            return delivering.postpone_dispatch(account, command)
        case PruneMarks():
            return delivering.prune_marks(account, command)
        case PutScript():
            return scripts.put_script(account, surroundings, command)
        case ActivateScript():
            return scripts.activate_script(account, surroundings, command)
        case DeleteScript():
            return scripts.delete_script(account, surroundings, command)
        case RenameScript():
            return scripts.rename_script(account, surroundings, command)
        case AddMessages():
            return messages.add_messages(account, surroundings, command)
        case ReplaceMessage():
            return messages.replace_message(account, surroundings, command)
        case CopyMessages():
            return messages.copy_messages(account, surroundings, command)
        case StoreFlags():
            return messages.store_flags(account, surroundings, command)
        case SetAnnotations():
            return annotations.set_annotations(account, surroundings, command)
        case Expunge():
            return messages.expunge(account, surroundings, command)
        case PurgeMessages():
            return messages.purge_messages(account, command)
        case CreateMailboxes():
            return mailboxes.create_mailboxes(account, surroundings, command)
        case RenameMailboxes():
            return mailboxes.rename_mailboxes(account, surroundings, command)
        case RenameInbox():
            return mailboxes.rename_inbox(account, surroundings, command)
        case EraseMailboxes():
            return mailboxes.erase_mailboxes(account, surroundings, command)
        case ForgetErased():
            return Purged(0, more=False)
        case SetAcl():
            return mailboxes.set_acl(account, surroundings, command)
        case SetSharedSeen():
            return mailboxes.set_shared_seen(account, surroundings, command)
        case SetSpecialUse():
            return mailboxes.set_special_use(account, surroundings, command)
        case RestoreMailbox():
            return mailboxes.restore_mailbox(account, surroundings, command)
        case RestoreMessages():
            return mailboxes.restore_messages(account, surroundings, command)
        case SetQuota() | RemoveQuota():
            return _change_quota(account, surroundings, command)
        case Subscribe():
            return _subscribe(account, surroundings, command)
        case ClaimRecent():
            return _claim_recent(account, command)
        case RememberPreviews():
            return messages.remember_previews(account, command)
        case PruneChanges():
            return _prune_changes(account, command)
        case SetAccountName():
            account.next_folder_modseq()
            before = json.dumps({"account_name": account.name})
            account.log(command.author, "renameaccount", now_s=surroundings.now_s(), before=before)
            account.name = command.name
            return Done(account.modseq)
        case _:
            assert_never(command)


def _change_quota(account: Account, surroundings: Surroundings, command: SetQuota | RemoveQuota) -> Done:
    present = account.quotas.get(command.root)
    was = account.quota_row(command.root) if present is not None else None
    became = command.limits if isinstance(command, SetQuota) else None
    if isinstance(command, RemoveQuota) and present is None:
        raise QuotaRootNotFound(f"no quota root {command.root!r}")
    modseq = account.next_folder_modseq()
    if isinstance(command, SetQuota):
        account.quotas[command.root] = QuotaRoot(command.limits, modseq)
    else:
        del account.quotas[command.root]
    before = changelog.QuotaChange.of(command.root, was, became).serialize()
    account.log(command.author, "setquota", now_s=surroundings.now_s(), before=before)
    return Done(modseq)


def _subscribe(account: Account, surroundings: Surroundings, command: Subscribe) -> Done:
    present = account.subscriptions.get(command.name)
    is_subscribed = present is not None and present.subscribed
    if not command.subscribed and not is_subscribed:
        raise SubscriptionNotFound(f"{command.name} is not subscribed")
    if command.subscribed and is_subscribed:
        return Done(account.modseq)
    modseq = account.next_folder_modseq()
    account.subscriptions[command.name] = SubscriptionRow(command.name, modseq, command.subscribed)
    operation = "subscribe" if command.subscribed else "unsubscribe"
    before = json.dumps({"name": command.name, "subscribed": is_subscribed})
    account.log(command.author, operation, now_s=surroundings.now_s(), before=before)
    return Done(modseq)


def _claim_recent(account: Account, command: ClaimRecent) -> Done:
    """Takes no modseq: nobody is to be told of it."""
    mailbox = account.live(command.mailbox)
    if command.seen_account is None:
        recent_uid = max(mailbox.kept.recent_uid, command.uid)
        mailbox.kept = replace(mailbox.kept, recent_uid=recent_uid)
    else:
        row = mailbox.seen.get(command.seen_account) or SeenRow("", Uid(0), NO_MODSEQ)
        mailbox.seen[command.seen_account] = replace(row, recent_uid=max(row.recent_uid, command.uid))
    return Done(account.modseq)


def _prune_changes(account: Account, command: PruneChanges) -> Purged:
    old = [change for change in account.changes if change.time_s < command.before_s]
    for change in old[: command.limit]:
        pruned = account.pruned
        account.pruned = PrunedChanges(max(pruned.modseq, change.modseq), max(pruned.time_s, change.time_s))
    forgotten = {id(change) for change in old[: command.limit]}
    account.changes = [change for change in account.changes if id(change) not in forgotten]
    return Purged(len(forgotten), more=len(old) > command.limit)
