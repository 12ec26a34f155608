"""The queue of an account's mail to send, within a transaction and as it is read.

Each line has a note in `work.db` that was durable before it, so that no process forgets to look (`outgoing`). A file
of the queue is a link to what was staged, below `queue` on its partition, and is made and taken back as those of
mailboxes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apsw

from angarium.engine.commands import Deliver, Done, PostponeDispatch, RemoveDispatch
from angarium.engine.delivery import NOTE_STALE_AFTER_S, Dispatch, DispatchRow
from angarium.engine.rows import ModSeq
from angarium.engine.sqlite.marks import take_mark
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.engine.sqlite.transaction import Transaction

LONGEST_WAIT_S: Final = NOTE_STALE_AFTER_S // 2
"""How old notes may be when what they are for is executed; the rest is for the commit."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A command that queues mail, with the numbers of its notes in `work.db`, one for each line that it may add."""

    command: Deliver | RemoveDispatch
    works: tuple[int, ...]
    noted_at_s: int


@dataclass(frozen=True, slots=True)
class Renote:
    """Lines whose notes are lost have others from here on. Answered by Done."""

    works: Mapping[int, int]
    """The number of the lost note to that of the new one."""


_COLUMNS = (
    "number, sender, recipients, head, purpose, message_id, size, offset, partition, parameters, queued_at, expires_at,"
    " attempts, next_attempt, last_error, work"
)


def last_dispatch(transaction: Transaction) -> int:
    """The number of what was queued last; 0 before the first."""
    number = transaction.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'dispatch'").get
    return int(number or 0)


def queue_dispatch(transaction: Transaction, dispatch: Dispatch, works: Iterator[int]) -> bool:
    """Queue mail; False where its mark stands. `works` gives the number of its note either way."""
    work = next(works)
    if dispatch.mark is not None and not take_mark(transaction, dispatch.mark):
        return False
    connection = transaction.connection
    number = 1 + last_dispatch(transaction)
    size_octets, partition = len(dispatch.head), None
    if dispatch.file is not None:
        number = transaction.place_in_queue(dispatch.file.path, dispatch.file.partition, number)
        size_octets += max(0, dispatch.file.size_octets - dispatch.offset)
        partition = dispatch.file.partition
    connection.execute(
        "INSERT INTO dispatch (number, work, sender, recipients, purpose, message_id, parameters, partition, offset,"
        " size, queued_at, expires_at, next_attempt, head) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            work,
            dispatch.sender,
            json.dumps(dispatch.recipients),
            dispatch.purpose,
            dispatch.message_id,
            json.dumps(dispatch.parameters),
            partition,
            dispatch.offset,
            size_octets,
            transaction.now_s,
            dispatch.expires_at_s,
            transaction.now_s,
            dispatch.head,
        ),
    )
    transaction.has_queued = True
    return True


def postpone_dispatch(transaction: Transaction, command: PostponeDispatch) -> Done:
    """Who looks after the queue is told of another time that an administrator has asked for."""
    transaction.connection.execute(
        "UPDATE dispatch SET recipients = ?, next_attempt = ?, last_error = ?, attempts = attempts + ?"
        " WHERE number = ?",
        (json.dumps(command.recipients), command.next_attempt_s, command.error, command.counts, command.number),
    )
    if not command.counts:
        transaction.has_queued = True
    return Done(ModSeq(transaction.modseq))


def remove_dispatch(transaction: Transaction, command: RemoveDispatch, works: Sequence[int] = ()) -> Done:
    """The row now, its file once that is durable."""
    connection = transaction.connection
    row = fetch_one(connection, "SELECT partition FROM dispatch WHERE number = ?", (command.number,))
    if row is None:
        return Done(ModSeq(transaction.modseq))
    connection.execute("DELETE FROM dispatch WHERE number = ?", (command.number,))
    (partition,) = row
    if partition is not None:
        transaction.unlink_from_queue(partition, command.number)
    if command.replacement is not None:
        queue_dispatch(transaction, command.replacement, iter(works))
    return Done(ModSeq(transaction.modseq))


def renote(transaction: Transaction, step: Renote) -> Done:
    """Whoever looks after the queue may not know of them."""
    transaction.connection.executemany(
        "UPDATE dispatch SET work = ?2 WHERE work = ?1", [(lost, work) for lost, work in step.works.items()]
    )
    transaction.has_queued = True
    return Done(ModSeq(transaction.modseq))


def read_dispatches(connection: apsw.Connection, *, limit: int = -1) -> list[DispatchRow]:
    """All (or `limit`), by number."""
    rows = fetch_all(connection, f"SELECT {_COLUMNS} FROM dispatch ORDER BY number LIMIT ?", (limit,))
    return [_row(*columns) for columns in rows]


def read_dispatch(connection: apsw.Connection, number: int) -> DispatchRow | None:
    """One."""
    columns = fetch_one(connection, f"SELECT {_COLUMNS} FROM dispatch WHERE number = ?", (number,))
    return None if columns is None else _row(*columns)


def read_partition(connection: apsw.Connection, number: int) -> str | None:
    """Where the file of mail to send is; None where there is none."""
    row = fetch_one(connection, "SELECT partition FROM dispatch WHERE number = ?", (number,))
    return None if row is None else row[0]


def read_work(connection: apsw.Connection, number: int) -> int | None:
    """The number of a line's note; None where there is no such line."""
    row = fetch_one(connection, "SELECT work FROM dispatch WHERE number = ?", (number,))
    return None if row is None else int(row[0])


def read_works(connection: apsw.Connection) -> set[int]:
    """The numbers of all lines' notes."""
    return {work for (work,) in fetch_all(connection, "SELECT work FROM dispatch")}


# Any: the columns as the schema has them.
def _row(number: int, sender: str, recipients: str, head: bytes, *rest: Any) -> DispatchRow:
    purpose, message_id, size_octets, offset, partition, parameters, *others = rest
    return DispatchRow(
        number,
        sender,
        tuple(json.loads(recipients)),
        head,
        purpose,
        message_id,
        size_octets,
        offset,
        partition is not None,
        tuple([(name, value) for name, value in json.loads(parameters)]),
        *others,
    )
