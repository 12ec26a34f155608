"""The view against a plain dictionary of rows."""

from dataclasses import dataclass, field, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from angarium.engine.columns import NO_MESSAGES, MessageColumns
from angarium.engine.rows import (
    ContentId,
    EmailId,
    InternalDate,
    MailboxId,
    MailboxRow,
    MailboxState,
    MessageRow,
    ModSeq,
    ThreadId,
    Uid,
    UidValidity,
)
from angarium.flags import Flags, SystemFlags
from angarium.sequenceset import UidSet
from angarium.store.uidranges import UidRanges
from angarium.store.view import MailboxView

KEYWORDS = tuple(f"key{bit}" for bit in range(128))
ROW = MailboxRow(
    id=MailboxId("m" * 24),
    name="",
    partition="default",
    state=MailboxState.LIVE,
    deleted_at_s=None,
    uidvalidity=UidValidity(1),
    acl="",
    acl_version=1,
    special_use="",
    shared_seen=False,
    quota_root=None,
    keywords=KEYWORDS,
    created_modseq=ModSeq(1),
    folder_modseq=ModSeq(1),
    highestmodseq=ModSeq(1),
    purged_modseq=ModSeq(0),
    uidnext=Uid(1),
    recent_uid=Uid(0),
    messages=0,
    unseen=0,
    deleted=0,
    octets=0,
    created_at_s=0,
)
bits = st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 1 << 63])


@dataclass
class Naive:
    """A mailbox as a dictionary, and the view that has to agree with it."""

    rows: dict[int, MessageRow] = field(default_factory=dict)
    modseq: int = 1
    uidnext: int = 1
    view: MailboxView = field(default_factory=lambda: MailboxView(ROW, NO_MESSAGES, ModSeq(1)))

    def add(self, gap: int, system: int, low: int, high: int) -> None:
        self.modseq += 1
        uid = self.uidnext + gap
        self.uidnext = uid + 1
        modseq = ModSeq(self.modseq)
        self.rows[uid] = MessageRow(
            uid=Uid(uid),
            modseq=modseq,
            created_modseq=modseq,
            expunged_modseq=ModSeq(0),
            system_flags=system,
            keywords_low=low,
            keywords_high=high,
            date=InternalDate(-(10**10) + uid, uid % 1440 - 720),
            saved_at_s=uid * 2,
            size_octets=uid * 3,
            content=ContentId(uid + 7),
            email_id=EmailId(2**63 - uid),
            thread_id=ThreadId(uid * 11),
        )

    def flag(self, uid: int, system: int, low: int) -> None:
        if self.rows[uid].expunged_modseq == 0:
            self.modseq += 1
            self.rows[uid] = replace(self.rows[uid], modseq=ModSeq(self.modseq), system_flags=system, keywords_low=low)

    def expunge(self, uid: int) -> None:
        if self.rows[uid].expunged_modseq == 0:
            self.modseq += 1
            modseq = ModSeq(self.modseq)
            self.rows[uid] = replace(self.rows[uid], modseq=modseq, expunged_modseq=modseq)

    def advance(self) -> None:
        changed = MessageColumns.of_rows([row for _, row in sorted(self.rows.items()) if row.modseq > self.view.modseq])
        assert self.view.continues_with(changed)
        self.view.advance(replace(ROW, highestmodseq=ModSeq(self.modseq)), changed, ModSeq(self.modseq))

    def live(self) -> list[MessageRow]:
        return [row for _, row in sorted(self.rows.items()) if row.expunged_modseq == 0]

    def check(self) -> None:
        view, live = self.view, self.live()
        assert view.live_uids().tolist() == [row.uid for row in live]
        assert list(view.live_ranges().uid_set) == [row.uid for row in live]
        assert view.expunged_count == view.uid.size - len(live)
        for index, row in zip(view.live().tolist(), live, strict=True):
            assert view.uid[index] == row.uid
            assert view.modseqs[index] == row.modseq
            assert view.created_modseq[index] == row.created_modseq
            assert view.flags[index] == row.system_flags
            assert (view.keywords_low[index], view.keywords_high[index]) == (row.keywords_low, row.keywords_high)
            assert view.date_at(index) == row.date
            assert (view.saved_s[index], view.size_octets[index]) == (row.saved_at_s, row.size_octets)
            assert view.content[index] == row.content
            assert (view.email_id[index], view.thread_id[index]) == (row.email_id, row.thread_id)
            mask = row.keywords_low | row.keywords_high << 64
            names = tuple(keyword for bit, keyword in enumerate(KEYWORDS) if mask >> bit & 1)
            assert view.flags_at(index) == Flags(SystemFlags(row.system_flags), names)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_view_agrees_with_a_dictionary_after_any_changes(data: st.DataObject) -> None:
    naive = Naive()
    since = ModSeq(data.draw(st.integers(0, 12)))
    for _ in range(data.draw(st.integers(0, 12))):
        match data.draw(st.sampled_from(["add", "add", "add", "flag", "expunge", "advance", "compact"])):
            case "add":
                naive.add(data.draw(st.integers(0, 3)), data.draw(st.integers(0, 31)), data.draw(bits), data.draw(bits))
            case "flag" if naive.rows:
                naive.flag(data.draw(st.sampled_from(sorted(naive.rows))), data.draw(st.integers(0, 31)), 5)
            case "expunge" if naive.rows:
                naive.expunge(data.draw(st.sampled_from(sorted(naive.rows))))
            case "advance":
                naive.advance()
                naive.check()
            case "compact":
                naive.advance()
                naive.view = naive.view.compacted(naive.view.modseq)
                assert naive.view.expunged_count == 0
                naive.check()
    naive.advance()
    naive.check()
    view, live = naive.view, naive.live()
    asked = data.draw(st.sets(st.integers(1, 60)))
    there = [row.uid for row in live if row.uid in asked]
    assert list(view.uids_at(view.indexes_of(UidSet.from_numbers(asked)))) == there
    assert list(view.uids_at(view.indexes_in(UidRanges(np.array(sorted(asked), dtype=np.uint32))))) == there
    known = view.indexes_of(UidSet.from_numbers(asked), expunged=True)
    assert set(there) <= set(view.uid[known].tolist()) <= asked & set(naive.rows)
    assert np.array_equal(view.indexes_of_uids(np.array(sorted(asked), dtype=np.uint32)), known)
    assert list(view.uids_at(view.changed_since(since))) == [row.uid for row in live if row.modseq > since]
    for bit in (0, 63, 64, 127):
        mask = view.keyword_mask(f"KEY{bit}")[view.live()]
        assert mask.tolist() == [bool((row.keywords_low | row.keywords_high << 64) >> bit & 1) for row in live]
    for flag in SystemFlags:
        assert view.system_mask(flag)[view.live()].tolist() == [bool(row.system_flags & flag) for row in live]
    vanished = view.vanished_since(since)
    if vanished is not None:
        assert list(vanished) == [uid for uid, row in sorted(naive.rows.items()) if row.expunged_modseq > since]


def test_unknown_keyword_selects_nothing() -> None:
    naive = Naive()
    naive.add(0, 0, 1, 0)
    naive.advance()
    assert not naive.view.keyword_mask("nosuch").any()
    assert naive.view.keyword_mask("KEY0").all()


def test_indexes_and_columns_taken_before_an_advance_stay_right() -> None:
    naive = Naive()
    for _ in range(20):
        naive.add(0, 0, 0, 0)
    naive.advance()
    index = int(naive.view.indexes_of(UidSet(((7, 7),)))[0])
    column = naive.view.uid
    for _ in range(2000):
        naive.add(0, 0, 0, 0)
    naive.expunge(3)
    naive.advance()
    assert naive.view.uid[index] == column[index] == 7
    assert column.size == 20


def test_row_below_the_last_that_was_not_known_cannot_be_taken() -> None:
    naive = Naive()
    naive.add(1, 0, 0, 0)
    naive.advance()
    below = MessageColumns.of_rows([replace(naive.rows[2], uid=Uid(1))])
    assert not naive.view.continues_with(below)


def test_stamp_changes_with_messages_and_not_without() -> None:
    naive = Naive()
    naive.add(0, 0, 0, 0)
    naive.advance()
    stamp = naive.view.stamp
    naive.view.advance(ROW, NO_MESSAGES, ModSeq(99))
    assert naive.view.stamp == stamp
    naive.flag(1, 1, 0)
    naive.view.modseq = ModSeq(2)
    naive.advance()
    assert naive.view.stamp != stamp


def test_vanished_is_unknown_from_before_the_view() -> None:
    view = MailboxView(ROW, NO_MESSAGES, ModSeq(5))
    assert view.vanished_since(ModSeq(4)) is None
    assert view.vanished_since(ModSeq(5)) == UidSet()


def test_a_message_takes_72_octets_or_a_little_more() -> None:
    naive = Naive()
    for _ in range(1000):
        naive.add(0, 0, 0, 0)
    naive.advance()
    assert naive.view.octets / 1000 <= 100
