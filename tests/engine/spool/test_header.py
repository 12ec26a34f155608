"""`mailbox.header`: what is written is read, and what is damaged is said to be."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.engine.rows import AccountId, MailboxId, ModSeq, Uid, UidValidity
from angarium.engine.spool import MailboxHeader
from angarium.errors import SchemaTooNew, StoreDamaged

HEADERS = st.builds(
    MailboxHeader,
    st.text(max_size=24).map(AccountId),
    st.text(max_size=50),
    st.text(max_size=24).map(MailboxId),
    st.text(max_size=50),
    st.none() | st.integers(0, 2**40),
    st.integers(1, 2**32 - 1).map(UidValidity),
    st.text(max_size=50),
    st.text(max_size=20),
    st.lists(st.text(max_size=10), max_size=5).map(tuple),
    st.integers(1, 2**32).map(Uid),
    st.integers(1, 2**62).map(ModSeq),
)
HEADER = MailboxHeader(
    AccountId("a"), "user.alice", MailboxId("m"), "", None, UidValidity(1), "", "", ("x",), Uid(1001), ModSeq(1001)
)


@given(HEADERS)
def test_what_is_written_is_read(header: MailboxHeader) -> None:
    assert MailboxHeader.parse(header.serialize()) == header


@given(st.integers(0, 2000), st.integers(1, 255))
def test_a_changed_byte_is_noticed_or_harmless(position: int, change: int) -> None:
    data = bytearray(HEADER.serialize())
    data[position % len(data)] ^= change
    try:
        assert MailboxHeader.parse(bytes(data)) == HEADER
    except (StoreDamaged, SchemaTooNew):
        pass


@given(st.integers(0, 2000))
def test_a_header_cut_short_is_damaged(length: int) -> None:
    whole = HEADER.serialize()
    with pytest.raises(StoreDamaged):
        MailboxHeader.parse(whole[: length % (len(whole) - 1)])


def test_a_later_version_is_refused_by_its_number() -> None:
    outer = json.loads(HEADER.serialize())
    outer["header"]["version"] = 2
    with pytest.raises(SchemaTooNew, match="version 2"):
        MailboxHeader.parse(json.dumps(outer).encode())
