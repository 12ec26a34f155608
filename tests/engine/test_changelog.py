"""Forms of the change log: what is written is read."""

from hypothesis import given
from hypothesis import strategies as st

from angarium.engine.changelog import (
    Copy,
    FlagsChange,
    QuotaChange,
    Room,
    SeenChange,
    full_resources,
    parse_flags,
    serialize_flags,
)
from angarium.engine.rows import AccountId, MailboxId, ModSeq, QuotaResource, QuotaRow
from angarium.sequenceset import UidSet

UIDS = st.sets(st.integers(1, 0xFFFFFFFF), min_size=1, max_size=5).map(UidSet.from_numbers)
FLAGS = st.integers(0, 31)
KEYWORDS = st.integers(0, (1 << 128) - 1)
CHANGES = st.lists(st.builds(FlagsChange, UIDS, FLAGS, FLAGS, KEYWORDS, KEYWORDS), max_size=3)
SEEN = st.builds(SeenChange, st.just(AccountId("a" * 24)), UIDS, UIDS)
LIMITS = st.none() | st.dictionaries(st.sampled_from([each.value for each in QuotaResource]), st.integers(0, 1 << 40))


@given(CHANGES, SEEN)
def test_flags_are_read_as_they_were_written(changes: list[FlagsChange], seen: SeenChange) -> None:
    assert parse_flags(serialize_flags(changes, seen)) == (changes, [seen])


def test_a_store_without_another_reader_says_nothing_of_one() -> None:
    assert parse_flags(serialize_flags([], SeenChange(None, UidSet(), UidSet()))) == ([], [])
    assert parse_flags("") == ([], [])


@given(UIDS, st.booleans())
def test_copies_are_read_as_they_were_written(uids: UidSet, is_move: bool) -> None:
    copy = Copy(MailboxId("m" * 24), uids, is_move=is_move)
    assert Copy.parse(copy.serialize()) == copy


@given(st.text(), LIMITS, LIMITS)
def test_quota_is_read_as_it_was_written(
    root: str, limits: dict[str, int] | None, became: dict[str, int] | None
) -> None:
    change = QuotaChange(root, limits, became, limits or {})
    assert QuotaChange.parse(change.serialize()) == change


def test_room_is_read_where_there_is_some() -> None:
    assert Room.parse(Room("a", ("STORAGE",)).serialize()) == Room("a", ("STORAGE",))
    assert Room.parse("") is None


def test_a_root_is_full_where_nothing_fits_any_more() -> None:
    used = {QuotaResource.STORAGE: 2048, QuotaResource.MESSAGE: 2, QuotaResource.MAILBOX: 1}
    limits = {QuotaResource.STORAGE: 2, QuotaResource.MESSAGE: 3, QuotaResource.MAILBOX: 0}
    assert full_resources(QuotaRow("", limits, used, ModSeq(1))) == {"STORAGE", "MAILBOX"}
