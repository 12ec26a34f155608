import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.cli.door import CountingDoor
from angarium.errors import SessionLimitExceeded
from angarium.worker import Metric, Metrics, Seat, ServiceLimits, Sessions, SharedState, read_metrics


class Idle:
    def close_for_shutdown(self) -> None: ...

    def abort(self) -> None: ...

    def wake(self) -> None: ...


class Visitors:
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def came(self, seat: Seat) -> None:
        self.told.append(("came", seat.record.user))

    def went(self, seat: Seat) -> None:
        self.told.append(("went", seat.record.user))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SharedState]:
    state = SharedState.create(tmp_path / "state", segments=1, sessions_max=8)
    state.take_segment(1, os.getpid())
    yield state
    state.close()


def test_limits_are_refusals_of_the_one_tree_and_everything_is_counted(state: SharedState) -> None:
    async def check() -> None:
        sessions = Sessions(state, 1)
        sessions.set_limits({"imap": ServiceLimits(connections_max=2, logins_per_user_max=1)})
        metrics = Metrics(state, 1)
        visitors = Visitors()
        door = CountingDoor(sessions, metrics, visitors)
        first, second = (
            door.admit("imap", "192.0.2.1", Idle(), session="one"),
            door.admit("imap", "192.0.2.2", Idle(), session="one"),
        )
        with pytest.raises(SessionLimitExceeded):
            door.admit("imap", "192.0.2.3", Idle(), session="one")
        first.log_in("alice")
        first.select("INBOX")
        assert [(each.user, each.mailbox) for each in state.sessions()] == [("alice", "INBOX"), ("", "")]
        with pytest.raises(SessionLimitExceeded):
            second.log_in("alice")
        first.log_out()
        second.log_in("alice")
        second.leave()
        door.admit("imap", "192.0.2.3", Idle(), session="one").leave()
        first.leave()
        first.leave()
        del metrics
        assert visitors.told == [("came", "alice"), ("went", "alice")] * 2
        visitors.told.clear()
        last = door.admit("imap", "192.0.2.3", Idle(), session="one")
        last.log_in("bob")
        last.leave()
        last.leave()
        last.log_out()
        with pytest.raises(SessionLimitExceeded):
            last.log_in("bob")
        assert visitors.told == [("came", "bob"), ("went", "bob")]

    asyncio.run(check())
    counted = read_metrics(state)
    assert (counted[Metric.CONNECTIONS], counted[Metric.CONNECTIONS_REFUSED], counted[Metric.LOGINS]) == (4, 1, 3)
