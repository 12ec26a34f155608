"""The thread behind the loop: sessions are woken, files are written, and nothing is left at the end."""

import asyncio
from pathlib import Path

import pytest
from tests.worker.test_sessions import FakeConnection

from angarium.worker import MessageFiles, Sessions, SharedState, Telemetry
from angarium.worker.sessionfiles import SessionFiles


class Waking(FakeConnection):
    def __init__(self) -> None:
        super().__init__()
        self.woken = asyncio.Event()

    def wake(self) -> None:
        self.woken.set()


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("angarium.worker.sessionfiles._INTERVAL_S", 0.005)


class Files:
    """The thread over a directory, with two sessions."""

    def __init__(self, state: SharedState, directory: Path) -> None:
        self.directory = directory
        self.messages, self.telemetry = MessageFiles(), Telemetry()
        self.sessions = Sessions(state, 1)
        self.alice, self.bob = Waking(), Waking()
        self.seats = [
            self.sessions.admit("imap", "", connection, session=user)
            for user, connection in (("alice", self.alice), ("bob", self.bob))
        ]
        for seat in self.seats:
            seat.log_in(seat.session)
        self.thread = SessionFiles(
            directory,
            directory / "proc",
            sessions=self.sessions,
            state=state,
            messages=self.messages,
            telemetry=self.telemetry,
        )

    async def eventually_listed(self, names: set[str]) -> None:
        listed: set[str] = set()
        for _ in range(5000):
            listed = {path.name for path in (self.directory / "proc").glob("[!.]*")}
            if listed == names:
                return
            await asyncio.sleep(0.002)
        raise AssertionError(listed)


def test_a_shutdown_file_wakes_all(state: SharedState, tmp_path: Path) -> None:
    async def check() -> None:
        files = Files(state, tmp_path)
        files.thread.start(asyncio.get_running_loop())
        try:
            (tmp_path / "msg").mkdir()
            (tmp_path / "msg" / "shutdown").write_text("soon")
            async with asyncio.timeout(10):
                await files.alice.woken.wait()
                await files.bob.woken.wait()
            assert files.messages.shutdown is not None
        finally:
            files.thread.stop()

    asyncio.run(check())


def test_a_shutdown_file_that_is_there_holds_from_the_start(state: SharedState, tmp_path: Path) -> None:
    async def check() -> None:
        (tmp_path / "msg").mkdir()
        (tmp_path / "msg" / "shutdown").write_text("closed")
        files = Files(state, tmp_path)
        files.thread.start(asyncio.get_running_loop())
        assert files.messages.shutdown == "closed"
        files.thread.stop()

    asyncio.run(check())


def test_telemetry_wakes_the_sessions_of_its_user_alone(state: SharedState, tmp_path: Path) -> None:
    async def check() -> None:
        files = Files(state, tmp_path)
        files.thread.start(asyncio.get_running_loop())
        try:
            (tmp_path / "log" / "alice").mkdir(parents=True)
            async with asyncio.timeout(10):
                await files.alice.woken.wait()
            recording = files.telemetry.record("alice", service="imap", session="s", octets_max=9999, elapsed=False)
            recording.sent(b"* OK\r\n")
        finally:
            files.thread.stop()
        assert not files.bob.woken.is_set()
        assert (tmp_path / "log" / "alice" / "imap-s").read_bytes().endswith(b"* OK\r\n")

    asyncio.run(check())


def test_files_of_sessions_are_there_while_the_session_is_and_none_stays(state: SharedState, tmp_path: Path) -> None:
    async def check() -> None:
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc" / "crashed").write_text("imap\t[::1]\tzoe\t\t\t1\n")
        files = Files(state, tmp_path)
        files.thread.start(asyncio.get_running_loop())
        await files.eventually_listed({"alice", "bob"})
        files.seats[0].leave()
        await files.eventually_listed({"bob"})
        files.thread.stop()
        await files.eventually_listed(set())

    asyncio.run(check())


def test_a_fault_in_one_turn_does_not_end_the_thread(
    state: SharedState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def check() -> None:
        files = Files(state, tmp_path)
        faults = iter([ValueError("a fault")])

        def write() -> None:
            for fault in faults:
                raise fault

        monkeypatch.setattr(files.telemetry, "write", write)
        files.thread.start(asyncio.get_running_loop())
        await files.eventually_listed({"alice", "bob"})
        files.thread.stop()
        assert [record.getMessage() for record in caplog.records] == ["session_files_failed"]

    asyncio.run(check())
