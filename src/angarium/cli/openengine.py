"""The engine by the settings, and its refusals to open as one line with a path."""

import apsw

from angarium.cli.policy import sqlite_options
from angarium.cli.readonly import ReadOnlyEngine
from angarium.config import Settings
from angarium.engine.sources import Sources
from angarium.engine.sqlite import SqliteEngine
from angarium.engine.sqlite.refusals import as_refusal_of_index
from angarium.errors import AngariumError, DiskFailed, DiskFull, StoreBusy, StoreDamaged, StoreReadOnly


async def open_engine(settings: Settings, sources: Sources) -> SqliteEngine:
    """Open, or make, the store of these settings. DiskFull, DiskFailed, StoreReadOnly, StoreDamaged, StoreBusy."""
    kind = ReadOnlyEngine if settings.mailboxes.readonly else SqliteEngine
    try:
        return await kind.open(sqlite_options(settings), sources)
    except (DiskFull, DiskFailed, StoreReadOnly, StoreDamaged, StoreBusy) as error:
        raise type(error)(_cannot_open(error, settings)) from error


def _cannot_open(error: AngariumError, settings: Settings) -> str:
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.filename:
        return f"{cause.filename}: the store cannot be opened: {cause.strerror}"
    return f"{settings.directories.configdirectory}: the store cannot be opened: {error}"


def located(error: apsw.Error | AngariumError, settings: Settings) -> AngariumError:
    """The refusal that an error of the opened store means, with the directory of the store."""
    known = as_refusal_of_index(error) if isinstance(error, apsw.Error) else error
    directory = str(settings.directories.configdirectory)
    return known if directory in str(known) else type(known)(f"{directory}: {known}")
