"""Recording what a scenario does to a disk, and making real what a power cut at each moment may leave of it."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.powercut.client import Client, Promised
from tests.powercut.record import Mark, Record, RecordingDisk, RecordingVFS
from tests.powercut.states import CrashState, crash_states

from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions

SAMPLES = 1
Scenario = Callable[[Client], Awaitable[None]]


async def record_scenario(base: str, record: Record, scenario: Scenario) -> None:
    vfs_name = f"recording-{os.getpid()}-{id(record)}"
    vfs = RecordingVFS(vfs_name, record)
    options = SqliteOptions(f"{base}/state", {"default": f"{base}/spool"}, vfs=vfs_name, checkpoint_pages=20)
    engine = await SqliteEngine.open(options, SystemSources(), RecordingDisk(record))
    await scenario(Client(engine, record))
    await engine.close()
    vfs.unregister()


@contextmanager
def after_the_cut(state: CrashState, base: str) -> Iterator[SqliteOptions]:
    """The state made real, in memory where the machine has a file system there: that is four times as fast."""
    memory = "/dev/shm"
    root = tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None)
    try:
        state.write_to(root)
        yield SqliteOptions(f"{root}{base}/state", {"default": f"{root}{base}/spool"})
    finally:
        shutil.rmtree(root)


def record_and_cut(tmp_path: Path, scenario: Scenario) -> Iterator[tuple[CrashState, str, Promised, Promised]]:
    """Every state that a cut may leave, with what was promised before it and what came next."""
    base = str(tmp_path / "base")
    os.mkdir(base)
    record = Record()
    asyncio.run(record_scenario(base, record, scenario))
    promises = [(cut, operation.what) for cut, operation in enumerate(record.operations) if isinstance(operation, Mark)]
    for state in crash_states(record.operations, base, seed=1, samples=SAMPLES, each_write=2):
        promised = state.marks[-1] if state.marks else Promised()
        coming = next((what for cut, what in promises if cut > state.cut), promises[-1][1])
        assert isinstance(promised, Promised)
        assert isinstance(coming, Promised)
        try:
            yield state, base, promised, coming
        except Exception as error:
            raise AssertionError(
                f"after operation {state.cut} ({record.operations[state.cut]!r:.200}), {state.variant}"
            ) from error
