"""Switches of the whole suite, and the loop that coroutine tests share with their fixtures."""

import asyncio
import inspect
import os
import time
from collections.abc import Iterator

import apsw
import pytest

from angarium.engine.disk import SystemDisk

SLOW_FSYNC_S = 0.005


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--slow-fsync",
        action="store_true",
        help="make every fsync of an engine take 5 ms more, as on most disks",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--slow-fsync"):
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
