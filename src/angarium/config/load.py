"""imapd.conf into settings: what each key means, for the server and for each service.

Everything is checked before anything is refused, so that an administrator sees all faults of a file at once.
"""

import difflib
import os
import re
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

from .imapdconf import Entry, ParsedFile, parse_imapd_conf, read_imapd_conf
from .kinds import Duration, FilePath, Kind
from .notices import Notice, NoticeEvent, Position
from .option import Option, Scope, SettingsClass, options_of
from .options import (
    SERVED_AUXPROP_PLUGINS,
    SERVED_GROUPS,
    SERVED_NOTIFIERS,
    SERVED_PARAMETERS,
    SERVED_TLS_VERSIONS,
    AutocreateSettings,
    DirectorySettings,
    PwcheckMethod,
)
from .options.server import HOST_NAME, MAX_WORKERS
from .problems import Problem, refusal
from .quantities import serialize_duration
from .recognised import OLD_NAMES, RECOGNISED, is_as_served, recognise
from .settings import Settings
from .table import OPTIONS, SUBSYSTEMS

_PARTITION: Final = re.compile(r"partition-([a-z0-9_]+)")
_XLIST: Final = re.compile(r"xlist-([a-z0-9-]{1,50})")
_NO_PARTITION: Final = "not the name of a partition; allowed: partition- and letters and digits"
_SERVED_VALUES: Final[Mapping[str, frozenset[StrEnum]]] = {
    "event_notifier": frozenset(SERVED_NOTIFIERS),
    "event_groups": frozenset(SERVED_GROUPS),
    "event_extra_params": frozenset(SERVED_PARAMETERS),
    "sasl_auxprop_plugin": frozenset(SERVED_AUXPROP_PLUGINS),
    "tls_versions": SERVED_TLS_VERSIONS,
}
_REQUIRED: Final = frozenset({"{required}", "{partition}"})


@dataclass(frozen=True, slots=True)
class Machine:
    """What defaults take from the machine."""

    hostname: str
    cores: int

    @classmethod
    def here(cls) -> "Machine":
        hostname = socket.gethostname()
        return cls(hostname if HOST_NAME.fullmatch(hostname) else "localhost", len(os.sched_getaffinity(0)))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and what there is to say of the file that they come from: of its names first, then of its values."""

    settings: Settings
    notices: tuple[Notice, ...]


def load_settings(path: Path, *, services: Collection[str] | None = None, machine: Machine | None = None) -> Loaded:
    """The settings of an imapd.conf.

    `services` are the names of cyrus.conf, which may stand before an option; None, for a tool that has no cyrus.conf,
    takes every such name. Raises ConfigError with a line for each fault.
    """
    return _load(read_imapd_conf(path), path, services, machine)


def parse_settings(
    text: str, *, file: Path, services: Collection[str] | None = None, machine: Machine | None = None
) -> Loaded:
    """The same for a text that stands, or would stand, in `file`."""
    return _load(parse_imapd_conf(text, file), file, services, machine)


def _load(parsed: ParsedFile, file: Path, services: Collection[str] | None, machine: Machine | None) -> Loaded:
    loader = _Loader(file, services, machine or Machine.here())
    if not parsed.is_whole:
        # What is not set here may be set in the rest.
        raise refusal(parsed.problems)
    loader.problems.extend(parsed.problems)
    for entry in parsed.entries:
        loader.take(entry)
    settings = loader.build()
    if loader.problems:
        raise refusal(loader.problems)
    assert settings is not None, "a build that fails says why"
    return Loaded(settings, tuple(loader.notices))


@dataclass(slots=True)
class _Assigned:
    """The entries of the whole server, or of one service, by option."""

    entries: dict[str, Entry] = field(default_factory=dict)


class _Loader:
    def __init__(self, file: Path, services: Collection[str] | None, machine: Machine) -> None:
        self._file = file
        self._services = services
        self._machine = machine
        self._server = _Assigned()
        self._by_service: dict[str, _Assigned] = {}
        self._partitions: dict[str, Entry] = {}
        self._special_uses: dict[str, Entry] = {}
        self._configdirectory = ""
        self.notices: list[Notice] = []
        self.problems: list[Problem] = []

    # What a key is

    def take(self, entry: Entry) -> None:
        """File one entry under what its key means."""
        partition = _PARTITION.fullmatch(entry.key)
        special_use = _XLIST.fullmatch(entry.key)
        if partition is not None:
            self._assign(self._partitions, partition[1], entry)
        elif special_use is not None:
            self._assign(self._special_uses, special_use[1], entry)
        elif entry.key.startswith("partition-"):
            self._refuse(entry, _NO_PARTITION)
        elif not self._take_name(entry, entry.key, None):
            self._take_prefixed(entry)

    def _take_name(self, entry: Entry, name: str, service: str | None) -> bool:
        """Whether the name is known; if so, the entry has been dealt with."""
        renamed = OLD_NAMES.get(name)
        if renamed is not None:
            since = f" since version {renamed.since}" if renamed.since else ""
            self._note(
                NoticeEvent.OPTION_DEPRECATED,
                entry,
                f"Option '{name}' is deprecated in favor of '{renamed.name}'{since}.",
            )
            name = renamed.name
        known = OPTIONS.get(name)
        if known is None:
            return self._take_unserved(entry, name)
        if service is None:
            self._assign(self._server.entries, name, entry)
        elif known.option.scope is Scope.SERVER:
            self._note(
                NoticeEvent.OPTION_WHOLE_SERVER,
                entry,
                f"Option '{name}' applies to the whole server; the line for '{service}' alone is left out.",
            )
        else:
            self._assign(self._by_service.setdefault(service, _Assigned()).entries, name, entry)
        return True

    def _take_unserved(self, entry: Entry, name: str) -> bool:
        recognised = recognise(name)
        if recognised is None:
            return False
        if is_as_served(name, entry.value):
            return True
        if recognised.served_later:
            text = f"Option '{name}' has no effect yet; it belongs to what is not served: {recognised.why}."
            self._note(NoticeEvent.OPTION_NOT_SERVED, entry, text)
        else:
            text = f"Option '{name}' has no meaning here: {recognised.why}."
            self._note(NoticeEvent.OPTION_WITHOUT_MEANING, entry, text)
        return True

    def _take_prefixed(self, entry: Entry) -> None:
        """A key with a service in front; the longest name that leaves a known option wins."""
        parts = entry.key.split("_")
        splits = [("_".join(parts[:count]), "_".join(parts[count:])) for count in range(1, len(parts))]
        known = [
            (service, name)
            for service, name in splits
            if name in OPTIONS or name in OLD_NAMES or recognise(name) is not None
        ]
        # `imap_sasl_sql_user` is `sasl_sql_user` of `imap`, though there is an option `sql_user` too.
        served = [each for each in known if self._services is None or each[0] in self._services]
        if served:
            service, name = served[0]
            self._take_name(entry, name, service)
            return
        if known:
            service, name = known[0]
            self._note(
                NoticeEvent.SERVICE_UNKNOWN,
                entry,
                f"Option '{name}' is set for '{service}', and cyrus.conf has no such service.",
            )
            return
        nearest = difflib.get_close_matches(entry.key, [*OPTIONS, *RECOGNISED, *OLD_NAMES], n=1, cutoff=0.75)
        hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
        self._note(NoticeEvent.OPTION_UNKNOWN, entry, f"Option '{entry.key}' is not known, and has no effect.{hint}")

    def _assign(self, into: dict[str, Entry], name: str, entry: Entry) -> None:
        earlier = into.setdefault(name, entry)
        if earlier is entry:
            return
        if name in OPTIONS and OPTIONS[name].option.repeated:
            into[name] = replace(earlier, value=f"{earlier.value}|{entry.value}")
        else:
            self._refuse(entry, f"it is set before, at {earlier.position}; allowed: once")

    # What a value is

    def build(self) -> Settings | None:
        """The settings, or None after problems."""
        configdirectory = self._server.entries.get("configdirectory")
        if configdirectory is None:
            self._refuse_file("configdirectory", "it is not set; allowed: an absolute path, beginning with /")
        # A bad one is refused by its own kind; what depends on it is checked as if it were there.
        absolute = configdirectory is not None and configdirectory.value.startswith("/")
        self._configdirectory = configdirectory.value if configdirectory is not None and absolute else "/"
        partitions = self._build_partitions()
        subsystems = {
            name: self._build_subsystem(settings_class, partitions) for name, settings_class in SUBSYSTEMS.items()
        }
        if any(subsystem is None for subsystem in subsystems.values()):
            return None
        # The table was made from the fields of Settings, so names and types agree with them.
        settings = Settings(**cast(dict[str, Any], subsystems))
        services = {name: self._for_service(settings, assigned) for name, assigned in self._by_service.items()}
        return replace(settings, services=MappingProxyType(services))

    def _build_partitions(self) -> dict[str, Path]:
        partitions: dict[str, Path] = {}
        names: dict[Path, str] = {}
        for name, entry in self._partitions.items():
            path = self._parse(FilePath(), entry)
            if not isinstance(path, Path):
                continue
            if path in names:
                self._refuse(entry, f"it has the path of partition-{names[path]}; allowed: a directory of its own")
            names[path] = name
            partitions[name] = path
        if not self._partitions:
            self._refuse_file("partition-default", "there is no partition; allowed: partition-NAME: an absolute path")
        return partitions

    def _default_partition(self, partitions: Mapping[str, Path], entry: Entry | None) -> str:
        if entry is not None:
            name = entry.value.lower()
            if self._partitions and name not in self._partitions:
                self._refuse(entry, f"there is no partition-{name}; allowed: " + ", ".join(self._partitions))
            return name
        if len(partitions) == 1:
            return next(iter(partitions))
        if partitions and "default" not in partitions:
            self._refuse_file("defaultpartition", "it is not set; allowed: " + ", ".join(partitions))
        return "default"

    def _build_subsystem(self, settings_class: type[SettingsClass], partitions: dict[str, Path]) -> object | None:
        values: dict[str, object] = {}
        faults = len(self.problems)
        for option in options_of(settings_class):
            entry = self._server.entries.get(option.name)
            if option.name == "defaultpartition":
                values[option.name] = self._default_partition(partitions, entry)
            elif entry is not None:
                self._set(values, option, entry)
            elif option.default is not None and option.default not in _REQUIRED:
                values[option.name] = option.kind.parse(self._fill_default(option.default))
        if settings_class is DirectorySettings:
            values["partitions"] = MappingProxyType(partitions)
            if "configdirectory" not in values:
                return None
        if settings_class is AutocreateSettings:
            uses = {use: entry.value for use, entry in self._special_uses.items()}
            values["special_uses"] = MappingProxyType(uses)
        if len(self.problems) > faults:
            return None
        try:
            made: object = cast(type[Any], settings_class)(**values)
        except ValueError as error:
            self._refuse_file("", str(error))
            return None
        return made

    def _for_service(self, settings: Settings, assigned: _Assigned) -> Settings:
        for subsystem, settings_class in SUBSYSTEMS.items():
            values: dict[str, object] = {}
            for option in options_of(settings_class):
                if option.name in assigned.entries:
                    self._set(values, option, assigned.entries[option.name])
            if not values:
                continue
            try:
                changed = replace(getattr(settings, subsystem), **values)
            except ValueError as error:
                self._refuse_file("", str(error))
            else:
                settings = replace(settings, **{subsystem: changed})
        return settings

    def _set(self, values: dict[str, object], option: Option, entry: Entry) -> None:
        if option.default is None and not entry.value:
            values[option.name] = None
            return
        value = self._parse(option.kind, entry)
        if value is None:
            return
        values[option.name] = value
        self._note_value(option, entry, value)

    def _note_value(self, option: Option, entry: Entry, value: object) -> None:
        kind = option.kind
        if isinstance(kind, Duration) and kind.raised_to is not None:
            if replace(kind, raised_to=None).parse(self._substitute(entry.value)) < kind.raised_to:
                raised = serialize_duration(kind.raised_to)
                self._note(NoticeEvent.VALUE_RAISED, entry, f"'{option.name}' is raised to its minimum, {raised}.")
        elif option.name == "sasl_pwcheck_method" and isinstance(value, tuple):
            if PwcheckMethod.ALWAYSTRUE in value:
                text = "Method 'alwaystrue' lets in anybody on this machine as any user, with any password."
                self._note(NoticeEvent.ANYONE_MAY_LOG_IN, entry, text)
        elif option.name in _SERVED_VALUES and isinstance(value, tuple):
            for each in value:
                if each not in _SERVED_VALUES[option.name]:
                    text = f"'{each}' of '{option.name}' is not served, and has no effect."
                    self._note(NoticeEvent.VALUE_NOT_SERVED, entry, text)

    def _parse(self, kind: Kind[object], entry: Entry) -> object | None:
        """The value; None after a problem, which no kind gives for a text."""
        try:
            return kind.parse(self._substitute(entry.value))
        except ValueError as error:
            self._refuse(entry, f"'{entry.value}' cannot be used ({error}); allowed: {kind.allowed}")
            return None

    def _substitute(self, value: str) -> str:
        return value.replace("{configdirectory}", self._configdirectory)

    def _fill_default(self, default: str) -> str:
        filled = default.replace("{hostname}", self._machine.hostname)
        return self._substitute(filled.replace("{cores}", str(min(self._machine.cores, MAX_WORKERS))))

    # What there is to say

    def _note(self, event: NoticeEvent, entry: Entry, text: str) -> None:
        self.notices.append(Notice(event, entry.position, entry.key, text))

    def _refuse(self, entry: Entry, text: str) -> None:
        self.problems.append(Problem(entry.position, entry.key, text))

    def _refuse_file(self, option: str, text: str) -> None:
        self.problems.append(Problem(Position(self._file, 0), option, text))
