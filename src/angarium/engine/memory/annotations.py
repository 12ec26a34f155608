"""Annotations, as the memory engine executes commands on them on its copy of an account."""

import json

from angarium.engine.commands import AnnotationsSet, QuotaPolicy, SetAnnotations
from angarium.engine.memory.account import Account, Annotations, Mailbox, put_annotation
from angarium.engine.memory.messages import Surroundings, check_annotation_octets, modseq_told
from angarium.engine.rows import AnnotationRow, ModSeq, Uid
from angarium.errors import AnnotationLimitExceeded
from angarium.sequenceset import UidSet


def set_annotations(account: Account, surroundings: Surroundings, command: SetAnnotations) -> AnnotationsSet:
    """SETMETADATA, and STORE of annotations."""
    mailbox = None if command.mailbox is None else account.live(command.mailbox, command.acl_version)
    annotations = account.annotations if mailbox is None else mailbox.annotations
    if mailbox is None or command.uids is None:
        _check_room(account, mailbox, [Uid(0)], command)
        changed = _set(account, annotations, Uid(0), command, None)
        if changed is not None:
            _log(account, surroundings, command, UidSet())
        return AnnotationsSet(UidSet(), UidSet(), changed)
    refused, told = _refused(mailbox, command), None
    changed_uids: list[Uid] = []
    open_to_change = mailbox.present(command.uids.difference(refused))
    _check_room(account, mailbox, [message.row.uid for message in open_to_change], command)
    for message in open_to_change:
        modseq = _set(account, annotations, message.row.uid, command, told)
        if modseq is not None:
            told = modseq
            changed_uids.append(message.row.uid)
            mailbox.put(message.with_flags(message.system, message.keyword_mask, modseq))
    uids = UidSet.from_numbers(changed_uids)
    if told is not None:
        _log(account, surroundings, command, uids)
    return AnnotationsSet(uids, refused, told)


def list_annotations(annotations: Annotations, uids: UidSet | None) -> list[AnnotationRow]:
    """Those of messages, or (None) of the mailbox or account itself."""
    chosen = [row for row in annotations.values() if (row.uid == 0 if uids is None else row.uid in uids)]
    return sorted(chosen, key=lambda row: (row.uid, row.entry, row.owner or ""))


def _check_room(account: Account, mailbox: Mailbox | None, uids: list[Uid], command: SetAnnotations) -> None:
    """What the changes add up to, before they are made: use is derived from what is there."""
    if mailbox is None:
        return
    added = 0
    for uid in uids:
        present = {key: len(row.value) for key, row in mailbox.annotations.items() if key[0] == uid}
        after = present | {(uid, change.entry, change.owner): len(change.value or b"") for change in command.changes}
        added += sum(after.values()) - sum(present.values())
    check_annotation_octets(account, mailbox, added, QuotaPolicy.STRICT)


def _refused(mailbox: Mailbox, command: SetAnnotations) -> UidSet:
    since = command.unchanged_since
    if since is None:
        return UidSet()
    present = mailbox.present(command.uids)
    return UidSet.from_numbers(
        message.row.uid for message in present if modseq_told(mailbox, message, command.seen_account) > since
    )


def _set(
    account: Account, annotations: Annotations, uid: Uid, command: SetAnnotations, modseq: ModSeq | None
) -> ModSeq | None:
    """The modseq of the change, `modseq` where one was taken already; None where nothing changes."""
    changed = False
    for change in command.changes:
        present = annotations.get((uid, change.entry, change.owner))
        if (None if present is None else present.value) == change.value:
            continue
        if modseq is None:
            modseq = account.next_modseq()
        changed |= put_annotation(annotations, uid, change, modseq)
    for owner in {change.owner for change in command.changes if change.value is not None}:
        count = sum(row.uid == uid and row.owner == owner for row in annotations.values())
        if changed and command.count_limit is not None and count > command.count_limit:
            raise AnnotationLimitExceeded(f"{command.count_limit} annotations are there already")
    return modseq if changed else None


def _log(account: Account, surroundings: Surroundings, command: SetAnnotations, uids: UidSet) -> None:
    entries = [change.entry for change in command.changes]
    owners = [change.owner or "" for change in command.changes]
    before = json.dumps({"entries": entries, "owners": owners})
    account.log(
        command.author, "annotate", now_s=surroundings.now_s(), mailbox=command.mailbox, uids=uids, before=before
    )
