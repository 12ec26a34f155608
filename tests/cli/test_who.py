import os
from datetime import datetime
from pathlib import Path

from tests.cli.stores import CommandLine

from angarium.cli.who import session_line
from angarium.worker import SessionRecord, SharedState
from angarium.worker.sharedstate import STATE_FILE

SINCE_S = 1_700_000_000.0


def test_without_a_server_nobody_is_there(angarium: CommandLine, store: Path) -> None:
    answer = angarium("who", "--dir", store)
    assert (answer.status, answer.out, answer.err) == (os.EX_OK, "", "")


def test_those_who_are_there_are_listed_by_time(angarium: CommandLine, store: Path) -> None:
    (store / "state" / "run").mkdir()
    state = SharedState.create(store / "state" / "run" / STATE_FILE, segments=1, sessions_max=8)
    state.take_segment(1, os.getpid())
    later = SessionRecord(7, SINCE_S + 60, "imap", "192.0.2.7", "alice", "INBOX")
    state.write_session(1, 0, later)
    state.write_session(1, 1, SessionRecord(7, SINCE_S, "lmtpunix"))
    answer = angarium("who", "--dir", store)
    state.close()
    first, second = answer.out.splitlines()
    assert first.split("\t")[:5] == ["7", "lmtpunix", "-", "-", "-"]
    assert second == session_line(later)
    assert second.split("\t")[:5] == ["7", "imap", "192.0.2.7", "alice", "INBOX"]
    assert datetime.fromisoformat(second.split("\t")[5]).timestamp() == SINCE_S + 60
