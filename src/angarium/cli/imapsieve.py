"""Has scripts run for what happens in IMAP (RFC 6785): nothing at all while nobody has such a script, else one of the
workers does it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Final

from angarium.auth import LoginPolicy
from angarium.engine.disk import SystemDisk
from angarium.engine.interface import SITE
from angarium.engine.lease import Lease
from angarium.engine.rows import AccountId
from angarium.engine.sqlite.feedledger import FeedLedger
from angarium.errors import AngariumError
from angarium.operations.delivery import DeliveryContext
from angarium.operations.imapsieve import Executor, ScriptRunner
from angarium.store.eventscripts import EventScripts, event_scripts
from angarium.worker import WorkerContext

log = logging.getLogger(__name__)

LEDGER_FILE: Final = "imapsieve.db"
LOCK_FILE: Final = "imapsieve.lock"
_LOOK_S: Final = 10.0
"""How long nobody hears of a script whose announcement was lost."""
_GATHERED_S: Final = 0.1
"""Changes of the site that come so soon after one another are looked at together."""
_AGAIN_S: Final = 30.0
"""After a failure of the runner itself."""


@asynccontextmanager
async def imapsieve(
    context: WorkerContext, delivery: DeliveryContext, protocols: Callable[[], Collection[str]]
) -> AsyncIterator[None]:
    """For a worker's life; `protocols` are the names of the services that speak IMAP."""
    settings = context.settings
    if settings.mailboxes.readonly or not settings.sieve.imapsieve:
        yield
        return
    service = _Service(context, delivery, protocols)
    context.announcer.watch(SITE)
    end = delivery.store.engine.subscribe(service.heard)
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
        self, context: WorkerContext, delivery: DeliveryContext, protocols: Callable[[], Collection[str]]
    ) -> None:
        self._context = context
        self._delivery = delivery
        self._engine = delivery.store.engine
        self._protocols = protocols
        self._changed = asyncio.Event()
        self._scripts = EventScripts()
        self._runner: ScriptRunner | None = None
        self._task: asyncio.Task[None] | None = None

    def heard(self, account: AccountId) -> None:
        """There may be other scripts than before."""
        if account == SITE:
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
        finally:
            await self._end()

    async def _look(self) -> None:
        scripts = await event_scripts(self._engine)
        if self._task is not None and (not scripts or scripts.everywhere != self._scripts.everywhere):
            await self._end()
        self._scripts = scripts
        if scripts and self._task is None:
            self._task = self._context.loop.create_task(self._keep_running())
        elif self._runner is not None:
            self._runner.scripts_changed(scripts)

    async def _keep_running(self) -> None:
        while True:
            try:
                self._runner = self._made()
                await self._runner.run()
            except (AngariumError, OSError) as error:
                log.error("event_scripts_not_led", extra={"reason": str(error)})
            except Exception:
                # A fault of ours ends no runner: it begins anew where its positions stand.
                log.exception("event_scripts_not_led")
            await asyncio.sleep(_AGAIN_S)

    def _made(self) -> ScriptRunner:
        store, settings = self._delivery.store, self._delivery.settings
        directory = str(settings.directories.configdirectory)
        admins = LoginPolicy.from_settings(settings, store.policy.names).admins
        return ScriptRunner(
            self._engine,
            Executor(self._delivery, protocols=self._protocols, admins=admins),
            lease=Lease(f"{directory}/{LOCK_FILE}", look_s=0.5),
            open_ledger=lambda: FeedLedger(directory, SystemDisk(), name=LEDGER_FILE),
            announcements=self._context.announcer,
            now_s=store.sources.now_s,
        )

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = self._runner = None
