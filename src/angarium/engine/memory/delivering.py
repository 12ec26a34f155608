"""Deliveries, marks and mail to send, as the memory engine executes commands on them on its copy of an account."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from angarium.engine.commands import (
    AddMessages,
    Author,
    Deliver,
    Delivered,
    Done,
    PostponeDispatch,
    PruneMarks,
    Purged,
    RemoveDispatch,
)
from angarium.engine.delivery import SENT_FOR_S, Deposit, Dispatch, DispatchRow, Mark, MarkKind, MarkRow
from angarium.engine.memory.account import Account, Queued
from angarium.engine.memory.messages import Surroundings, add_messages
from angarium.engine.rows import Uid
from angarium.errors import ActionLimitExceeded, MarksChanged


@dataclass(frozen=True, slots=True)
class Noted:
    """A command that queues mail, with the numbers of its notes, one for each line that it may add."""

    command: Deliver | RemoveDispatch
    works: tuple[int, ...]


def execute_noted(account: Account, surroundings: Surroundings, noted: Noted) -> Delivered | Done:
    """All of it, or the copy is thrown away."""
    if isinstance(noted.command, Deliver):
        return _deliver(account, surroundings, noted.command, noted.works)
    return _remove_dispatch(account, surroundings, noted.command, noted.works)


def _deliver(account: Account, surroundings: Surroundings, command: Deliver, works: Sequence[int]) -> Delivered:
    for kind, key in command.unmarked:
        if stands(account, kind, key, surroundings.now_s()):
            raise MarksChanged(f"{kind.value} {key!r} is marked by now")
    uids = tuple([_put(account, surroundings, deposit, command.author) for deposit in command.deposits])
    for mark in command.marks:
        account.marks[mark.kind, mark.key] = MarkRow(mark, surroundings.now_s())
    numbers = iter(works)
    dispatched = tuple([_queue(account, surroundings, dispatch, numbers) for dispatch in command.dispatches])
    if command.daily_dispatches_max and any(dispatched):
        _count_sent(account, surroundings.now_s(), dispatched.count(True), command.daily_dispatches_max)
    return Delivered(uids, dispatched, account.modseq)


def _count_sent(account: Account, now_s: int, added: int, most: int) -> None:
    """Note those that were queued last."""
    for back in range(added):
        mark = Mark(MarkKind.SENT, str(account.last_dispatch - back), now_s + SENT_FOR_S)
        account.marks[mark.kind, mark.key] = MarkRow(mark, now_s)
    rows = [row for (kind, _), row in account.marks.items() if kind is MarkKind.SENT]
    if len([row for row in rows if row.mark.expires_at_s > now_s]) > most:
        raise ActionLimitExceeded(f"more than {most} mails would be sent in a day")


def _remove_dispatch(
    account: Account, surroundings: Surroundings, command: RemoveDispatch, works: Sequence[int]
) -> Done:
    """What replaces it comes only where it was there."""
    removed = account.dispatches.pop(command.number, None)
    if removed is not None and command.replacement is not None:
        _queue(account, surroundings, command.replacement, iter(works))
    return Done(account.modseq)


def postpone_dispatch(account: Account, command: PostponeDispatch) -> Done:
    """A failed attempt, or another time."""
    queued = account.dispatches.get(command.number)
    if queued is not None:
        row = replace(
            queued.row,
            recipients=command.recipients,
            next_attempt_s=command.next_attempt_s,
            last_error=command.error,
            attempts=queued.row.attempts + command.counts,
        )
        account.dispatches[command.number] = replace(queued, row=row)
    return Done(account.modseq)


def prune_marks(account: Account, command: PruneMarks) -> Purged:
    """Forget what has expired."""
    before_s = command.delivered_before_s
    old = [
        key
        for key, row in account.marks.items()
        if row.mark.expires_at_s <= command.now_s
        or (before_s is not None and row.mark.kind is MarkKind.DELIVERED and row.noted_at_s < before_s)
    ]
    for key in old[: command.limit]:
        del account.marks[key]
    return Purged(min(len(old), command.limit), more=len(old) > command.limit)


def stands(account: Account, kind: MarkKind, key: str, now_s: int) -> bool:
    """Whether something is marked."""
    row = account.marks.get((kind, key))
    return row is not None and row.mark.expires_at_s > now_s


def _put(account: Account, surroundings: Surroundings, deposit: Deposit, author: Author) -> Uid | None:
    if not _take_mark(account, surroundings, deposit.mark):
        return None
    add = AddMessages(deposit.mailbox, (deposit.message,), author, deposit.quota, deposit.acl_version)
    return add_messages(account, surroundings, add, operation="deliver").uids[0]


def _take_mark(account: Account, surroundings: Surroundings, mark: Mark | None) -> bool:
    """Whether what the mark is for is to be done."""
    if mark is None:
        return True
    now_s = surroundings.now_s()
    if stands(account, mark.kind, mark.key, now_s):
        return False
    account.marks[mark.kind, mark.key] = MarkRow(mark, now_s)
    return True


def _queue(account: Account, surroundings: Surroundings, dispatch: Dispatch, works: Iterator[int]) -> bool:
    work = next(works)
    if not _take_mark(account, surroundings, dispatch.mark):
        return False
    octets = None if dispatch.file is None else surroundings.octets(dispatch.file)
    now_s = surroundings.now_s()
    account.last_dispatch += 1
    row = DispatchRow(
        number=account.last_dispatch,
        sender=dispatch.sender,
        recipients=dispatch.recipients,
        head=dispatch.head,
        purpose=dispatch.purpose,
        message_id=dispatch.message_id,
        size_octets=len(dispatch.head) + len(octets or b"") - min(dispatch.offset, len(octets or b"")),
        offset=dispatch.offset,
        has_file=octets is not None,
        parameters=dispatch.parameters,
        queued_at_s=now_s,
        expires_at_s=dispatch.expires_at_s,
        attempts=0,
        next_attempt_s=now_s,
        last_error="",
        work=work,
    )
    account.dispatches[row.number] = Queued(row, octets)
    return True
