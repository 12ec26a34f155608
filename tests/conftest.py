"""Switches of the whole suite, and the loop that coroutine tests share with their fixtures."""

import asyncio
import gc
import inspect
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import apsw
import hypothesis
import pytest

from angarium.engine.disk import SystemDisk

SLOW_FSYNC_S = 0.005
MEMORY: Final = Path("/dev/shm")
"""A file system in memory, where the machine has one."""
MEMORY_OCTETS: Final = 1 << 30
TAKING_LONG: Final = (
    "engine/sqlite/test_powercut.py",
    "integration/test_stress.py",
    "integration/test_imapsieve.py",
    "integration/test_serve.py",
    "integration/test_postfix.py",
    "integration/test_events.py",
    "integration/test_kill.py",
    "integration/test_killfilters.py",
    "fuzz/test_targets.py",
    "imap/test_transcripts.py",
    "master/test_master.py",
    "cli/test_serve.py",
    "engine/sqlite/test_powercut_deliveries.py",
    "sieve/test_random.py",
    "imap/handlers/test_resyncing.py",
    "imap/test_rightsmatrix.py",
)
"""These come first, so that no worker waits for another one's at the end."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--slow-fsync",
        action="store_true",
        help="make every fsync of an engine take 5 ms more, as on most disks",
    )


# How long an example takes is the machine's affair, and nothing that a test may fail for.
hypothesis.settings.register_profile("angarium", deadline=None)
hypothesis.settings.load_profile("angarium")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--slow-fsync"):
        if _has_memory():
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # of `tmp_path`
    else:
        SlowVFS("slow", base="unix", makedefault=True)
        fast = SystemDisk.fsync, SystemDisk.fsync_directory

        def fsync(disk: SystemDisk, descriptor: int) -> None:
            time.sleep(SLOW_FSYNC_S)
            fast[0](disk, descriptor)

        def fsync_directory(disk: SystemDisk, path: str) -> None:
            time.sleep(SLOW_FSYNC_S)
            fast[1](disk, path)

        for name, slow in (("fsync", fsync), ("fsync_directory", fsync_directory)):
            setattr(SystemDisk, name, slow)


def _has_memory() -> bool:
    """Whether tests may keep their files in memory; on a disk much of what they take is its syncing."""
    if not os.access(MEMORY, os.W_OK):
        return False
    found = os.statvfs(MEMORY)
    return found.f_bavail * found.f_frsize >= MEMORY_OCTETS and not found.f_flag & os.ST_NOEXEC


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow-fsync"):
        idle = [item for item in items if _is_in_memory(item)]
        config.hook.pytest_deselected(items=idle)
        items[:] = [item for item in items if not _is_in_memory(item)]
    tests = Path(__file__).parent
    ranks = {tests / name: rank for rank, name in enumerate(TAKING_LONG)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


def _is_in_memory(item: pytest.Item) -> bool:
    """Whether a test is over an engine that has no disk, so that a slow one would change nothing."""
    values = item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
    return any(value in ("memory", "suspending") for value in values if isinstance(value, str))


def pytest_collection_finish() -> None:
    """What was collected stays: no collection of garbage need look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def garbage() -> Iterator[None]:
    """What a module leaves open is found in that module, and not by chance in a later one."""
    yield
    gc.collect()


class SlowVFS(apsw.VFS):
    """SQLite's calls on a disk that is slow to sync."""

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "SlowFile":  # noqa: N802
        return SlowFile("unix", name, flags)


class SlowFile(apsw.VFSFile):
    """One file that SQLite has open."""

    def xSync(self, flags: int) -> None:  # noqa: N802
        time.sleep(SLOW_FSYNC_S)
        super().xSync(flags)


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Tools that are called within a test set it, as they do for themselves."""
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)


@pytest.fixture(autouse=True)
def log_records() -> Iterator[None]:
    """A server that is called within a test has them made as it needs them."""
    factory = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(factory)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """The loop of one test."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test on the loop of its fixtures."""
    runner = pyfuncitem.funcargs.get("runner")
    if not isinstance(runner, asyncio.Runner) or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    runner.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True
