"""When scripts of IMAP run in a worker, and by which settings."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.stores import make_store
from tests.cli.test_outgoing import World, opened

from angarium.cli import imapsieve as module
from angarium.cli.imapsieve import imapsieve
from angarium.engine.interface import Engine
from angarium.engine.sources import SystemSources
from angarium.operations.delivery import DeliveryContext
from angarium.operations.imapsieve import Executor
from angarium.operations.scripts import CheckedScripts
from angarium.store import Store, StorePolicy
from angarium.store.eventscripts import EventScripts


class QuietRunner:
    """In place of the one that runs scripts."""

    def __init__(self, _engine: Engine, executor: Callable[[], Executor], **_others: object) -> None:
        self.executor = executor
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def run(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    def scripts_changed(self, _scripts: EventScripts) -> None:
        pass


class KnownExecutor:
    """In place of the one that carries scripts out."""

    def __init__(self, context: DeliveryContext, **_others: object) -> None:
        self.settings = context.settings


async def some_scripts(_engine: Engine) -> EventScripts:
    return EventScripts(everywhere=True)


def test_scripts_go_by_the_newest_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_store(tmp_path, "imapsieve: yes\n")
    runners: list[QuietRunner] = []

    def make_runner(engine: Engine, executor: Callable[[], Executor], **others: object) -> QuietRunner:
        runners.append(QuietRunner(engine, executor, **others))
        return runners[-1]

    monkeypatch.setattr(module, "ScriptRunner", make_runner)
    monkeypatch.setattr(module, "Executor", KnownExecutor)
    monkeypatch.setattr(module, "event_scripts", some_scripts)
    monkeypatch.setattr(module, "_LOOK_S", 0.01)

    async def begun(number: int) -> QuietRunner:
        while len(runners) <= number:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.001)
        await runners[number].begun.wait()
        return runners[number]

    async def check(world: World) -> None:
        context = world.context
        store = Store(world.engine, StorePolicy(), SystemSources())

        def delivery() -> DeliveryContext:
            return DeliveryContext(
                store=store, settings=context.settings, scripts=CheckedScripts(context.settings.sieve)
            )

        async with imapsieve(context, store, delivery, tuple), asyncio.timeout(20):
            runner = await begun(0)
            first = runner.executor()
            assert runner.executor() is first
            before = context.settings
            context.settings = replace(before, sieve=replace(before.sieve, sieve_maxredirects=1))
            assert vars(runner.executor()) == {"settings": context.settings}
            context.settings = replace(before, sieve=replace(before.sieve, imapsieve=False))
            await runner.ended.wait()
            context.settings = before
            assert vars((await begun(1)).executor()) == {"settings": before}

    async def run() -> None:
        async with opened(tmp_path) as world:
            await check(world)

    asyncio.run(run())
