"""`EventRunner`: who tells all sinks of the store what happens, one process at a time.

Accounts with news are found by announcements. What happened while nobody heard is found by a look at the accounts'
files: those written since the last look that was finished. There is one at the start, one where an announcement may
have been lost, and one every quarter of an hour, for the sake of a process that died between its commit and its
announcement. Behind a look, what it has found is told or noted, so that the next one need not go further back.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from angarium.engine.interface import Engine
from angarium.engine.lease import Lease
from angarium.engine.rows import AccountId
from angarium.engine.sqlite.feedledger import FeedLedger
from angarium.errors import AngariumError

from .consumer import Consumer, start_all
from .leading import Announcements, LedgerThread
from .policy import EventPolicy
from .sink import Sink

log = logging.getLogger(__name__)

_SAVE_S: Final = 0.25
_LOOK_S: Final = 900.0
_LOOK_SHARE: Final = 20
"""A look that was not planned comes after so many times as long as the last one took."""
_OVERLAP_S: Final = 2
"""Clocks of files are coarse."""
_NOTED_AT_ONCE: Final = 5000
_ACCOUNT_ID_LENGTH: Final = 24
"""What else is announced is no account."""


class EventRunner:
    """One to a worker; `run` waits until it is this one's turn."""

    def __init__(
        self,
        engine: Engine,
        policy: EventPolicy,
        sinks: Sequence[Sink],
        *,
        lease: Lease,
        open_ledger: Callable[[], FeedLedger],
        announcements: Announcements,
        now_s: Callable[[], int],
        look_s: float = _LOOK_S,
    ) -> None:
        self._engine = engine
        self._policy = policy
        self._sinks = sinks
        self._lease = lease
        self._open_ledger = open_ledger
        self._announcements = announcements
        self._now_s = now_s
        self._look_s = look_s
        self._consumers: list[Consumer] = []
        self._look_due = asyncio.Event()
        self._saving = asyncio.Lock()
        self._in_thread = LedgerThread("angarium-events")

    async def run(self) -> None:
        """Once, until cancelled. OSError, AngariumError where the lease or the ledger cannot be had."""
        async with self._in_thread.leading(self._lease, self._open_ledger) as ledger:
            await self._lead(ledger)

    async def _lead(self, ledger: FeedLedger) -> None:
        names = [sink.name for sink in self._sinks]
        began = await self._in_thread(lambda: ledger.begin(names, self._now_s()))
        self._consumers = [
            Consumer(sink, self._engine, self._policy, ledger, began_s=began[sink.name], now_s=self._now_s)
            for sink in self._sinks
        ]
        ends = [self._engine.subscribe(self._heard), self._announcements.hear_all(self._look_due.set)]
        log.info("events_led", extra={"sinks": " ".join(names)})
        try:
            async with asyncio.TaskGroup() as tasks:
                start_all(self._consumers, tasks)
                tasks.create_task(self._keep_saving(ledger))
                tasks.create_task(self._keep_looking(ledger))
        finally:
            for end in ends:
                end()
            await asyncio.shield(self._save(ledger))

    def _heard(self, account: AccountId) -> None:
        if len(account) == _ACCOUNT_ID_LENGTH:
            for consumer in self._consumers:
                consumer.heard(account)

    # The ledger

    async def _keep_saving(self, ledger: FeedLedger) -> None:
        while True:
            await asyncio.sleep(_SAVE_S)
            await self._save(ledger)
            for consumer in self._consumers:
                if consumer.wants_noted():
                    consumer.take_noted()

    async def _save(self, ledger: FeedLedger, *, looked_s: int | None = None) -> bool:
        """Whether it succeeded; what did not is saved the next time."""
        async with self._saving:
            progress = {consumer.sink.name: consumer.take_progress() for consumer in self._consumers}
            if looked_s is None and not any(progress.values()):
                return True
            try:
                await self._in_thread(lambda: ledger.save(progress, looked_s=looked_s))
            except asyncio.CancelledError:
                # It may be durable or not; the last save makes it so in any case.
                for consumer in self._consumers:
                    consumer.not_saved()
                raise
            except (AngariumError, OSError) as error:
                log.error("event_positions_not_saved", extra={"reason": str(error)})
                for consumer in self._consumers:
                    consumer.not_saved()
                return False
            for consumer in self._consumers:
                consumer.saved()
            return True

    # What nobody heard of

    async def _keep_looking(self, ledger: FeedLedger) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._look_due.clear()
            began_s = loop.time()
            await self._look(ledger)
            await asyncio.sleep(min((loop.time() - began_s) * _LOOK_SHARE, self._look_s))
            try:
                async with asyncio.timeout(self._look_s):
                    await self._look_due.wait()
            except TimeoutError:
                pass

    async def _look(self, ledger: FeedLedger) -> None:
        started_s = self._now_s()
        since_s = ledger.looked_s()
        assert since_s is not None, "there are consumers"
        try:
            async for accounts in self._engine.accounts_changed_since(since_s - _OVERLAP_S):
                for account in accounts:
                    self._heard(account)
                if any(consumer.waits_to_note > _NOTED_AT_ONCE for consumer in self._consumers):
                    await self._save(ledger)
        except (AngariumError, OSError) as error:
            log.warning("event_look_failed", extra={"reason": str(error)})
            return
        for consumer in self._consumers:
            consumer.note_waiting()
        await self._save(ledger, looked_s=started_s)
