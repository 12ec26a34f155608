"""What SQLite's errors mean in the tree of refusals."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

import apsw

from angarium.engine.disk import as_refusal
from angarium.errors import AngariumError, DiskFailed, DiskFull, StoreBusy, StoreDamaged, StoreReadOnly

Answer = TypeVar("Answer")


def as_refusal_of_index(error: apsw.Error) -> AngariumError:
    """The refusal that an error of SQLite means."""
    match error:
        case apsw.FullError():
            return DiskFull(str(error))
        case apsw.CorruptError() | apsw.NotADBError():
            return StoreDamaged(str(error))
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError():
            return StoreReadOnly(str(error))
        case apsw.BusyError() | apsw.LockedError():
            return StoreBusy(str(error))
        case apsw.ConnectionClosedError():
            return StoreBusy("the engine is closed")
        case _:
            return DiskFailed(str(error))


def as_known(error: Exception) -> Exception:
    """The error in the tree's words where it is the machine's; any other is our own bug, and stays what it is."""
    match error:
        case apsw.Error():
            return as_refusal_of_index(error)
        case OSError():
            return as_refusal(error)
        case _:
            return error


async def in_executor(executor: Executor, call: Callable[[], Answer]) -> Answer:
    """The answer of a call in a pool; what the machine refuses as refusals."""
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, call)
    except (OSError, apsw.Error) as error:
        raise as_known(error) from error
