"""Names as of the time of a line."""

import json

from tests.operations.events.sites import INBOX, WORK, line

from angarium.operations.events.placing import Known, place


def test_a_line_has_the_names_that_were_before_later_renames() -> None:
    rows = [
        line("append", uids="1", mailbox=WORK, modseq=2),
        line("rename", json.dumps({"name": "a", "deleted_at": None}), mailbox=WORK, modseq=3),
        line("append", uids="2", mailbox=WORK, modseq=4),
    ]
    later = [
        line("rename", json.dumps({"name": "b", "deleted_at": None}), mailbox=WORK, modseq=5),
        line("delete", json.dumps({"name": "c", "deleted_at": None}), mailbox=WORK, modseq=6),
        line("erase", json.dumps({"name": "c.0", "uidvalidity": 9, "deleted_at": 12}), mailbox=WORK, modseq=7),
    ]
    placed = place(rows, later, {INBOX: Known("", 1)}, "user.smith")
    assert [each.mailboxes[WORK].name for each in placed] == ["a", "b", "b"]
    assert [each.mailboxes[WORK].uidvalidity for each in placed] == [9, 9, 9]
    assert [None if each.before is None else each.before.name for each in placed] == [None, "a", None]
    assert [each.mailboxes[INBOX].name for each in placed] == ["", "", ""]


def test_an_account_has_the_name_of_its_time() -> None:
    rows = [line("append", modseq=2), line("renameaccount", '{"account_name":"user.a"}', mailbox=None, modseq=3)]
    later = [line("renameaccount", '{"account_name":"user.b"}', mailbox=None, modseq=4)]
    placed = place(rows, later, {}, "user.c")
    assert [(each.old_account_name, each.account_name) for each in placed] == [
        ("user.a", "user.a"),
        ("user.a", "user.b"),
    ]


def test_keywords_and_uidvalidity_go_along() -> None:
    now = {WORK: Known("b", 4, None, ("$k",))}
    rows = [line("rename", '{"name":"a","deleted_at":null}', mailbox=WORK)]
    (placed,) = place(rows, [], now, "user.smith")
    assert placed.before == Known("a", 4, None, ("$k",))
    assert placed.mailboxes == now
