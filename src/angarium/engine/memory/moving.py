"""Moves between accounts, as the memory engine makes them: on copies of both, in one go."""

import json
from dataclasses import replace

from angarium.engine.memory.account import Account, Mailbox, StoredMessage
from angarium.engine.memory.mailboxes import check_acl_versions, taken_uses
from angarium.engine.memory.messages import Surroundings, note_references
from angarium.engine.moves import MailboxMove, MoveMailboxes
from angarium.engine.quota import check_growth
from angarium.engine.rows import NO_MODSEQ, ContentId, MailboxState, ModSeq, SeenRow, Uid, UidValidity
from angarium.errors import MailboxExists
from angarium.flags import SystemFlags
from angarium.sequenceset import UidSet


def move_mailboxes(source: Account, target: Account, surroundings: Surroundings, command: MoveMailboxes) -> ModSeq:
    """Change both; both copies are to be thrown away where it is refused."""
    check_acl_versions(source, command.source_acl_versions)
    check_acl_versions(target, command.target_acl_versions)
    before = target.quota_rows()
    target.modseq = ModSeq(max(source.modseq, target.modseq))
    modseq = target.next_folder_modseq()
    gone = source.next_folder_modseq()
    roots: dict[str, str | None] = {}
    for move in command.moves:
        mailbox = source.known(move.mailbox)
        kept = mailbox.kept
        if mailbox.is_live:
            roots[kept.name] = None
            if kept.name in source.quotas:
                target.quotas[move.name] = replace(source.quotas[kept.name], modseq=modseq)
                before.append(replace(source.quota_row(kept.name), root=move.name))
        text = {"name": kept.name, "deleted_at": kept.deleted_at_s}
        _arrive(source, target, surroundings, mailbox.copy(), move, command)
        source.log(
            command.author,
            "depart",
            now_s=surroundings.now_s(),
            mailbox=kept.id,
            before=json.dumps(text | {"uidvalidity": kept.uidvalidity, "moved_to": target.id}),
        )
        uids = UidSet(((1, kept.uidnext - 1),) if kept.uidnext > 1 else ())
        target.log(
            command.author,
            "arrive",
            now_s=surroundings.now_s(),
            mailbox=kept.id,
            uids=uids,
            before=json.dumps(text | {"moved_from": source.id}),
        )
    for move in command.moves:
        source.note_tombstone(source.mailboxes[move.mailbox])
        del source.mailboxes[move.mailbox]
    source.move_roots(roots)
    source.forget_unnamed_contents()
    check_growth(before, target.quota_rows())
    assert gone == source.folder_modseq
    return modseq


def _arrive(
    source: Account,
    target: Account,
    surroundings: Surroundings,
    mailbox: Mailbox,
    move: MailboxMove,
    command: MoveMailboxes,
) -> None:
    if any(other.is_live and other.kept.name == move.name for other in target.mailboxes.values()):
        raise MailboxExists(f"mailbox {move.name} is there already")
    _move_seen(mailbox, command, target.modseq)
    mailbox.messages = {
        uid: _arrived(source, target, message, target.modseq) for uid, message in sorted(mailbox.messages.items())
    }
    mailbox.annotations = {key: replace(row, modseq=target.modseq) for key, row in mailbox.annotations.items()}
    taken = taken_uses(target, but=move.mailbox)
    kept = mailbox.kept
    mailbox.kept = replace(
        kept,
        name=move.name,
        state=MailboxState.LIVE,
        deleted_at_s=None,
        uidvalidity=_uidvalidity(target, surroundings, mailbox, move.name),
        special_use=" ".join([use for use in kept.special_use.split() if use not in taken]),
        created_modseq=target.modseq,
        folder_modseq=target.modseq,
        highestmodseq=target.modseq,
    )
    target.mailboxes[move.mailbox] = mailbox


def _uidvalidity(target: Account, surroundings: Surroundings, mailbox: Mailbox, name: str) -> UidValidity:
    had = target.tombstones.get(name, {})
    others = [uidvalidity for other, uidvalidity in had.items() if other != mailbox.kept.id]
    if max(others, default=0) >= mailbox.kept.uidvalidity:
        return target.next_uidvalidity(surroundings.now_s())
    target.last_uidvalidity = max(target.last_uidvalidity, mailbox.kept.uidvalidity)
    return mailbox.kept.uidvalidity


def _move_seen(mailbox: Mailbox, command: MoveMailboxes, modseq: ModSeq) -> None:
    """Each reader keeps hers: an owner's is in the flags, that of others by their accounts."""
    owner = command.source if command.source_has_owner else None
    new_owner = command.target if command.target_has_owner else None
    if not mailbox.kept.shared_seen and not owner is new_owner is None:
        if owner is not None:
            seen = [message.row.uid for message in mailbox.present() if SystemFlags.SEEN in message.system]
            mailbox.seen[owner] = _seen_row(seen, mailbox.kept.recent_uid)
        own = mailbox.seen_by(new_owner) if new_owner is not None else UidSet()
        row = mailbox.seen.pop(new_owner, None) if new_owner is not None else None
        mailbox.kept = replace(mailbox.kept, recent_uid=Uid(0) if row is None else row.recent_uid)
        for uid, message in mailbox.messages.items():
            system = message.system & ~SystemFlags.SEEN | (SystemFlags.SEEN if uid in own else SystemFlags(0))
            mailbox.messages[uid] = message.with_flags(system, message.keyword_mask, message.row.modseq)
    mailbox.seen = {account: replace(row, highestmodseq=modseq) for account, row in mailbox.seen.items()}


def _seen_row(uids: list[Uid], recent_uid: Uid) -> SeenRow:
    return SeenRow(UidSet.from_numbers(uids).serialize().decode(), recent_uid, NO_MODSEQ)


def _arrived(source: Account, target: Account, message: StoredMessage, modseq: ModSeq) -> StoredMessage:
    content = ContentId(target.last_content + 1)
    target.last_content = content
    parsed, search = source.contents[message.row.content]
    target.contents[content] = (parsed, search)
    if message.row.content in source.previews:
        target.previews[content] = source.previews[message.row.content]
    note_references(target, search, message.row.thread_id)
    row = replace(
        message.row,
        modseq=modseq,
        created_modseq=modseq,
        expunged_modseq=NO_MODSEQ if message.is_present else modseq,
        content=content,
    )
    return replace(message, row=row)
