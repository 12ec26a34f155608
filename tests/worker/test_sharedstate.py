import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from angarium.errors import DiskFull, StoreDamaged
from angarium.worker import SessionRecord, SharedState
from angarium.worker.sharedstate import SessionColumn, key_of

ANN = SessionRecord(pid=7, since_s=12.5, service="imap", address="192.0.2.1", user="ann", mailbox="user.ann")


def test_another_process_reads_what_one_wrote(state: SharedState) -> None:
    state.write_session(1, 5, ANN)
    other = SharedState.open(state.path)
    assert other.sessions() == [ANN]
    assert other.sessions_total() == 1
    assert other.live_segments() == [1, 2, 3]
    other.close()


def test_sessions_are_counted_over_all_segments(state: SharedState) -> None:
    bob = ANN.with_user("bob")
    for segment, index, record in [(1, 0, ANN), (1, 9, ANN), (2, 0, bob), (3, 63, ANN.with_user(""))]:
        state.write_session(segment, index, record)
    assert state.count_sessions(SessionColumn.USER, key_of("ann")) == 2
    assert state.count_sessions(SessionColumn.USER, key_of("bob")) == 1
    assert state.count_sessions(SessionColumn.ADDRESS, key_of("192.0.2.1")) == 4
    assert state.count_sessions(SessionColumn.ADDRESS, key_of("192.0.2.1"), logged_in=True) == 3
    assert state.count_sessions(SessionColumn.SERVICE, key_of("lmtp")) == 0


@pytest.mark.parametrize("user", ["", "bob", "u" * 300])
def test_the_user_of_a_record_alone_is_written_as_the_whole_record_is(state: SharedState, user: str) -> None:
    state.write_session(1, 0, ANN)
    state.write_user(1, 0, user)
    state.write_session(1, 1, ANN.with_user(user))
    first, second = state.sessions()
    assert first == second
    assert first.mailbox == ANN.mailbox
    assert state.count_sessions(SessionColumn.USER, key_of(user)) == 2
    assert state.count_sessions(SessionColumn.USER, key_of("ann")) == 0


def test_a_dropped_segment_has_no_sessions_and_keeps_its_change_slots(state: SharedState) -> None:
    state.write_session(2, 3, ANN)
    state.raise_change_slot(2, 17)
    state.drop_segment(2)
    assert (state.sessions(), state.sessions_total(), state.live_segments()) == ([], 0, [1, 3])
    state.take_segment(2, 9)
    assert state.change_sums()[17] == 1


def test_long_texts_are_cut(state: SharedState) -> None:
    state.write_session(1, 0, SessionRecord(1, 0.0, "s" * 50, user="ü" * 100, mailbox="m" * 600))
    (record,) = state.sessions()
    assert (len(record.service), record.user, len(record.mailbox)) == (24, "ü" * 64, 264)


def test_a_record_half_written_by_a_dead_process_is_left_out(state: SharedState) -> None:
    state.write_session(1, 0, ANN)
    state.write_session(1, 1, ANN)
    offset = state._record_offset(1, 0)
    state._raw[offset >> 3] |= 1
    assert state.sessions() == [ANN]
    state.write_session(1, 0, ANN)
    assert state.sessions() == [ANN, ANN]


def test_silence_is_measured_from_the_last_beat(state: SharedState) -> None:
    state._raw[state._word(1, 1)] -= 5_000_000_000
    assert 5 <= state.silent_s(1) < 6
    state.beat(1)
    assert state.silent_s(1) < 1


@pytest.mark.parametrize("content", [b"", b"ANGSTATE", b"x" * 8192, b"ANGSTATE" + bytes(8192)])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state"
    path.write_bytes(content)
    with pytest.raises(StoreDamaged):
        SharedState.open(path)


def test_a_new_file_replaces_an_old_one(state: SharedState) -> None:
    state.write_session(1, 0, ANN)
    new = SharedState.create(state.path, segments=1, sessions_max=8)
    assert new.sessions() == []
    assert state.path.stat().st_mode & 0o777 == 0o600
    new.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 63), st.booleans()), max_size=40))
def test_totals_and_highest_places_follow_any_history(state: SharedState, history: list[tuple[int, bool]]) -> None:
    state.take_segment(1, 1001)
    there: set[int] = set()
    for index, is_taken in history:
        if is_taken:
            state.write_session(1, index, ANN)
            there.add(index)
        else:
            state.clear_session(1, index)
            there.discard(index)
        assert state.sessions_total() == len(there)
        assert state.count_sessions(SessionColumn.USER, key_of("ann")) == len(there)
        assert len(state.sessions()) == len(there)


def test_what_is_written_has_room_on_the_disk_before(tmp_path: Path) -> None:
    """A mapped page that a full disk cannot back would kill its writer."""
    state = SharedState.create(tmp_path / "state", segments=2)
    state.take_segment(1, 7)
    sparse = (tmp_path / "state").stat()
    assert 0 < sparse.st_blocks * 512 < sparse.st_size / 4
    for index in (0, 300, state.sessions_max - 1):
        before = (tmp_path / "state").stat().st_blocks
        state.write_session(1, index, ANN)
        assert (tmp_path / "state").stat().st_blocks > before
    assert state.sessions() == [ANN] * 3
    state.close()


def test_a_full_disk_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = SharedState.create(tmp_path / "state", segments=1)

    def full(_descriptor: int, _offset: int, _length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DiskFull):
        state.write_session(1, 0, ANN)
    assert (state.sessions(), state.sessions_total()) == ([], 0)
    with pytest.raises(DiskFull, match=str(tmp_path / "other")):
        SharedState.create(tmp_path / "other", segments=1)
    assert not (tmp_path / "other.new").exists()
    state.close()


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_that_cannot_promise_room_is_used_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_descriptor: int, _offset: int, _length: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    state = SharedState.create(tmp_path / "state", segments=1)
    state.take_segment(1, 7)
    state.write_session(1, 0, ANN)
    assert state.sessions() == [ANN]
    state.close()
