import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine

from angarium.cli.who import session_line
from angarium.master.identity import Identity
from angarium.master.serverlock import take_server_lock
from angarium.worker import SessionRecord, SharedState
from angarium.worker.sharedstate import STATE_FILE

SINCE_S = 1_700_000_000.0


SELF = Identity("", os.geteuid(), os.getegid(), (), changes=False)


@pytest.fixture
def state(store: Path) -> Iterator[SharedState]:
    """Of a server that runs."""
    directory = store / "state" / "run"
    directory.mkdir()
    lock = take_server_lock(directory, SELF)
    state = SharedState.create(directory / STATE_FILE, segments=1, sessions_max=8)
    state.take_segment(1, os.getpid())
    yield state
    state.close()
    os.close(lock)


def test_without_a_server_that_is_said(angarium: CommandLine, store: Path) -> None:
    answer = angarium("who", "--dir", store)
    assert (answer.status, answer.out) == (os.EX_UNAVAILABLE, "")
    assert answer.err == f"angarium: no server runs on {store}/state\n"


def test_what_a_killed_server_left_is_no_server(angarium: CommandLine, store: Path) -> None:
    directory = store / "state" / "run"
    directory.mkdir()
    os.close(take_server_lock(directory, SELF))
    SharedState.create(directory / STATE_FILE, segments=1, sessions_max=8).close()
    assert angarium("who", "--dir", store).status == os.EX_UNAVAILABLE


@pytest.mark.usefixtures("state")
def test_that_nobody_is_connected_is_said_beside_the_list(angarium: CommandLine, store: Path) -> None:
    answer = angarium("who", "--dir", store)
    assert (answer.status, answer.out, answer.err) == (os.EX_OK, "", "angarium: nobody is connected\n")


def test_those_who_are_there_are_listed_by_time(angarium: CommandLine, store: Path, state: SharedState) -> None:
    later = SessionRecord(7, SINCE_S + 60, "imap", "192.0.2.7", "alice", "INBOX")
    state.write_session(1, 0, later)
    state.write_session(1, 1, SessionRecord(7, SINCE_S, "lmtpunix"))
    answer = angarium("who", "--dir", store)
    first, second = answer.out.splitlines()
    assert first.split("\t")[:5] == ["7", "lmtpunix", "-", "-", "-"]
    assert second == session_line(later)
    assert second.split("\t")[:5] == ["7", "imap", "192.0.2.7", "alice", "INBOX"]
    assert datetime.fromisoformat(second.split("\t")[5]).timestamp() == SINCE_S + 60
