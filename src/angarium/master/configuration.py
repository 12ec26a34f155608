"""What the master is given: the configuration, the program of the workers, and what it tells back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from angarium.config import CyrusConf, Settings
from angarium.master.listeners import Listener
from angarium.worker import OpenProgram


@dataclass(frozen=True, slots=True)
class Configuration:
    """Both files, parsed."""

    settings: Settings
    conf: CyrusConf


LoadConfiguration = Callable[[], Configuration]
"""Parses everything again. Raises ConfigError."""

WhenServing = Callable[[Sequence[Listener]], None]
"""Called in the master, once, when every worker serves; the addresses are those that were bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server to be run."""

    configuration: Configuration
    load: LoadConfiguration
    open_program: OpenProgram
    when_serving: WhenServing
    daemonise: bool = False
    worker_silence_max: timedelta | None = None
    """In place of the setting, which cannot be below a second."""
