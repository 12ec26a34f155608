"""The options by name, gathered from the settings classes."""

from dataclasses import dataclass, fields
from typing import Final, cast

from .option import Option, SettingsClass, options_of
from .settings import Settings


@dataclass(frozen=True, slots=True)
class TableEntry:
    """An option and the field of `Settings` that it belongs to."""

    subsystem: str
    option: Option


SUBSYSTEMS: Final[dict[str, type[SettingsClass]]] = {
    each.name: cast(type[SettingsClass], each.type) for each in fields(Settings) if isinstance(each.type, type)
}

OPTIONS: Final[dict[str, TableEntry]] = {
    option.name: TableEntry(subsystem, option)
    for subsystem, settings_class in SUBSYSTEMS.items()
    for option in options_of(settings_class)
}
