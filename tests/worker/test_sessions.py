import asyncio
import time

import pytest

from angarium.errors import SessionLimitExceeded
from angarium.worker import Metric, Refusal, Refused, Seat, ServiceLimits, Sessions, SharedState, read_metrics


class FakeConnection:
    def __init__(self) -> None:
        self.goodbyes = 0
        self.aborted = False
        self.wakings = 0
        self.woken = asyncio.Event()

    def close_for_shutdown(self) -> None:
        self.goodbyes += 1

    def abort(self) -> None:
        self.aborted = True

    def wake(self) -> None:
        self.wakings += 1
        self.woken.set()


def two_workers(state: SharedState, **limits: int) -> tuple[Sessions, Sessions]:
    workers = Sessions(state, 1), Sessions(state, 2)
    for worker in workers:
        worker.set_limits({"imap": ServiceLimits(**limits)})
    return workers


def refusal_of(sessions: Sessions, address: str = "192.0.2.1") -> Refusal | None:
    try:
        sessions.admit("imap", address, FakeConnection())
    except Refused as refused:
        return refused.refusal
    return None


def test_a_limit_of_a_service_holds_over_all_workers(state: SharedState) -> None:
    first, second = two_workers(state, connections_max=2)
    seat = first.admit("imap", "192.0.2.1", FakeConnection())
    assert refusal_of(second) is None
    assert refusal_of(first) == refusal_of(second) == Refusal.TOO_MANY_OF_SERVICE
    first.admit("lmtp", "", FakeConnection())
    seat.leave()
    seat.leave()
    assert refusal_of(second) is None


def test_a_limit_of_an_address_spares_others_and_unix_sockets(state: SharedState) -> None:
    first, second = two_workers(state, per_address_max=1)
    assert refusal_of(first) is None
    assert refusal_of(second) == Refusal.TOO_MANY_OF_ADDRESS
    assert refusal_of(second, "192.0.2.2") is None
    assert [refusal_of(first, "") for _ in range(3)] == [None] * 3


def test_a_limit_of_a_user_leaves_the_connection(state: SharedState) -> None:
    first, second = two_workers(state, logins_per_user_max=1)
    first.admit("imap", "192.0.2.1", FakeConnection()).log_in("ann")
    seat = second.admit("imap", "192.0.2.2", FakeConnection())
    with pytest.raises(Refused, match="maxlogins_per_user"):
        seat.log_in("ann")
    seat.log_in("bob")
    assert sorted(record.user for record in state.sessions()) == ["ann", "bob"]


def test_a_limit_of_logins_of_an_address_counts_only_who_is_logged_in(state: SharedState) -> None:
    first, second = two_workers(state, logins_per_address_max=1)
    seats = [worker.admit("imap", "192.0.2.1", FakeConnection()) for worker in (first, second, second)]
    seats[0].log_in("ann")
    with pytest.raises(Refused, match="maxlogins_per_host"):
        seats[1].log_in("bob")
    seats[0].leave()
    seats[2].log_in("bob")


def test_a_full_table_refuses_and_places_are_used_again(state: SharedState) -> None:
    first, _ = two_workers(state)
    seats = [first.admit("imap", "", FakeConnection()) for _ in range(64)]
    assert refusal_of(first) == Refusal.TABLE_FULL
    seats[10].leave()
    assert refusal_of(first) is None


def test_the_selected_mailbox_is_seen(state: SharedState) -> None:
    first, _ = two_workers(state)
    seat = first.admit("imap", "192.0.2.1", FakeConnection())
    seat.log_in("ann")
    seat.select("user.ann")
    (record,) = state.sessions()
    assert (record.user, record.mailbox, record.address) == ("ann", "user.ann", "192.0.2.1")


def test_a_place_that_was_left_is_nobody_elses_to_write_in(state: SharedState) -> None:
    """A command may go on for a while behind the loss of its connection, that of a login included."""
    workers = two_workers(state)
    gone = workers[0].admit("imap", "192.0.2.1", FakeConnection())
    gone.leave()
    next_one = workers[0].admit("imap", "192.0.2.2", FakeConnection())
    assert next_one.index == gone.index
    next_one.log_in("bob")
    with pytest.raises(Refused) as refused:
        gone.log_in("ann")
    assert refused.value.refusal is Refusal.GONE
    gone.select("user.ann")
    gone.log_out()
    (record,) = state.sessions()
    assert (record.user, record.mailbox, record.address) == ("bob", "", "192.0.2.2")


def test_who_logs_out_counts_no_more(state: SharedState) -> None:
    first, second = two_workers(state, logins_per_user_max=1)
    seat = first.admit("imap", "192.0.2.1", FakeConnection())
    seat.log_in("ann")
    seat.select("user.ann")
    seat.log_out()
    (record,) = state.sessions()
    assert (record.user, record.mailbox, record.address) == ("", "", "192.0.2.1")
    second.admit("imap", "192.0.2.1", FakeConnection()).log_in("ann")


async def drain(state: SharedState) -> None:
    first, _ = two_workers(state)
    connections = [FakeConnection(), FakeConnection()]
    seats = [first.admit("imap", "", connection) for connection in connections]
    first.begin_drain()
    assert [connection.goodbyes for connection in connections] == [1, 1]
    assert refusal_of(first) == Refusal.DRAINING
    emptied = asyncio.ensure_future(first.emptied())
    seats[0].leave()
    await asyncio.sleep(0)
    assert not emptied.done()
    first.abort_all()
    assert [connection.aborted for connection in connections] == [False, True]
    seats[1].leave()
    await asyncio.wait_for(emptied, 10)


def test_a_drain_says_goodbye_to_all_and_ends_with_the_last(state: SharedState) -> None:
    asyncio.run(drain(state))


def test_a_connection_that_fails_at_goodbye_does_not_keep_it_from_others(state: SharedState) -> None:
    class Failing(FakeConnection):
        def close_for_shutdown(self) -> None:
            raise ValueError

    first, _ = two_workers(state)
    other = FakeConnection()
    first.admit("imap", "", Failing())
    first.admit("imap", "", other)
    first.begin_drain()
    assert other.goodbyes == 1


def test_sessions_of_one_user_are_asked_whether_they_may_go_on(state: SharedState) -> None:
    first, _ = two_workers(state)
    connections = {user: FakeConnection() for user in ("ann", "bob")}
    for user, connection in connections.items():
        first.admit("imap", "", connection).log_in(user)
    first.end_sessions("ann")
    assert (connections["ann"].wakings, connections["bob"].wakings) == (1, 0)


def test_a_session_in_which_somebody_acts_for_another_is_woken_with_those_of_both(state: SharedState) -> None:
    first, _ = two_workers(state)
    connection = FakeConnection()
    seat = first.admit("imap", "", connection)
    seat.log_in("ann")
    seat.acted_by("webmail")
    first.end_sessions("webmail")
    first.end_sessions("ann")
    first.end_sessions("bob")
    assert connection.wakings == 2
    assert [record.user for record in state.sessions()] == ["ann"]
    seat.log_out()
    seat.log_in("ann")
    first.end_sessions("webmail")
    assert connection.wakings == 2


def test_a_session_is_woken_when_its_time_is_over(state: SharedState, monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        first, _ = two_workers(state)
        connections = [FakeConnection() for _ in range(4)]
        seats = [first.admit("imap", "", connection) for connection in connections]
        now_s = time.time()
        seats[0].wake_at(now_s + 0.05)
        seats[1].wake_at(now_s)
        seats[1].log_out()
        seats[2].wake_at(now_s)
        seats[2].leave()
        seats[2].wake_at(now_s)
        seats[3].wake_at(now_s)
        seats[3].wake_at(now_s + 3600)
        async with asyncio.timeout(5):
            await connections[0].woken.wait()
        assert time.time() >= now_s + 0.05
        assert [connection.wakings for connection in connections] == [1, 0, 0, 0]
        seats[3].leave()

    monkeypatch.setattr("angarium.worker.sessions._SLEEP_MAX_S", 0.01)
    asyncio.run(check())


def test_sessions_of_some_users_or_of_all_are_woken(state: SharedState) -> None:
    first, _ = two_workers(state)
    stranger, alice = FakeConnection(), FakeConnection()
    first.admit("imap", "", stranger)
    first.admit("imap", "", alice).log_in("alice")
    first.wake({"alice", "bob"})
    assert (stranger.wakings, alice.wakings) == (0, 1)
    first.wake(None)
    assert (stranger.wakings, alice.wakings) == (1, 2)


def test_seats_that_changed_are_given_once(state: SharedState) -> None:
    first, _ = two_workers(state)
    seat = first.admit("imap", "", FakeConnection())
    assert first.take_changed() == {seat}
    assert first.take_changed() == set()
    seat.select("INBOX")
    assert first.take_changed() == {seat}
    seat.leave()
    assert first.take_changed() == {seat}
    assert seat.has_left


class Visitors:
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def came(self, seat: Seat) -> None:
        self.told.append(("came", seat.record.user))

    def went(self, seat: Seat) -> None:
        self.told.append(("went", seat.record.user))


def test_who_comes_and_goes_is_told_and_counted(state: SharedState) -> None:
    sessions, visitors = Sessions(state, 1), Visitors()
    sessions.tell(visitors)
    sessions.set_limits({"imap": ServiceLimits(connections_max=2, logins_per_user_max=1)})
    first, second = (sessions.admit("imap", address, FakeConnection()) for address in ("192.0.2.1", "192.0.2.2"))
    with pytest.raises(SessionLimitExceeded):
        sessions.admit("imap", "192.0.2.3", FakeConnection())
    first.log_in("alice")
    with pytest.raises(SessionLimitExceeded):
        second.log_in("alice")
    assert visitors.told == [("came", "alice")]
    first.log_out()
    second.log_in("alice")
    second.leave()
    second.leave()
    second.log_out()
    with pytest.raises(SessionLimitExceeded):
        second.log_in("alice")
    first.leave()
    assert visitors.told == [("came", "alice"), ("went", "alice")] * 2
    counted = read_metrics(state)
    assert (counted[Metric.CONNECTIONS], counted[Metric.CONNECTIONS_REFUSED], counted[Metric.LOGINS]) == (2, 1, 2)
