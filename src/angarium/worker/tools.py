"""How tools reach a running server: announcing changes, ending sessions, listing who is there."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from angarium.engine.rows import AccountId
from angarium.errors import StoreDamaged
from angarium.worker.announcing import StateAnnouncer
from angarium.worker.sharedscores import SharedScores
from angarium.worker.sharedstate import STATE_FILE, TOOL_SEGMENT, SessionRecord, SharedState


class ToolAnnouncer:
    """An `Announcer` for a process beside the workers; it hears nothing. Without a running server it does nothing."""

    def __init__(self, state: SharedState | None, run_directory: Path) -> None:
        self._state = state
        self._announcer = StateAnnouncer(state, TOOL_SEGMENT, run_directory) if state is not None else None

    def changed(self, account: AccountId) -> None:
        if self._state is not None and self._announcer is not None:
            with self._state.tool_lock():
                self._announcer.changed(account)

    def listen(
        self, _listener: Callable[[AccountId], None], _watched: Callable[[], Iterable[AccountId]]
    ) -> Callable[[], None]:
        return lambda: None

    def watch(self, _account: AccountId) -> None:
        """It hears nothing."""

    def unwatch(self, _account: AccountId) -> None:
        """It hears nothing."""

    def hear_all(self, _on_gap: Callable[[], None]) -> Callable[[], None]:
        return lambda: None

    def stamp(self, _account: AccountId) -> None:
        return None

    def end_sessions(self, userid: str) -> None:
        """Ask the workers to end this user's sessions."""
        if self._announcer is not None:
            self._announcer.end_sessions(userid)

    def sessions(self) -> list[SessionRecord]:
        """Who is connected."""
        return self._state.sessions() if self._state is not None else []

    @contextmanager
    def scores(self) -> Iterator[SharedScores]:
        """The failed logins of all workers, while no other tool writes. Only with a running server."""
        assert self._state is not None
        with self._state.tool_lock():
            scores = SharedScores(self._state.score_areas(), TOOL_SEGMENT, self._state.secret)
            try:
                yield scores
            finally:
                scores.close()

    def close(self) -> None:
        if self._state is not None and self._announcer is not None:
            self._announcer.close()
            self._state.close()


@contextmanager
def tool_announcer(run_directory: Path) -> Iterator[ToolAnnouncer]:
    """For the time of a tool's work."""
    try:
        state = SharedState.open(run_directory / STATE_FILE)
    except (FileNotFoundError, StoreDamaged):
        # No server, or one of another version, which finds changes by the accounts' own counters.
        state = None
    announcer = ToolAnnouncer(state, run_directory)
    try:
        yield announcer
    finally:
        announcer.close()
