"""What a running server does not take from a file that is read again: the options that hold from its start on.

The store is opened by them, and all workers must see it alike; one that is replaced later, too.
"""

from dataclasses import replace
from typing import Final

from .option import options_of
from .settings import Settings
from .table import SUBSYSTEMS

_AT_START: Final = {
    subsystem: tuple([option.name for option in options_of(settings_class) if option.at_start])
    for subsystem, settings_class in SUBSYSTEMS.items()
}


def kept_until_restart(read: Settings, running: Settings) -> tuple[Settings, tuple[str, ...]]:
    """The settings to go on with, and the options that are otherwise in `read` and wait for a restart."""
    waiting: dict[str, None] = {}
    kept = _kept(read, running, waiting)
    services = {
        name: _kept(read.for_service(name), running.for_service(name), waiting)
        for name in {**read.services, **running.services}
    }
    return replace(kept, services=services), tuple(waiting)


def _kept(read: Settings, running: Settings, waiting: dict[str, None]) -> Settings:
    changed: dict[str, object] = {}
    for subsystem, names in _AT_START.items():
        new, old = getattr(read, subsystem), getattr(running, subsystem)
        values = {name: getattr(old, name) for name in names if getattr(new, name) != getattr(old, name)}
        waiting.update(dict.fromkeys(values))
        if subsystem == "directories" and read.directories.partitions != running.directories.partitions:
            before, after = running.directories.partitions, read.directories.partitions
            names_of = sorted({name for name, _ in before.items() ^ after.items()})
            waiting.update(dict.fromkeys([f"partition-{name}" for name in names_of]))
            values["partitions"] = before
        if values:
            changed[subsystem] = replace(new, **values)
    # The table of options names the fields, so what is replaced has their types.
    return replace(read, **changed)  # type: ignore[arg-type]
