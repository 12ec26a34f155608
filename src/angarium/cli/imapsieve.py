"""Has scripts run for what happens in IMAP (RFC 6785): nothing at all while nobody has such a script, else one of the
workers does it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Final

from angarium.auth import LoginPolicy
from angarium.config import Settings
from angarium.engine.disk import SystemDisk
from angarium.engine.interface import SITE
from angarium.engine.lease import Lease
from angarium.engine.rows import AccountId
from angarium.engine.sqlite.feedledger import FeedLedger
from angarium.errors import AngariumError
from angarium.operations.delivery import DeliveryContext
from angarium.operations.imapsieve import Executor, ScriptRunner
from angarium.store import Store
from angarium.store.eventscripts import EventScripts, event_scripts
from angarium.worker import WorkerContext

log = logging.getLogger(__name__)

LEDGER_FILE: Final = "imapsieve.db"
LOCK_FILE: Final = "imapsieve.lock"
_LOOK_S: Final = 10.0
"""How long nobody hears of a script whose announcement was lost, or of another `imapsieve`."""
_GATHERED_S: Final = 0.1
"""Changes of the site that come so soon after one another are looked at together."""
_AGAIN_S: Final = 30.0
"""After a failure of the runner itself."""


@asynccontextmanager
async def imapsieve(
    context: WorkerContext,
    store: Store,
    delivery: Callable[[], DeliveryContext],
    protocols: Callable[[], Collection[str]],
) -> AsyncIterator[None]:
    """For a worker's life; `delivery` goes by the newest settings, `protocols` are the names of the services that speak
    IMAP."""
    if context.settings.mailboxes.readonly:
        yield
        return
    service = _Service(context, store, delivery, protocols)
    context.announcer.watch(SITE)
    end = store.engine.subscribe(service.heard)
    task = context.loop.create_task(service.run())
    try:
        yield
    finally:
        end()
        context.announcer.unwatch(SITE)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class _Service:
    """Watches where there are scripts, and keeps a runner while there are any."""

    def __init__(
        self,
        context: WorkerContext,
        store: Store,
        delivery: Callable[[], DeliveryContext],
        protocols: Callable[[], Collection[str]],
    ) -> None:
        self._context = context
        self._store = store
        self._delivery = delivery
        self._protocols = protocols
        self._made: tuple[Settings, Executor] | None = None
        self._changed = asyncio.Event()
        self._heard_s = store.sources.now_s()
        """When the first of the changes was announced that have not been looked at."""
        self._scripts = EventScripts()
        self._runner: ScriptRunner | None = None
        self._task: asyncio.Task[None] | None = None

    def heard(self, account: AccountId) -> None:
        """There may be other scripts than before."""
        if account == SITE and not self._changed.is_set():
            self._heard_s = self._store.sources.now_s()
            self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._changed.clear()
                try:
                    await self._look()
                except (AngariumError, OSError) as error:
                    log.warning("event_look_failed", extra={"reason": str(error)})
                except Exception:
                    # Nobody else would look for scripts that are annotated later.
                    log.exception("event_scripts_failed")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._changed.wait()
                    await asyncio.sleep(_GATHERED_S)
                    continue
                self._heard_s = self._store.sources.now_s()
        finally:
            await self._end()

    async def _look(self) -> None:
        scripts = EventScripts()
        if self._context.settings.sieve.imapsieve:
            scripts = await event_scripts(self._store.engine)
        if self._task is not None and (not scripts or scripts.everywhere != self._scripts.everywhere):
            await self._end()
        self._scripts = scripts
        if scripts and self._task is None:
            self._task = self._context.loop.create_task(self._keep_running(self._heard_s))
        elif self._runner is not None:
            self._runner.scripts_changed(scripts)

    async def _keep_running(self, since_s: int) -> None:
        while True:
            try:
                self._runner = self._make_runner(since_s)
                await self._runner.run()
            except (AngariumError, OSError) as error:
                log.error("event_scripts_not_led", extra={"reason": str(error)})
            except Exception:
                # A fault of ours ends no runner: it begins anew where its positions stand.
                log.exception("event_scripts_not_led")
            await asyncio.sleep(_AGAIN_S)

    def _executor(self) -> Executor:
        """Another one after a reload."""
        settings = self._context.settings
        if self._made is None or self._made[0] is not settings:
            admins = LoginPolicy.from_settings(settings, self._store.policy.names).admins
            self._made = (settings, Executor(self._delivery(), protocols=self._protocols, admins=admins))
        return self._made[1]

    def _make_runner(self, since_s: int) -> ScriptRunner:
        directory = str(self._context.settings.directories.configdirectory)
        return ScriptRunner(
            self._store.engine,
            self._executor,
            lease=Lease(f"{directory}/{LOCK_FILE}", look_s=0.5),
            open_ledger=lambda: FeedLedger(directory, SystemDisk(), name=LEDGER_FILE),
            announcements=self._context.announcer,
            now_s=self._store.sources.now_s,
            since_s=since_s,
        )

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = self._runner = None
