"""`ScriptRunner`: who runs scripts for what happens in the store, one process at a time.

It listens to announcements, and reads the change logs of accounts where scripts may be run (`store.eventscripts`), each
from where it has come to; that is noted in `imapsieve.db` a few times a second. Accounts take turns, a few dozen
messages each. What nobody heard of is found by looks, as events are: one at the start, one where an announcement may
have been lost, and one every quarter of an hour. The next look need not go further back than the last one behind which
nothing was left to do.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Final

from angarium.engine.interface import Engine
from angarium.engine.lease import Lease
from angarium.engine.rows import AccountId, ModSeq
from angarium.engine.sqlite.feedledger import FeedLedger, Progress
from angarium.errors import AccountNotFound, AngariumError
from angarium.operations.events.feed import AccountFeed
from angarium.operations.events.leading import Announcements, LedgerThread
from angarium.operations.imapsieve.executor import Executor
from angarium.store.eventscripts import EventScripts, event_scripts, forget_stale_notes

log = logging.getLogger(__name__)

_CONSUMER: Final = "imapsieve"
_EVERYWHERE: Final = "imapsieve everywhere"
"""Stands in the ledger while the server has a script, and tells since when."""
_AT_ONCE: Final = 4
_QUEUE_MAX: Final = 10_000
_SAVE_S: Final = 0.25
_LOOK_S: Final = 900.0
_LATER_S: Final = 30.0
"""After a refusal."""
_OVERLAP_S: Final = 2


class ScriptRunner:
    """One to a worker; `run` waits until it is this one's turn. `executor` gives the one for what is begun now."""

    def __init__(
        self,
        engine: Engine,
        executor: Callable[[], Executor],
        *,
        lease: Lease,
        open_ledger: Callable[[], FeedLedger],
        announcements: Announcements,
        now_s: Callable[[], int],
        since_s: int | None = None,
        look_s: float = _LOOK_S,
        later_s: float = _LATER_S,
    ) -> None:
        self._engine = engine
        self._executor = executor
        self._lease = lease
        self._open_ledger = open_ledger
        self._announcements = announcements
        self._now_s = now_s
        self._since_s = since_s
        """From when on scripts are run where none were before: who was told that one is there may count on it, however
        long it takes until somebody leads. None: from now on."""
        self._look_s = look_s
        self._later_s = later_s
        self._scripts = EventScripts()
        self._began: dict[str, int] = {}
        self._waiting: dict[AccountId, None] = {}
        self._busy: set[AccountId] = set()
        self._heard_again: set[AccountId] = set()
        """Of those that are worked on."""
        self._postponed: set[AccountId] = set()
        self._steps: dict[AccountId, AsyncGenerator[None, None]] = {}
        """Of accounts that were begun."""
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._look_due = asyncio.Event()
        self._unsaved = Progress()
        self._being_saved = Progress()
        self._looked_s: int | None = None
        """When the last look began, while what it has found is not done yet."""
        self._in_thread = LedgerThread("angarium-imapsieve")

    async def run(self) -> None:
        """Once, until cancelled. Where scripts may be run everywhere from now on, or no more, it takes another one.
        OSError, AngariumError where the lease or the ledger cannot be had."""
        async with self._in_thread.leading(self._lease, self._open_ledger) as ledger:
            await self._lead(ledger)

    def scripts_changed(self, scripts: EventScripts) -> None:
        """Other accounts than before have scripts."""
        new = scripts.accounts - self._scripts.accounts
        self._scripts = scripts
        for account in new:
            self.heard(account)

    def heard(self, account: AccountId) -> None:
        """Something may have happened in an account."""
        if not self._scripts.may_be_in(account):
            return
        if account in self._busy or account in self._steps:
            self._heard_again.add(account)
        elif account not in self._waiting and account not in self._postponed:
            if len(self._waiting) < _QUEUE_MAX:
                self._waiting[account] = None
                self._news.set()
            else:
                self._look_due.set()

    def _begin_s(self) -> int:
        return self._now_s() if self._since_s is None else min(self._since_s, self._now_s())

    async def _lead(self, ledger: FeedLedger) -> None:
        self._scripts = await event_scripts(self._engine)
        names = [_CONSUMER, *([_EVERYWHERE] if self._scripts.everywhere else [])]
        self._began = await self._in_thread(lambda: ledger.begin(names, self._begin_s()))
        ends = [self._engine.subscribe(self.heard), self._announcements.hear_all(self._look_due.set)]
        log.info("event_scripts_led", extra={"accounts": len(self._scripts.accounts)})
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(_AT_ONCE):
                    tasks.create_task(self._work(ledger))
                tasks.create_task(self._keep_saving(ledger))
                tasks.create_task(self._keep_looking(ledger))
        finally:
            for end in ends:
                end()
            for steps in self._steps.values():
                await steps.aclose()
            await asyncio.shield(self._save(ledger))

    # Accounts

    async def _work(self, ledger: FeedLedger) -> None:
        while True:
            while not self._waiting:
                self._news.clear()
                await self._news.wait()
            account = next(iter(self._waiting))
            del self._waiting[account]
            if len(self._waiting) < _QUEUE_MAX // 2:
                self._room.set()
            self._busy.add(account)
            try:
                goes_on = await self._turn(ledger, account)
            finally:
                self._busy.discard(account)
            if goes_on or account in self._heard_again:
                if not goes_on:
                    self._heard_again.discard(account)
                self._waiting[account] = None
                self._news.set()

    async def _turn(self, ledger: FeedLedger, account: AccountId) -> bool:
        """Some of an account's; whether there is more."""
        steps = self._steps.get(account)
        if steps is None:
            steps = self._steps[account] = self._all_steps(ledger, account)
        try:
            await anext(steps)
            return True
        except StopAsyncIteration:
            pass
        except AccountNotFound:
            self._unsaved.gone.add(account)
            self._unsaved.positions.pop(account, None)
        except AngariumError as refusal:
            log.warning("event_scripts_postponed", extra={"account": account, "reason": str(refusal)})
            self._postpone(account)
        except Exception:
            # One account that shows up a fault of ours holds up no other, and is tried again.
            log.exception("event_scripts_failed", extra={"account": account})
            self._postpone(account)
        del self._steps[account]
        return False

    def _postpone(self, account: AccountId) -> None:
        def take_up() -> None:
            self._postponed.discard(account)
            self.heard(account)

        self._postponed.add(account)
        self._heard_again.discard(account)
        asyncio.get_running_loop().call_later(self._later_s, take_up)

    async def _all_steps(self, ledger: FeedLedger, account: AccountId) -> AsyncGenerator[None, None]:
        """All that the log has by now, step by step."""
        everywhere_since_s = self._began.get(_EVERYWHERE)
        began_s = self._began[_CONSUMER]
        if account not in self._scripts.accounts and everywhere_since_s is not None:
            began_s = everywhere_since_s
        feed = AccountFeed(self._engine, account, self._position(ledger, account), began_s=began_s)
        has_more = True
        while has_more:
            batch = await feed.next()
            has_more = batch.has_more
            if batch.lost_before is not None:
                log.warning("event_scripts_lost", extra={"account": account, "modseq": batch.lost_before})
            rows = [placed.row for group in batch.groups for placed in group]
            async for modseq in self._executor().steps(account, rows, everywhere_since_s=everywhere_since_s):
                if modseq is None:
                    yield None
                else:
                    self._unsaved.positions[account] = modseq
            self._unsaved.positions[account] = batch.until

    def _position(self, ledger: FeedLedger, account: AccountId) -> ModSeq | None:
        for progress in (self._unsaved, self._being_saved):
            if account in progress.positions:
                return progress.positions[account]
        return ledger.position(_CONSUMER, account)

    # The ledger

    @property
    def _is_idle(self) -> bool:
        """Whether all that it knows of is done."""
        return not (self._waiting or self._busy or self._steps or self._postponed)

    async def _keep_saving(self, ledger: FeedLedger) -> None:
        while True:
            await asyncio.sleep(_SAVE_S)
            await self._save(ledger)

    async def _save(self, ledger: FeedLedger) -> None:
        """What is not saved now is saved the next time."""
        looked_s = self._looked_s if self._is_idle else None
        if not self._unsaved and looked_s is None:
            return
        progress, self._unsaved = self._unsaved, Progress()
        self._being_saved = progress
        try:
            await self._in_thread(lambda: ledger.save({_CONSUMER: progress}, looked_s=looked_s))
        except (AngariumError, OSError, asyncio.CancelledError) as error:
            newer, self._unsaved = self._unsaved, progress
            self._unsaved.positions |= newer.positions
            self._unsaved.gone |= newer.gone
            if isinstance(error, asyncio.CancelledError):
                raise
            log.error("event_positions_not_saved", extra={"reason": str(error)})
            return
        finally:
            self._being_saved = Progress()
        if looked_s == self._looked_s:
            self._looked_s = None

    # What nobody heard of

    async def _keep_looking(self, ledger: FeedLedger) -> None:
        while True:
            self._look_due.clear()
            await self._look(ledger)
            try:
                async with asyncio.timeout(self._look_s):
                    await self._look_due.wait()
            except TimeoutError:
                pass
            await self._tidy()

    async def _tidy(self) -> None:
        try:
            await forget_stale_notes(self._engine, self._now_s())
        except (AngariumError, OSError) as error:
            log.warning("event_look_failed", extra={"reason": str(error)})

    async def _look(self, ledger: FeedLedger) -> None:
        started_s = self._now_s()
        since_s = ledger.looked_s()
        assert since_s is not None, "there is a consumer"
        try:
            async for accounts in self._accounts_changed_since(since_s - _OVERLAP_S):
                for account in accounts:
                    while len(self._waiting) >= _QUEUE_MAX:
                        self._room.clear()
                        await self._room.wait()
                    self.heard(account)
        except (AngariumError, OSError) as error:
            log.warning("event_look_failed", extra={"reason": str(error)})
            return
        self._looked_s = started_s

    async def _accounts_changed_since(self, since_s: int) -> AsyncGenerator[list[AccountId], None]:
        if self._scripts.everywhere:
            async for accounts in self._engine.accounts_changed_since(since_s):
                yield accounts
        else:
            yield list(self._scripts.accounts)
