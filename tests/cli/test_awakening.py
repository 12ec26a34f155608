import asyncio
import logging
from pathlib import Path

import pytest
from tests.cli.stores import make_store
from tests.cli.test_outgoing import opened

from angarium.cli import awakening as module
from angarium.cli.awakening import LOCK_FILE, awakening
from angarium.engine.sources import SystemSources
from angarium.errors import StoreBusy
from angarium.store import Store, StorePolicy


@pytest.mark.parametrize(
    ("failure", "said"), [(StoreBusy("not now"), "awakening_failed"), (ValueError("a fault"), "awakening_broke")]
)
def test_what_fails_once_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: Exception, said: str
) -> None:
    make_store(tmp_path, "")
    looks: list[Store] = []
    second = asyncio.Event()

    async def awaken_due(store: Store) -> int | None:
        looks.append(store)
        if len(looks) == 1:
            raise failure
        second.set()
        return None

    monkeypatch.setattr(module, "awaken_due", awaken_due)
    monkeypatch.setattr(module, "_LOOK_S", 0.01)

    async def check() -> None:
        async with opened(tmp_path) as world:
            store = Store(world.engine, StorePolicy(), SystemSources())
            async with awakening(world.context, store), asyncio.timeout(20):
                await second.wait()

    asyncio.run(check())
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [said]


def test_without_its_lock_file_it_waits_and_ends_with_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_store(tmp_path, "")

    async def check() -> None:
        async with opened(tmp_path) as world:
            (world.context.settings.directories.configdirectory / LOCK_FILE).mkdir()
            store = Store(world.engine, StorePolicy(), SystemSources())
            async with awakening(world.context, store), asyncio.timeout(20):
                while not caplog.records:  # noqa: ASYNC110 - no event tells of it
                    await asyncio.sleep(0.01)

    asyncio.run(check())
    assert "awakening_failed" in [record.getMessage() for record in caplog.records]
