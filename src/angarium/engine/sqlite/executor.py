"""From command to the function that executes it: one table."""

from collections.abc import Callable
from typing import Any

from angarium.engine import commands
from angarium.engine.sqlite import (
    annotations,
    arriving,
    delivering,
    departing,
    dispatches,
    erase,
    expunge,
    flags,
    mailboxes,
    marks,
    messages,
    movesteps,
    quotas,
    scripts,
)
from angarium.engine.sqlite.dispatches import Noted, Renote
from angarium.engine.sqlite.queuefiles import SweepQueue, sweep_queue
from angarium.engine.sqlite.transaction import Transaction

Executable = commands.Command | movesteps.MoveStep | Noted | Renote | SweepQueue

# Any: each function takes its own command; the table is what brings the two together.
_EXECUTORS: dict[type[Executable], Callable[[Transaction, Any], commands.Result]] = {
    commands.AddMessages: messages.add_messages,
    commands.ReplaceMessage: messages.replace_message,
    commands.CopyMessages: messages.copy_messages,
    commands.StoreFlags: flags.store_flags,
    commands.SetAnnotations: annotations.set_annotations,
    commands.Expunge: expunge.expunge,
    commands.CreateMailboxes: mailboxes.create_mailboxes,
    commands.RenameMailboxes: mailboxes.rename_mailboxes,
    commands.RenameInbox: mailboxes.rename_inbox,
    commands.EraseMailboxes: erase.erase_mailboxes,
    commands.ForgetErased: erase.forget_erased,
    commands.SetAcl: mailboxes.set_acl,
    commands.SetSharedSeen: mailboxes.set_shared_seen,
    commands.SetSpecialUse: mailboxes.set_special_use,
    commands.SetQuota: quotas.set_quota,
    commands.RemoveQuota: quotas.remove_quota,
    commands.Subscribe: mailboxes.subscribe,
    commands.ClaimRecent: mailboxes.claim_recent,
    commands.RememberPreviews: messages.remember_previews,
    commands.PurgeMessages: expunge.purge_messages,
    commands.PruneChanges: expunge.prune_changes,
    commands.SetAccountName: mailboxes.set_account_name,
    commands.RestoreMailbox: mailboxes.restore_mailbox,
    commands.RestoreMessages: mailboxes.restore_messages,
    commands.Deliver: delivering.deliver,
    commands.PostponeDispatch: dispatches.postpone_dispatch,
    commands.RemoveDispatch: dispatches.remove_dispatch,
    commands.PruneMarks: marks.prune_marks,
    commands.PutScript: scripts.put_script,
    commands.ActivateScript: scripts.activate_script,
    commands.DeleteScript: scripts.delete_script,
    commands.RenameScript: scripts.rename_script,
    Noted: delivering.execute_noted,
    Renote: dispatches.renote,
    SweepQueue: sweep_queue,
    movesteps.MarkMoving: departing.mark_moving,
    movesteps.ReleaseMoving: departing.release_moving,
    movesteps.BeginArrival: arriving.begin_arrival,
    movesteps.CopyRows: arriving.copy_rows,
    movesteps.Arrive: arriving.arrive,
    movesteps.DropArrivals: arriving.drop_arrivals,
    movesteps.Depart: departing.depart,
}


def execute(transaction: Transaction, command: Executable) -> commands.Result:
    """Execute one command within the transaction; its refusal is raised."""
    return _EXECUTORS[type(command)](transaction, command)
