"""Lines of the change log as occasions."""

import pytest

from angarium.engine.changelog import Copy, FlagsChange, SeenChange, Source, serialize_flags
from angarium.engine.rows import AccountId, ChangeRow, MailboxId, ModSeq, Uid
from angarium.flags import Flags
from angarium.operations.imapsieve.occasions import Cause, Occasion, is_event, occasions
from angarium.sequenceset import UidSet

HERE, THERE = MailboxId("h" * 24), MailboxId("t" * 24)
NOBODY = SeenChange(None, UidSet(), UidSet())


def line(operation: str, uids: str, before: str = "", client: str = "imap 192.0.2.7") -> ChangeRow:
    return ChangeRow(ModSeq(7), 1_700_000_000, "alice", client, "s", operation, HERE, uids, before)


def uids(*numbers: int) -> UidSet:
    return UidSet.from_numbers(numbers)


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        (line("append", "3:4"), Cause.APPEND),
        (line("append", "3:4", Source(THERE).serialize()), Cause.COPY),
        (line("copy", "3:4", Copy(THERE, uids(8, 9), is_move=False).serialize()), Cause.COPY),
        (line("copy", "3:4", Copy(THERE, uids(8, 9), is_move=True).serialize()), Cause.COPY),
    ],
    ids=["append", "from another account", "copy", "move"],
)
def test_each_new_message_is_one(row: ChangeRow, cause: Cause) -> None:
    assert is_event(row, {"imap"})
    assert list(occasions(row, ())) == [Occasion(Uid(3), cause), Occasion(Uid(4), cause)]


def test_changes_of_flags_are_told_apart_by_message_and_reader() -> None:
    changes = [FlagsChange(uids(1, 2), 0, 2, 0, 0b10), FlagsChange(uids(5), 16, 0, 1, 1)]
    newly = SeenChange(AccountId("b" * 24), uids(2, 3), uids(4))
    found = list(occasions(line("store", "1:5", serialize_flags(changes, newly)), ("one", "two")))
    flagged = Flags.of(["\\Flagged", "two"])
    assert found == [
        Occasion(Uid(1), Cause.FLAG, ("\\Flagged", "two"), flagged),
        Occasion(Uid(2), Cause.FLAG, ("\\Flagged", "two", "\\Seen"), flagged, is_seen=True),
        Occasion(Uid(5), Cause.FLAG, ("\\Seen",), Flags.of(["one"])),
        Occasion(Uid(3), Cause.FLAG, ("\\Seen",), None, is_seen=True),
        Occasion(Uid(4), Cause.FLAG, ("\\Seen",), None, is_seen=False),
    ]


@pytest.mark.parametrize(
    "row",
    [
        line("deliver", "3", client="lmtp 192.0.2.7"),
        line("deliver", "3"),
        line("append", "3", client="lmtp 192.0.2.7"),
        line("store", "3", client="imapsieve"),
        line("store", "3", client=""),
        line("expunge", "3"),
        line("move", "3"),
        line("replace", "3"),
        line("annotate", "3"),
    ],
    ids=lambda row: f"{row.operation} by {row.client.partition(' ')[0]}",
)
def test_nothing_else_is_an_event(row: ChangeRow) -> None:
    assert not is_event(row, {"imap", "imaps", "imapsieve"})
