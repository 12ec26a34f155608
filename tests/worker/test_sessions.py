import asyncio

import pytest

from angarium.worker import Refusal, Refused, ServiceLimits, Sessions, SharedState


class FakeConnection:
    def __init__(self) -> None:
        self.goodbyes = 0
        self.aborted = False
        self.wakings = 0

    def close_for_shutdown(self) -> None:
        self.goodbyes += 1

    def abort(self) -> None:
        self.aborted = True

    def wake(self) -> None:
        self.wakings += 1


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


def test_sessions_of_one_user_can_be_ended(state: SharedState) -> None:
    first, _ = two_workers(state)
    connections = {user: FakeConnection() for user in ("ann", "bob")}
    for user, connection in connections.items():
        first.admit("imap", "", connection).log_in(user)
    first.end_sessions("ann")
    assert (connections["ann"].goodbyes, connections["bob"].goodbyes) == (1, 0)


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
