import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.auth.world import Clock

from angarium.auth import LocalScores, LoginThrottle
from angarium.worker.sharedscores import Lockout, SharedScores
from angarium.worker.sharedstate import SCORES_OCTETS, TOOL_SEGMENT, SharedState

OFFICE = "192.0.2.7"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SharedState]:
    state = SharedState.create(tmp_path / "state", segments=2, sessions_max=8)
    for segment in (1, 2):
        state.take_segment(segment, os.getpid())
    yield state
    state.close()


@pytest.fixture
def scores(state: SharedState) -> Iterator[list[SharedScores]]:
    """Of the tools, and of two workers."""
    scores = [SharedScores(state.score_areas(), segment, state.secret) for segment in range(3)]
    yield scores
    for each in scores:
        each.close()


def test_a_guesser_gains_nothing_by_another_worker(scores: list[SharedScores], clock: Clock) -> None:
    first, second = (LoginThrottle(each, clock_s=clock) for each in scores[1:])
    alone = LoginThrottle(clock_s=clock)
    for number in range(6):
        (first, second)[number % 2].failed(OFFICE, "alice")
        alone.failed(OFFICE, "alice")
    assert first.admit(OFFICE, "alice") == alone.admit(OFFICE, "alice")
    # Tries side by side queue up over all workers.
    assert second.admit(OFFICE, "alice") == alone.admit(OFFICE, "alice")
    assert first.admit(OFFICE, "bob") == 0


def test_a_key_without_failures_is_not_taken_for_one_when_it_gets_some(scores: list[SharedScores]) -> None:
    tools, first, second = scores
    for _ in range(2):
        assert (first.get("a", 1.0), second.get("a", 1.0)) == (None, None)
    first.add("a", 1.0)
    seen = [each.get("a", 1.0) for each in scores]
    assert [score.failures for score in seen if score is not None] == [1.0, 1.0, 1.0]
    second.hold("a", 9.0)
    assert [score.not_before_s for score in (first.get("a", 1.0),) if score is not None] == [9.0]
    tools.clear(2.0)
    assert [each.get("a", 2.0) for each in scores] == [None, None, None]
    second.add("a", 3.0)
    assert first.get("a", 3.0) is not None


def test_a_neighbour_is_known_to_all_workers(scores: list[SharedScores], clock: Clock) -> None:
    first, second = (LoginThrottle(each, clock_s=clock) for each in scores[1:])
    first.succeeded(OFFICE, "bob")
    for number in range(100):
        first.failed(OFFICE, f"guess{number}")
    assert second.admit(OFFICE, "bob") == 0
    assert second.admit(OFFICE, "carol") == 3


def test_a_success_forgives_what_other_workers_have_counted(scores: list[SharedScores], clock: Clock) -> None:
    first, second = (LoginThrottle(each, clock_s=clock) for each in scores[1:])
    for _ in range(4):
        first.failed(OFFICE, "alice")
    clock.now_s += 1
    second.succeeded(OFFICE, "alice")
    assert (first.admit(OFFICE, "alice"), second.admit(OFFICE, "alice")) == (0, 0)
    clock.now_s += 1
    first.failed(OFFICE, "alice")
    score = scores[2].get(f"{OFFICE}\0alice", clock.now_s)
    assert score is not None
    assert score.failures == 1


def test_administrators_see_who_is_held_back_and_let_go(scores: list[SharedScores], clock: Clock) -> None:
    tools = scores[TOOL_SEGMENT]
    for throttle in (LoginThrottle(each, clock_s=clock) for each in scores[1:]):
        throttle.failed(OFFICE, "alice")
    LoginThrottle(scores[1], clock_s=clock).failed("2001:db8::1", "bob")
    found = tools.lockouts(clock.now_s)
    assert [each.failures for each in found] == [2, 2, 1, 1]
    assert Lockout(OFFICE, "alice", False, 2.0, 1.0) in found
    assert Lockout("2001:db8::/64", "", False, 1.0, 0.0) in found
    clock.now_s += 0.1
    assert tools.clear(clock.now_s, user="alice") == 1
    assert "alice" not in {each.user for each in scores[1].lockouts(clock.now_s)}
    assert LoginThrottle(scores[2], clock_s=clock).admit(OFFICE, "alice") == 0
    assert tools.clear(clock.now_s) == 3
    assert tools.lockouts(clock.now_s) == []


def test_long_names_are_listed_and_let_go_too(scores: list[SharedScores], clock: Clock) -> None:
    network, stem = "2001:db8:1234:5678::/64", "a" * 60
    names = [f"{stem}{letter}@a-long-name-of-a-domain.example.org" for letter in "äbc"]
    for name in names:
        LoginThrottle(scores[1], clock_s=clock).failed("2001:db8:1234:5678::1", name)
    tools = scores[0]
    found = [each for each in tools.lockouts(clock.now_s) if each.user]
    assert [(each.network, each.is_cut, each.user[:60]) for each in found] == [(network, True, stem)] * 3
    assert tools.clear(clock.now_s, user=names[0]) == 1
    left = LoginThrottle(scores[2], clock_s=clock)
    assert [left.failures("2001:db8:1234:5678::1", name) for name in names] == [0, 1, 1]
    assert tools.clear(clock.now_s, network=network) == 3
    assert tools.lockouts(clock.now_s) == []


def test_more_keys_than_there_is_room_for_push_the_least_out(scores: list[SharedScores], clock: Clock) -> None:
    throttle = LoginThrottle(scores[1], clock_s=clock)
    for _ in range(20):
        throttle.failed(OFFICE, "alice")
    for number in range(10_000):
        throttle.failed(f"198.51.{number % 100}.{number // 100}", "guess")
    assert throttle.admit(OFFICE, "alice") != 0
    assert len(scores[0].lockouts(clock.now_s)) <= 4096


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["admit", "failed", "succeeded", "sleep"]),
            st.sampled_from(["192.0.2.1", "2001:db8::1", ""]),
            st.sampled_from(["alice", "bob"]),
            st.floats(0.001, 1000),
        ),
        max_size=30,
    )
)
@settings(max_examples=60)
def test_one_worker_alone_counts_as_a_process_alone_does(steps: list[tuple[str, str, str, float]]) -> None:
    clock = Clock()
    area = memoryview(bytearray(SCORES_OCTETS))
    alone, shared = (
        LoginThrottle(LocalScores(), clock_s=clock),
        LoginThrottle(SharedScores([area], 0, b""), clock_s=clock),
    )
    for call, address, userid, seconds in steps:
        clock.now_s += seconds
        if call != "sleep":
            assert getattr(alone, call)(address, userid) == pytest.approx(getattr(shared, call)(address, userid))


def test_nobody_can_tell_which_names_share_a_bucket(clock: Clock) -> None:
    def pushed_out(secret: bytes) -> list[int]:
        """Which of many names have no failure any more when others have failed behind them."""
        scores = SharedScores([memoryview(bytearray(SCORES_OCTETS))], 0, secret)
        for number in range(6000):
            scores.add(f"{OFFICE}\0name{number}", clock.now_s)
        return [number for number in range(6000) if scores.get(f"{OFFICE}\0name{number}", clock.now_s) is None]

    assert pushed_out(b"secret") == pushed_out(b"secret")
    assert pushed_out(b"secret") != pushed_out(b"another")
