"""Has messages that scripts have put aside come back when it is time; one of the workers does."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from angarium.engine.lease import Lease
from angarium.errors import AngariumError
from angarium.operations.delivery import awaken_due
from angarium.store import Store
from angarium.worker import WorkerContext

log = logging.getLogger(__name__)

LOCK_FILE: Final = "snooze.lock"
_LOOK_S: Final = 20.0
"""How long nobody hears of what another worker has put aside; times of scripts are to the minute as a rule."""


@asynccontextmanager
async def awakening(context: WorkerContext, store: Store) -> AsyncIterator[None]:
    """For a worker's life; in a store that takes no writes what waits goes on waiting."""
    if context.settings.mailboxes.readonly:
        yield
        return
    lease = Lease(str(context.settings.directories.configdirectory / LOCK_FILE))
    task = context.loop.create_task(_awaken(lease, store))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _awaken(lease: Lease, store: Store) -> None:
    while True:
        try:
            async with lease.held():
                await _lead(store)
        except OSError as error:
            log.error("awakening_failed", extra={"reason": str(error)})
            await asyncio.sleep(_LOOK_S)


async def _lead(store: Store) -> None:
    while True:
        wait_s = _LOOK_S
        try:
            next_s = await awaken_due(store)
            if next_s is not None:
                wait_s = max(1, min(_LOOK_S, next_s - store.sources.now_s()))
        except AngariumError as refusal:
            log.warning("awakening_failed", extra={"reason": str(refusal)})
        except Exception:
            # It must go on for all others.
            log.exception("awakening_broke")
        await asyncio.sleep(wait_s)
