import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.auth.world import Clock

from angarium.auth.throttle import (
    ADDRESS_FREE_FAILURES,
    ADDRESS_WAIT_MAX_S,
    CODE_FREE_FAILURES,
    CODE_WAIT_MAX_S,
    PAIR_WAIT_MAX_S,
    CodeThrottle,
    LocalScores,
    LoginThrottle,
    network_of,
)
from angarium.names import UserId

ALICE = UserId("alice")
OFFICE = "192.0.2.7"


def test_each_failure_holds_the_next_try_back_longer(clock: Clock) -> None:
    throttle = LoginThrottle(clock_s=clock)
    waits = []
    for _ in range(5):
        wait_s = throttle.admit(OFFICE, "alice")
        assert wait_s is not None
        waits.append(wait_s)
        clock.now_s += wait_s
        throttle.failed(OFFICE, "alice")
    assert waits == sorted(waits)
    assert waits[0] == 0
    assert waits[-1] >= 3


def test_the_neighbour_who_logged_in_before_does_not_wait(clock: Clock) -> None:
    throttle = LoginThrottle(clock_s=clock)
    throttle.succeeded(OFFICE, "bob")
    for number in range(200):
        throttle.failed(OFFICE, f"guess{number}")
        throttle.failed(OFFICE, "alice")
    assert throttle.admit(OFFICE, "bob") == 0


def test_a_new_neighbour_waits_some_seconds_once(clock: Clock) -> None:
    throttle = LoginThrottle(clock_s=clock)
    for number in range(200):
        throttle.failed(OFFICE, f"guess{number}")
    assert throttle.admit(OFFICE, "carol") == ADDRESS_WAIT_MAX_S
    throttle.succeeded(OFFICE, "carol")
    assert throttle.admit(OFFICE, "carol") == 0


def test_some_typing_errors_of_many_cost_nobody_else(clock: Clock) -> None:
    throttle = LoginThrottle(clock_s=clock)
    for number in range(ADDRESS_FREE_FAILURES):
        throttle.failed(OFFICE, f"user{number}")
    assert throttle.admit(OFFICE, "carol") == 0
    throttle.failed(OFFICE, "one more")
    assert throttle.admit(OFFICE, "carol") == 0.5


def test_the_user_herself_is_let_in_elsewhere(clock: Clock) -> None:
    throttle = LoginThrottle(clock_s=clock)
    for _ in range(50):
        throttle.failed(OFFICE, "alice")
    assert throttle.admit("198.51.100.1", "alice") == 0


def test_tries_side_by_side_queue_up_and_then_are_refused(clock: Clock) -> None:
    throttle = LoginThrottle(clock_s=clock)
    for _ in range(3):
        throttle.failed(OFFICE, "alice")
    waits = [throttle.admit(OFFICE, "alice") for _ in range(100)]
    admitted = [wait_s for wait_s in waits if wait_s is not None]
    assert len(admitted) == PAIR_WAIT_MAX_S / 2
    assert admitted == sorted(set(admitted))
    assert max(admitted) <= PAIR_WAIT_MAX_S


def test_a_success_forgives(clock: Clock) -> None:
    throttle = LoginThrottle(clock_s=clock)
    for _ in range(4):
        throttle.failed(OFFICE, "alice")
    throttle.succeeded(OFFICE, "alice")
    assert throttle.admit(OFFICE, "alice") == 0


def test_time_forgives(clock: Clock) -> None:
    throttle = LoginThrottle(clock_s=clock)
    for _ in range(20):
        throttle.failed(OFFICE, "alice")
    clock.now_s += 3600
    assert throttle.admit(OFFICE, "alice") == 0
    assert throttle.admit(OFFICE, "carol") == 0


def test_memory_is_bounded(clock: Clock) -> None:
    scores = LocalScores(limit=10)
    throttle = LoginThrottle(scores, clock_s=clock)
    for number in range(100):
        throttle.failed(f"198.51.100.{number}", f"user{number}")
        throttle.succeeded(f"198.51.100.{number}", f"other{number}")
    assert len(scores) == 20


def test_a_failure_that_came_later_is_kept_longer(clock: Clock) -> None:
    throttle = LoginThrottle(LocalScores(limit=3), clock_s=clock)
    for name in ("alice", "bob", "alice", "carol"):
        throttle.failed(OFFICE, name)
    assert throttle.admit(OFFICE, "alice") != 0
    assert throttle.admit(OFFICE, "bob") == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("a host", "a host"),
    ],
)
def test_a_network_of_ipv6_is_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["admit", "failed", "succeeded", "sleep"]),
        st.sampled_from(["192.0.2.1", "2001:db8::1", ""]),
        st.sampled_from(["alice", "bob"]),
        st.floats(0, 10_000),
    )
)


@given(STEPS)
def test_no_order_of_calls_makes_anybody_wait_longer_than_the_bound(steps: list[tuple[str, str, str, float]]) -> None:
    clock = Clock()
    throttle = LoginThrottle(LocalScores(limit=5), clock_s=clock)
    for call, address, userid, seconds in steps:
        match call:
            case "admit":
                wait_s = throttle.admit(address, userid)
                assert wait_s is None or 0 <= wait_s <= PAIR_WAIT_MAX_S
            case "failed":
                throttle.failed(address, userid)
            case "succeeded":
                throttle.succeeded(address, userid)
                assert throttle.admit(address, userid) == 0
            case _:
                clock.now_s += seconds


@given(st.text())
def test_any_text_stands_for_some_network(address: str) -> None:
    assert network_of(network_of(address)) == network_of(address) or "/" in network_of(address)


def test_codes_are_guessed_some_thousand_times_a_day_at_most(clock: Clock) -> None:
    codes = CodeThrottle(clock_s=clock)
    end_s, tries = clock.now_s + 86_400, 0
    while clock.now_s < end_s:
        assert codes.admits(ALICE)
        tries += 1
        wait_s = codes.failed(ALICE)
        assert wait_s <= CODE_WAIT_MAX_S
        if wait_s:
            assert not codes.admits(ALICE)
            assert codes.admits(UserId("bob"))
        clock.now_s += wait_s
    assert 2000 < tries < 2400


def test_some_wrong_codes_are_typing_errors(clock: Clock) -> None:
    codes = CodeThrottle(clock_s=clock)
    assert [codes.failed(ALICE) for _ in range(CODE_FREE_FAILURES + 2)] == [0.0] * CODE_FREE_FAILURES + [0.5, 1.0]
    clock.now_s += 3600
    assert codes.failed(ALICE) == 0
