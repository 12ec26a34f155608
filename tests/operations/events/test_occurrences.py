"""Which events lines of the change log are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.operations.events.sites import INBOX, WORK, line, placed

from angarium.engine.changelog import Copy, FlagsChange, QuotaChange, Room, SeenChange, serialize_flags
from angarium.engine.rows import AccountId, ChangeRow
from angarium.operations.events.occurrences import occurrences
from angarium.sequenceset import UidSet

NONE = UidSet()
READER = AccountId("r" * 24)
KEYWORDS = ("$One", "$Two")


def uids(*numbers: int) -> UidSet:
    return UidSet.from_numbers(numbers)


def stored(*changes: FlagsChange, seen: UidSet = NONE, unseen: UidSet = NONE) -> ChangeRow:
    newly = SeenChange(READER if seen or unseen else None, seen, unseen)
    return line("store", serialize_flags(changes, newly), uids="1:9")


def told(row: ChangeRow, *, simple: bool = True) -> list[tuple[str, str, str]]:
    """Name, UIDs and flags of each event."""
    found = occurrences([placed(row, keywords=KEYWORDS)], simple_flags=simple)
    return [
        (each.name.value, each.uids.serialize().decode() if each.uids else "", " ".join(each.flags)) for each in found
    ]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (line("append", uids="3"), [("MessageAppend", "3", "")]),
        (line("append", uids="3:4"), [("MessageAppend", "3", ""), ("MessageAppend", "4", "")]),
        (line("append", uids="3", client="lmtp 192.0.2.7"), [("MessageNew", "3", "")]),
        (line("deliver", uids="3", client="sieve"), [("MessageNew", "3", "")]),
        (line("expunge", uids="1,3"), [("MessageExpunge", "1,3", "")]),
        (line("replace", uids="1"), [("MessageExpunge", "1", "")]),
        (line("move", uids="1"), []),
        (line("expunge", uids="1", actor="cyr_expire", client="cyr_expire"), [("MessageExpire", "1", "")]),
        (line("expunge", uids="1", actor="cyr_expire"), [("MessageExpunge", "1", "")]),
        (
            line("expunge", Room("", ("STORAGE",)).serialize(), uids="1"),
            [("MessageExpunge", "1", ""), ("QuotaWithin", "", "")],
        ),
        (line("move", Room("", ("MESSAGE",)).serialize(), uids="1"), [("QuotaWithin", "", "")]),
        (line("expunge", Room("", ("MAILBOX",)).serialize(), uids="1"), [("MessageExpunge", "1", "")]),
        (stored(FlagsChange(uids(1, 2), 0, 16, 0, 0)), [("MessageRead", "1:2", "\\Seen")]),
        (stored(FlagsChange(uids(1), 0, 4, 0, 0)), [("MessageTrash", "1", "\\Deleted")]),
        (
            stored(FlagsChange(uids(1), 0, 20, 0, 2)),
            [("MessageTrash", "1", "\\Deleted"), ("MessageRead", "1", "\\Seen"), ("FlagsSet", "1", "$Two")],
        ),
        (
            stored(FlagsChange(uids(1), 16, 2, 1, 2)),
            [("FlagsSet", "1", "\\Flagged $Two"), ("FlagsClear", "1", "\\Seen $One")],
        ),
        (
            stored(FlagsChange(uids(1), 0, 2, 0, 0), FlagsChange(uids(5), 16, 18, 1, 1)),
            [("FlagsSet", "1,5", "\\Flagged")],
        ),
        (stored(seen=uids(4)), [("MessageRead", "4", "\\Seen")]),
        (stored(unseen=uids(4)), [("FlagsClear", "4", "\\Seen")]),
        (line("store", '[{"flags":3,"keywords":[0,0],"uids":"1"}]', uids="1"), []),
        (line("create"), [("MailboxCreate", "", "")]),
        (line("create", '{"name":""}'), [("MailboxRename", "", "")]),
        (line("rename", '{"name":"a","deleted_at":null}'), [("MailboxRename", "", "")]),
        (line("arrive", '{"name":"a","deleted_at":null,"moved_from":"x"}', uids="1:7"), [("MailboxRename", "", "")]),
        (line("depart", '{"name":"a","deleted_at":null,"moved_to":"x"}'), []),
        (line("delete", '{"name":"a","deleted_at":null}'), [("MailboxDelete", "", "")]),
        (line("erase", '{"name":"a","uidvalidity":1,"deleted_at":null}'), [("MailboxDelete", "", "")]),
        (line("erase", '{"name":"a","uidvalidity":1,"deleted_at":1}'), []),
        (line("renameaccount", '{"account_name":"user.a"}', mailbox=None), [("MailboxRename", "", "")]),
        (line("subscribe", '{"name":"user.a"}', mailbox=None), [("MailboxSubscribe", "", "")]),
        (line("unsubscribe", '{"name":"user.a"}', mailbox=None), [("MailboxUnSubscribe", "", "")]),
        (line("restore", uids="1:4"), [("vnd.angarium.StartAnew", "", "")]),
        (line("annotate", '{"entries":["/comment"],"owners":[""]}'), []),
        (line("setspecialuse", '{"special_use":""}'), []),
        (line("setsharedseen", '{"shared_seen":false}', uids="1:9"), []),
        (line("setacl", '{"acl":"bad","became":""}'), []),
        (line("something new", "{}"), []),
    ],
)
def test_a_line_is_these_events(row: ChangeRow, expected: list[tuple[str, str, str]]) -> None:
    assert told(row) == expected


def test_seen_and_deleted_are_flags_as_others_where_that_is_wanted() -> None:
    row = stored(FlagsChange(uids(1), 0, 20, 0, 0))
    assert told(row, simple=False) == [("FlagsSet", "1", "\\Deleted \\Seen")]


@pytest.mark.parametrize(("is_move", "name"), [(False, "vnd.cmu.MessageCopy"), (True, "vnd.cmu.MessageMove")])
def test_copies_say_where_they_come_from(is_move: bool, name: str) -> None:
    copy = Copy(WORK, uids(1, 3), is_move=is_move)
    (found,) = occurrences([placed(line("copy", copy.serialize(), uids="7:8"))])
    assert (found.name, found.uids, found.source, found.source_uids) == (name, uids(7, 8), WORK, uids(1, 3))


def test_rights_are_told_of_each_whose_they_are() -> None:
    before = {"acl": "ann\tlrs\tbob\tlr\tcid\tl\t", "became": "ann\tlrs\tbob\tlrw\tdan\tl\t"}
    found = occurrences([placed(line("setacl", json.dumps(before)))])
    assert [(each.name.value, each.subject, each.rights) for each in found] == [
        ("AclChange", "bob", "lrw"),
        ("AclChange", "cid", ""),
        ("AclChange", "dan", "l"),
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (QuotaChange("", None, {"STORAGE": 5}, {}), [("QuotaChange", (("STORAGE", 5),))]),
        (QuotaChange("", {"STORAGE": 5}, None, {"STORAGE": 100}), [("QuotaChange", ())]),
        (QuotaChange("", {"MAILBOX": 5}, {"MAILBOX": 6}, {}), []),
        (QuotaChange("", {"STORAGE": 5}, {"STORAGE": 5}, {}), []),
        (
            QuotaChange("", {"STORAGE": 5}, {"STORAGE": 6}, {"STORAGE": 5 * 1024}),
            [("QuotaChange", (("STORAGE", 6),)), ("QuotaWithin", (("STORAGE", 6),))],
        ),
        (
            QuotaChange("", {"MESSAGE": 5}, None, {"MESSAGE": 6}),
            [("QuotaChange", ()), ("QuotaWithin", ())],
        ),
        (
            QuotaChange("", {"MESSAGE": 5}, {"MESSAGE": 6}, {"MESSAGE": 6}),
            [("QuotaChange", (("MESSAGE", 6),))],
        ),
    ],
)
def test_quota_is_told_as_far_as_there_are_words_for_it(
    change: QuotaChange, expected: list[tuple[str, tuple[tuple[str, int], ...]]]
) -> None:
    found = occurrences([placed(line("setquota", change.serialize(), mailbox=None))])
    assert [(each.name.value, each.limits) for each in found] == expected


def test_what_is_above_a_new_mailbox_is_implied_but_for_an_inbox() -> None:
    names = ("", "a", "a.b", "a.b.c", "ab")
    group = [placed(line("create", mailbox=INBOX), name) for name in names]
    found = occurrences(group)
    assert [each.placed.mailboxes[INBOX].name for each in found] == ["", "a.b.c", "ab"]


def test_what_is_below_a_renamed_mailbox_is_implied() -> None:
    group = [placed(line("rename", json.dumps({"name": name}))) for name in ("a", "a.b", "a.b.c", "ab", "c.d")]
    assert [json.loads(each.row.before)["name"] for each in occurrences(group)] == ["a", "ab", "c.d"]


def test_each_deleted_mailbox_is_told() -> None:
    group = [placed(line("delete", json.dumps({"name": name}))) for name in ("a", "a.b")]
    assert [each.name.value for each in occurrences(group)] == ["MailboxDelete"] * 2


@given(st.sets(st.integers(1, 100_000), min_size=1, max_size=3000))
def test_large_sets_are_told_in_pieces_that_are_whole_together(numbers: set[int]) -> None:
    whole = UidSet.from_numbers(numbers)
    found = occurrences([placed(line("expunge", uids=whole.serialize().decode()))])
    assert all(len(each.uids.serialize()) <= 1500 for each in found)
    together = UidSet()
    for each in found:
        assert not together.intersect(each.uids)
        together = together.union(each.uids)
    assert together == whole


@given(st.sets(st.integers(1, 100_000), min_size=1, max_size=1000))
def test_large_copies_are_told_in_pieces_that_keep_their_pairs(numbers: set[int]) -> None:
    source = UidSet.from_numbers(numbers)
    target = UidSet(((7, 6 + len(source)),))
    row = line("copy", Copy(WORK, source, is_move=False).serialize(), uids=target.serialize().decode())
    pairs = [pair for each in occurrences([placed(row)]) for pair in zip(each.source_uids, each.uids, strict=True)]
    assert pairs == list(zip(source, target, strict=True))
