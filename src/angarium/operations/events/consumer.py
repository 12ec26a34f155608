"""`Consumer`: tells one sink what happens, account by account, from where it has come to.

Theory of operation. Accounts with news wait in a queue, each once; a few are worked on at a time, each by one task, so
that the order within an account is kept. What was told is noted in the ledger soon after: a crash between makes events
be told again, under the same ids, and none be forgotten. A sink that takes nothing is asked again after ever longer
waits, and its accounts wait meanwhile: as many as the queue holds in memory, the others in the ledger.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId, ModSeq
from angarium.engine.sqlite.feedledger import FeedLedger, Progress
from angarium.errors import AccountNotFound, AngariumError

from .describe import Describer
from .feed import AccountFeed, Batch
from .notification import Notification
from .occurrences import occurrences
from .policy import EventPolicy
from .sink import EventRefused, Sink, SinkFailed

log = logging.getLogger(__name__)

QUEUE_MAX: Final = 10_000
"""Accounts in memory, some 200 octets each."""
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 300.0
_LATER_S: Final = 30.0
"""After a failure that is the account's and not the sink's."""


class Consumer:
    """One sink's; belongs to the engine's loop."""

    def __init__(
        self,
        sink: Sink,
        engine: Engine,
        policy: EventPolicy,
        ledger: FeedLedger,
        *,
        began_s: int,
        now_s: Callable[[], int],
        queue_max: int = QUEUE_MAX,
        first_wait_s: float = _FIRST_WAIT_S,
    ) -> None:
        self.sink = sink
        self._engine = engine
        self._policy = policy
        self._ledger = ledger
        self._began_s = began_s
        self._now_s = now_s
        self._queue_max = queue_max
        self._first_wait_s = first_wait_s
        self._waiting: dict[AccountId, None] = {}
        self._busy: set[AccountId] = set()
        self._heard_again: set[AccountId] = set()
        """Of those that are worked on."""
        self._put_off: set[AccountId] = set()
        """Those that are looked at again later, for a failure of their own."""
        self._news = asyncio.Event()
        self._unsaved = Progress()
        self._being_saved = Progress()
        self._noted: set[AccountId] = set()
        """Those in memory that stand in the ledger as well."""
        self._may_be_noted = True
        """Whether the ledger may have others."""
        self._noted_after = ""
        self._found_new = False
        self._failures = 0
        self._sends_from_s = 0.0

    # What there is to do

    def heard(self, account: AccountId) -> None:
        """Something may have happened in an account."""
        if account in self._busy:
            self._heard_again.add(account)
        elif account not in self._waiting:
            if len(self._waiting) < self._queue_max:
                self._waiting[account] = None
                self._news.set()
            else:
                self._unsaved.noted.add(account)
                self._may_be_noted = True

    @property
    def is_idle(self) -> bool:
        """Whether all that it heard of was told."""
        return not self._waiting and not self._busy and not self._put_off

    @property
    def waits_to_note(self) -> int:
        """How many accounts there was no place for since the last `take_progress`."""
        return len(self._unsaved.noted)

    def note_waiting(self) -> None:
        """Have what waits stand in the ledger."""
        fresh = {account for account in (*self._waiting, *self._busy, *self._put_off) if account not in self._noted}
        self._unsaved.noted |= fresh
        self._noted |= fresh

    def wants_noted(self) -> bool:
        """Whether there is room for accounts that stand in the ledger alone."""
        return self._may_be_noted and len(self._waiting) < self._queue_max // 2

    def take_noted(self) -> None:
        """Go on with some of them."""
        found = self._ledger.noted(self.sink.name, after=self._noted_after, limit=self._queue_max // 2)
        self._noted_after = found[-1] if found else ""
        if not found:
            # Behind the last one it begins anew, for what was noted meanwhile, until there is nothing new.
            self._may_be_noted, self._found_new = self._found_new or bool(self._unsaved.noted), False
        for account in found:
            if account not in self._unsaved.done and account not in self._noted:
                self._found_new = True
                self._noted.add(account)
                self.heard(account)

    # What is to be remembered

    def take_progress(self) -> Progress:
        """What the ledger does not know yet; `saved` or `not_saved` has to follow."""
        self._being_saved, self._unsaved = self._unsaved, Progress()
        return self._being_saved

    def saved(self) -> None:
        self._being_saved = Progress()

    def not_saved(self) -> None:
        """It is to be saved the next time."""
        older, newer = self._being_saved, self._unsaved
        newer.positions = {**older.positions, **newer.positions}
        newer.gone |= older.gone
        newer.done |= older.done
        newer.noted |= older.noted
        self._being_saved = Progress()

    def _position(self, account: AccountId) -> ModSeq | None:
        for progress in (self._unsaved, self._being_saved):
            if account in progress.positions:
                return progress.positions[account]
        return self._ledger.position(self.sink.name, account)

    def _told(self, account: AccountId, modseq: ModSeq) -> None:
        self._unsaved.positions[account] = modseq

    # Telling

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self.sink.at_once):
                tasks.create_task(self._work())

    async def _work(self) -> None:
        while True:
            account = await self._next()
            self._busy.add(account)
            try:
                await self._tell_and_finish(account)
            finally:
                self._busy.discard(account)
                if account in self._heard_again:
                    self._heard_again.discard(account)
                    self.heard(account)

    async def _next(self) -> AccountId:
        """The account that waits longest, once the sink may be tried again."""
        while True:
            now_s = asyncio.get_running_loop().time()
            if now_s < self._sends_from_s:
                await asyncio.sleep(self._sends_from_s - now_s)
            elif self._waiting:
                account = next(iter(self._waiting))
                del self._waiting[account]
                return account
            else:
                self._news.clear()
                await self._news.wait()

    async def _tell_and_finish(self, account: AccountId) -> None:
        try:
            await self._tell(account)
        except SinkFailed as failure:
            self._heard_again.add(account)
            self._wait_longer(str(failure))
            return
        except AccountNotFound:
            self._unsaved.gone.add(account)
            self._unsaved.positions.pop(account, None)
        except AngariumError as refusal:
            log.warning("events_postponed", extra={"account": account, "reason": str(refusal)})
            self._look_again_later(account)
            return
        except Exception:
            # One account that shows up a fault of ours holds up no other, and is tried again.
            log.exception("events_failed", extra={"account": account, "sink": self.sink.name})
            self._look_again_later(account)
            return
        if account in self._noted:
            self._noted.discard(account)
            self._unsaved.done.add(account)
            self._unsaved.noted.discard(account)

    def _look_again_later(self, account: AccountId) -> None:
        def look_again() -> None:
            self._put_off.discard(account)
            self.heard(account)

        self._put_off.add(account)
        asyncio.get_running_loop().call_later(_LATER_S, look_again)

    async def _tell(self, account: AccountId) -> None:
        feed = AccountFeed(self._engine, account, self._position(account), began_s=self._began_s)
        while True:
            batch = await feed.next()
            if batch.lost_before is not None:
                name = await self._engine.account_name(account)
                describer = Describer(self._engine, self._policy, account, since=batch.lost_before)
                await self._send(describer.start_anew(batch.lost_before, name, self._now_s()))
                self._told(account, batch.lost_before)
            await self._tell_batch(account, batch)
            self._told(account, batch.until)
            if not batch.has_more:
                return

    async def _tell_batch(self, account: AccountId, batch: Batch) -> None:
        if not batch.groups:
            return
        since = ModSeq(batch.groups[0][0].row.modseq - 1)
        describer = Describer(self._engine, self._policy, account, since=since)
        for group in batch.groups:
            found = occurrences(group, simple_flags=self._policy.simple_flags)
            for number, occurrence in enumerate(found):
                notification = await describer.describe(occurrence, number)
                if notification is not None:
                    await self._send(notification)
            self._told(account, group[0].row.modseq)

    async def _send(self, notification: Notification) -> None:
        try:
            await self.sink.send(notification)
        except EventRefused as refusal:
            extra = {"sink": self.sink.name, "event_id": notification.id, "reason": str(refusal)}
            log.warning("event_refused", extra=extra)
        if self._failures:
            log.info("event_sink_recovered", extra={"sink": self.sink.name, "failures": self._failures})
            self._failures = 0

    def _wait_longer(self, reason: str) -> None:
        """Each task that fails at the same time counts, so the wait grows by the longest that one of them asks for."""
        now_s = asyncio.get_running_loop().time()
        if now_s < self._sends_from_s:
            return
        wait_s = min(_LONGEST_WAIT_S, self._first_wait_s * 2.0 ** min(self._failures, 20))
        self._failures += 1
        self._sends_from_s = now_s + wait_s
        extra = {"sink": self.sink.name, "reason": reason, "failures": self._failures, "wait_s": round(wait_s, 1)}
        log.warning("event_sink_failed", extra=extra)


def start_all(consumers: Iterable[Consumer], tasks: asyncio.TaskGroup) -> None:
    """Have them tell."""
    for consumer in consumers:
        tasks.create_task(consumer.run())
