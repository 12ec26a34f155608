"""`Notification`: what a session's NOTIFY asked for (RFC 5465), for as long as it holds.

Where there is one, the session is told of changes at any time that no command runs: whatever is heard of has the
connection run `dispatch.tell_changes`, in its own task. A client that reads slowly, or changes that come in a burst,
only let what was heard of add up: what is told is found by looking, once the client can be told.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from angarium.engine.rows import AccountId, ModSeq
from angarium.fetchitem import FetchItem
from angarium.operations.notifications import Event, Watch
from angarium.sequenceset import UidSet
from angarium.store import UpdateKind, Updates

from .watchers import Watchers

_PAUSE_S: Final = 0.2
"""Between two looks at mailboxes that are not selected: a burst of deliveries is told at once."""

_KINDS: Final = {
    Event.MESSAGE_NEW: UpdateKind.NEW,
    Event.MESSAGE_EXPUNGE: UpdateKind.EXPUNGED,
    Event.FLAG_CHANGE: UpdateKind.CHANGED,
    Event.ANNOTATION_CHANGE: UpdateKind.CHANGED,
}


@dataclass(frozen=True, slots=True)
class Arrived:
    """New messages of the selected mailbox of which the client has been told that they are there."""

    uids: UidSet
    since: ModSeq
    """They came after this."""


class Notification:
    """Of one session; NOTIFY NONE is one that asks for nothing."""

    __slots__ = (
        "_arrived",
        "_callbacks",
        "_next_s",
        "_timer",
        "_wake",
        "_watchers",
        "delays_expunges",
        "events",
        "items",
        "watch",
    )

    def __init__(
        self,
        events: Event,
        items: tuple[FetchItem, ...] = (),
        *,
        delays_expunges: bool = False,
        watch: Watch | None = None,
    ) -> None:
        self.events = events
        """Of the selected mailbox, whichever that is."""
        self.items = items
        """What is told of each new message there."""
        self.delays_expunges = delays_expunges
        """SELECTED-DELAYED: expunges wait for a command that allows them, or IDLE."""
        self.watch = watch
        """Of other mailboxes, and of the server."""
        self._arrived: Arrived | None = None
        self._watchers: Watchers | None = None
        self._wake: Callable[[], None] | None = None
        self._callbacks: dict[AccountId, Callable[[], None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_s = 0.0

    @property
    def kinds(self) -> UpdateKind:
        """The updates of the selected mailbox that are wanted."""
        kinds = UpdateKind(0)
        for event, kind in _KINDS.items():
            if event in self.events:
                kinds |= kind
        return kinds

    def note(self, updates: Updates) -> None:
        """The client has just been told of these."""
        if self.items and updates.new:
            arrived = self._arrived
            if arrived is None:
                self._arrived = Arrived(updates.new, updates.since)
            else:
                self._arrived = Arrived(arrived.uids.union(updates.new), arrived.since)

    def take_arrived(self) -> Arrived | None:
        """Messages whose items are to be told, once."""
        arrived, self._arrived = self._arrived, None
        return arrived

    def start(self, watchers: Watchers, wake: Callable[[], None]) -> None:
        """From here on `wake` is called where there is something to tell, but for the selected mailbox."""
        self._watchers, self._wake = watchers, wake
        self.follow_accounts()

    def stop(self) -> None:
        """No more."""
        self.watch = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.follow_accounts()

    def follow_accounts(self) -> None:
        """Hear of the accounts that `watch` concerns now, and of no others."""
        assert self._watchers is not None, "start comes first"
        accounts = self.watch.accounts if self.watch is not None else frozenset()
        for account in self._callbacks.keys() - accounts:
            self._watchers.unwatch(account, self._callbacks.pop(account))
        for account in accounts - self._callbacks.keys():
            callback = self._callbacks[account] = partial(self._hear, account)
            self._watchers.watch(account, callback)
            callback()  # it may have changed before anybody waited for that

    def begin_pause(self) -> None:
        """The session is about to look."""
        self._next_s = asyncio.get_running_loop().time() + _PAUSE_S

    @property
    def has_news(self) -> bool:
        """Whether there may be something to tell of what is not selected."""
        return self.watch is not None and self.watch.has_news

    def _hear(self, account: AccountId) -> None:
        if self.watch is None or self._wake is None:
            return
        self.watch.hear(account)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            if loop.time() >= self._next_s:
                self._wake()
            else:
                self._timer = loop.call_at(self._next_s, self._end_pause)

    def _end_pause(self) -> None:
        self._timer = None
        if self._wake is not None:
            self._wake()
