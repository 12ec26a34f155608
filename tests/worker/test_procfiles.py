"""Files of sessions: what they hold, when they are written, and who removes them."""

import logging
from pathlib import Path

import pytest
from tests.worker.test_sessions import FakeConnection

from angarium.worker import Seat, Sessions, SharedState
from angarium.worker.procfiles import ProcFiles

PID = 4711


def seat_of(sessions: Sessions, session: str, address: str = "192.0.2.1") -> Seat:
    return sessions.admit("imap", address, FakeConnection(), session=session)


def contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_a_file_says_what_its_session_does(state: SharedState, tmp_path: Path) -> None:
    sessions, directory = Sessions(state, 1), tmp_path / "run" / "proc"
    files = ProcFiles(directory, PID)
    seat, local = seat_of(sessions, "s-1"), seat_of(sessions, "s-2", "")
    files.update(sessions.take_changed())
    assert contents(directory) == {
        "s-1": "imap\t[192.0.2.1]\t\t\t\t4711\n",
        "s-2": "imap\t[unix socket]\t\t\t\t4711\n",
    }
    seat.log_in("alice")
    seat.select("user.alice.a\tb\n")
    local.leave()
    files.update(sessions.take_changed())
    assert contents(directory) == {"s-1": "imap\t[192.0.2.1]\talice\tuser.alice.ab\t\t4711\n"}
    seat.leave()
    files.update(sessions.take_changed())
    assert contents(directory) == {}


def test_a_session_that_has_left_by_then_is_never_written(state: SharedState, tmp_path: Path) -> None:
    sessions, directory = Sessions(state, 1), tmp_path / "proc"
    seat_of(sessions, "s-1").leave()
    ProcFiles(directory, PID).update(sessions.take_changed())
    assert not directory.exists()


def test_leftovers_are_those_of_processes_that_are_gone(tmp_path: Path) -> None:
    for name, text in {
        "mine": f"imap\t[::1]\ta\t\t\t{PID}\n",
        "dead": "imap\t[::1]\ta\t\t\t5\n",
        "living": "imap\t[::1]\ta\t\t\t6\n",
        "foreign": "something else\n",
        ".5.new": "imap",
        ".6.new": "imap",
        ".keep": "",
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "directory").mkdir()
    ProcFiles(tmp_path, PID).remove_leftovers({6})
    assert {path.name for path in tmp_path.iterdir()} == {"living", "foreign", ".6.new", ".keep", "directory"}
    ProcFiles(tmp_path / "nowhere", PID).remove_leftovers(set())


def test_a_directory_that_cannot_be_written_is_told_of_once(
    state: SharedState, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    (tmp_path / "file").touch()
    sessions = Sessions(state, 1)
    files = ProcFiles(tmp_path / "file", PID)
    seats = [seat_of(sessions, name) for name in ("s-1", "s-2")]
    files.update(sessions.take_changed())
    assert [record.getMessage() for record in caplog.records] == ["proc_file_not_written"]
    for seat in seats:
        seat.leave()
    files.update(sessions.take_changed())
