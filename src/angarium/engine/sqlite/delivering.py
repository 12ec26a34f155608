"""A delivery within a transaction: messages, marks and mail to send."""

from collections.abc import Sequence

from angarium.engine.commands import AddMessages, Author, Deliver, Delivered, Done
from angarium.engine.delivery import SENT_FOR_S, Deposit, Mark, MarkKind
from angarium.engine.rows import ModSeq, Uid
from angarium.engine.sqlite.dispatches import LONGEST_WAIT_S, Noted, last_dispatch, queue_dispatch, remove_dispatch
from angarium.engine.sqlite.marks import count_standing, put_marks, stands, take_mark
from angarium.engine.sqlite.messages import add_messages
from angarium.engine.sqlite.transaction import Transaction
from angarium.errors import ActionLimitExceeded, MarksChanged, StoreBusy


def deliver(transaction: Transaction, command: Deliver, works: Sequence[int] = ()) -> Delivered:
    """`works` are the numbers of notes in `work.db`, one for each dispatch."""
    for kind, key in command.unmarked:
        if stands(transaction.connection, kind, key, transaction.now_s):
            raise MarksChanged(f"{kind.value} {key!r} is marked by now in account {transaction.account}")
    uids = tuple([_put(transaction, deposit, command.author) for deposit in command.deposits])
    put_marks(transaction, command.marks)
    numbers = iter(works)
    dispatched = tuple([queue_dispatch(transaction, dispatch, numbers) for dispatch in command.dispatches])
    if command.daily_dispatches_max and any(dispatched):
        _count_sent(transaction, dispatched.count(True), command.daily_dispatches_max)
    return Delivered(uids, dispatched, ModSeq(transaction.modseq))


def execute_noted(transaction: Transaction, noted: Noted) -> Delivered | Done:
    """StoreBusy where it has waited for so long that its notes may be thought to be stale."""
    if transaction.now_s - noted.noted_at_s > LONGEST_WAIT_S:
        raise StoreBusy(f"mail to send has waited too long for account {transaction.account}")
    if isinstance(noted.command, Deliver):
        return deliver(transaction, noted.command, noted.works)
    return remove_dispatch(transaction, noted.command, noted.works)


def _count_sent(transaction: Transaction, added: int, most: int) -> None:
    """Note those that were queued last."""
    last = last_dispatch(transaction)
    expires_at_s = transaction.now_s + SENT_FOR_S
    put_marks(transaction, [Mark(MarkKind.SENT, str(last - back), expires_at_s) for back in range(added)])
    if count_standing(transaction, MarkKind.SENT, most + 1) > most:
        raise ActionLimitExceeded(f"more than {most} mails would be sent in a day")


def _put(transaction: Transaction, deposit: Deposit, author: Author) -> Uid | None:
    if deposit.mark is not None and not take_mark(transaction, deposit.mark):
        return None
    add = AddMessages(deposit.mailbox, (deposit.message,), author, deposit.quota, deposit.acl_version)
    return add_messages(transaction, add, operation="deliver").uids[0]
