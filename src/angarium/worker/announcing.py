"""How processes tell one another that an account changed (DESIGN §6).

A change raises a counter in the shared state, which is never lost, and sends a datagram, which may be, to those other
workers where somebody waits for the account. Each worker remembers how high it knows every counter to be: a datagram
and an own change raise what it remembers by one, so that a difference found later means a datagram that did not arrive,
or a change that nobody waited for.
"""

import asyncio
import contextlib
import functools
import logging
import os
import socket
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from angarium.engine.rows import AccountId
from angarium.worker.sharedstate import CHANGE_SLOTS, SharedState, Words

log = logging.getLogger(__name__)

DATAGRAM_OCTETS_MAX: Final = 4096
_ACCOUNTS_A_DATAGRAM: Final = 64
_DATAGRAMS_A_TURN: Final = 64
_CHANGED: Final = b"C"
_END_SESSIONS: Final = b"E"
_BETWEEN_ACCOUNTS: Final = ","


class Announcer(Protocol):
    """What the engine is handed."""

    def changed(self, account: AccountId) -> None:
        """Tell all other processes that a commit of this account is durable. Never waits, never fails."""

    def listen(
        self, listener: Callable[[AccountId], None], watched: Callable[[], Iterable[AccountId]]
    ) -> Callable[[], None]:
        """Call `listener` on the loop after another process changed an account that is watched; gives what ends it.

        A change whose datagram was lost is known by its hash alone: then `listener` is called for each account of
        `watched()` with this hash, so it may be called where nothing changed, and for an account that nobody watches.
        """

    def watch(self, account: AccountId) -> None:
        """Hear of this account's changes by others, until `unwatch`; each account once. What was changed before is to
        be looked for behind this call."""

    def unwatch(self, account: AccountId) -> None:
        """No more."""

    def hear_all(self, on_gap: Callable[[], None]) -> Callable[[], None]:
        """Have the listeners hear of the changes of all accounts by others; `on_gap` is called on the loop where a
        change may have been announced of which they did not hear. Gives what ends it."""

    def stamp(self, account: AccountId) -> tuple[int, int] | None:
        """How many changes were announced of the account, or of those that share its slot; and how often counters were
        compared: a process that died may have changed it unannounced. None where nobody can tell."""


@functools.lru_cache(maxsize=4096)
def change_slot(account: AccountId) -> int:
    """The counter of an account, the same in every process."""
    return zlib.crc32(account.encode()) % CHANGE_SLOTS


def datagram_path(run_directory: Path, segment: int) -> Path:
    """Where the process with this segment hears."""
    return run_directory / f"worker{segment}"


class StateAnnouncer:
    """Announces as the owner of one segment of the shared state; hears nothing."""

    def __init__(self, state: SharedState, segment: int, run_directory: Path) -> None:
        self._state = state
        self._segment = segment
        self._run_directory = run_directory
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def changed(self, account: AccountId) -> None:
        self._raise_slot(change_slot(account))
        self._send_changed([account])

    def end_sessions(self, userid: str) -> None:
        """Ask every other worker to end this user's sessions."""
        for segment in self._others():
            self._send(segment, _END_SESSIONS + userid.encode())

    def close(self) -> None:
        self._sender.close()

    def _raise_slot(self, slot: int) -> None:
        self._state.raise_change_slot(self._segment, slot)

    def _send_changed(self, accounts: list[AccountId]) -> None:
        for segment in self._others():
            watched = [each for each in accounts if self._state.is_watched(segment, change_slot(each))]
            for start in range(0, len(watched), _ACCOUNTS_A_DATAGRAM):
                some = watched[start : start + _ACCOUNTS_A_DATAGRAM]
                self._send(segment, _CHANGED + _BETWEEN_ACCOUNTS.join(some).encode())

    def _others(self) -> list[int]:
        return [segment for segment in self._state.live_segments() if segment != self._segment]

    def _send(self, segment: int, datagram: bytes) -> None:
        # A full queue or a dying worker loses it; the counters tell of changes all the same.
        with contextlib.suppress(OSError):
            self._sender.sendto(datagram, str(datagram_path(self._run_directory, segment)))


@dataclass(frozen=True, slots=True, eq=False)
class _Listening:
    listener: Callable[[AccountId], None]
    watched: Callable[[], Iterable[AccountId]]


class WorkerAnnouncer(StateAnnouncer):
    """A worker's announcer: it hears too. Lives on one loop from `start` to `close`."""

    def __init__(self, state: SharedState, segment: int, run_directory: Path) -> None:
        super().__init__(state, segment, run_directory)
        self._known = state.change_sums()
        self._listeners: list[_Listening] = []
        self._enders: list[Callable[[str], None]] = []
        self._receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._path = datagram_path(run_directory, segment)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsent: list[AccountId] = []
        """What changed in this turn of the loop."""
        self._timer: asyncio.TimerHandle | None = None
        self._compare_interval_s = 1.0
        self._comparisons = 0
        self._gap_listeners: list[Callable[[], None]] = []
        self._suspected: set[int] = set()
        """Slots with changes that somebody should have sent here, and perhaps is about to."""

    def start(self, loop: asyncio.AbstractEventLoop, *, compare_interval_s: float = 1.0) -> None:
        """Hear datagrams, and compare the counters at every interval."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        self._receiver.bind(str(self._path))
        os.chmod(self._path, 0o600)
        self._loop = loop
        self._compare_interval_s = compare_interval_s
        loop.add_reader(self._receiver.fileno(), self._receive)
        self._timer = loop.call_later(compare_interval_s, self._compare_again)

    def changed(self, account: AccountId) -> None:
        """The accounts of one turn of the loop go out together at its end."""
        if self._loop is None:
            super().changed(account)
            return
        self._raise_slot(change_slot(account))
        if not self._unsent:
            self._loop.call_soon(self._send_unsent)
        self._unsent.append(account)

    def listen(
        self, listener: Callable[[AccountId], None], watched: Callable[[], Iterable[AccountId]]
    ) -> Callable[[], None]:
        listening = _Listening(listener, watched)
        self._listeners.append(listening)
        return lambda: self._listeners.remove(listening)

    def watch(self, account: AccountId) -> None:
        self._state.watch_slot(self._segment, change_slot(account), 1)

    def unwatch(self, account: AccountId) -> None:
        self._state.watch_slot(self._segment, change_slot(account), -1)

    def hear_all(self, on_gap: Callable[[], None]) -> Callable[[], None]:
        for slot in range(CHANGE_SLOTS):
            self._state.watch_slot(self._segment, slot, 1)
        self._gap_listeners.append(on_gap)

        def end() -> None:
            self._gap_listeners.remove(on_gap)
            for slot in range(CHANGE_SLOTS):
                self._state.watch_slot(self._segment, slot, -1)

        return end

    def stamp(self, account: AccountId) -> tuple[int, int] | None:
        if self._loop is None:
            return None
        return self._state.change_sum(change_slot(account)), self._comparisons

    def on_end_sessions(self, ender: Callable[[str], None]) -> None:
        """Call `ender` with the user whose sessions another process wants ended."""
        self._enders.append(ender)

    def compare(self) -> None:
        """Find changes whose datagram did not arrive."""
        self._comparisons += 1
        sums = self._state.change_sums()
        moved = np.flatnonzero(sums != self._known)
        if self._gap_listeners:
            self._look_for_gaps(sums)
        self._known = sums
        if not len(moved):
            return
        slots = set(moved.tolist())
        for listening in tuple(self._listeners):
            for account in [each for each in listening.watched() if change_slot(each) in slots]:
                self._tell(listening, account)

    def _look_for_gaps(self, sums: Words) -> None:
        """A datagram that was on its way has arrived by the next comparison; one that has not by then is lost."""
        lost, self._suspected = self._suspected, set(np.flatnonzero(sums > self._known).tolist())
        for on_gap in tuple(self._gap_listeners) if lost else ():
            on_gap()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._loop is not None:
            self._loop.remove_reader(self._receiver.fileno())
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)
        self._receiver.close()
        self._send_unsent()
        super().close()

    def _raise_slot(self, slot: int) -> None:
        super()._raise_slot(slot)
        self._known[slot] += 1

    def _send_unsent(self) -> None:
        accounts, self._unsent = self._unsent, []
        self._send_changed(accounts)

    def _compare_again(self) -> None:
        assert self._loop is not None
        self._timer = self._loop.call_later(self._compare_interval_s, self._compare_again)
        self.compare()

    def _receive(self) -> None:
        for _ in range(_DATAGRAMS_A_TURN):
            try:
                datagram = self._receiver.recv(DATAGRAM_OCTETS_MAX)
            except BlockingIOError:
                return
            try:
                text = datagram[1:].decode()
            except UnicodeDecodeError:
                continue
            if datagram[:1] == _CHANGED:
                for account in text.split(_BETWEEN_ACCOUNTS):
                    self._hear_change(AccountId(account))
            elif datagram[:1] == _END_SESSIONS:
                for ender in self._enders:
                    ender(text)

    def _hear_change(self, account: AccountId) -> None:
        slot = change_slot(account)
        self._known[slot] += 1
        self._suspected.discard(slot)
        for listening in tuple(self._listeners):
            self._tell(listening, account)

    def _tell(self, listening: _Listening, account: AccountId) -> None:
        try:
            listening.listener(account)
        except Exception:
            log.exception("announcement_failed", extra={"account": account})
