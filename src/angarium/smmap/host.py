"""What connections of socket maps are given: the store, their settings, and the doors of the worker."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from angarium.config import Settings
from angarium.operations.delivery import GroupsOf, no_groups
from angarium.store import Store


class Connection(Protocol):
    """What a worker asks of a connection."""

    def close_for_shutdown(self) -> None: ...

    def abort(self) -> None: ...

    def wake(self) -> None: ...


Admit = Callable[[str, Connection, str], Callable[[], None] | None]
"""Asks for a place for a connection from an address (empty for a unix socket) with its session id; gives what leaves
the place, or None where there is none."""


@dataclass(frozen=True, slots=True)
class SmmapHost:
    """One for a service and its settings; a connection keeps the one that it began with."""

    store: Store
    settings: Settings
    """Those of the service (`Settings.for_service`)."""
    admit: Admit
    shutdown_text: Callable[[], str | None]
    """Gives a line of printable ASCII while nobody is served (`msg/shutdown`), else None."""
    groups_of: GroupsOf = no_groups
    """Of those who may be new (`autocreate_users`)."""
    ignores_subaddress: bool = False
    """Whether mail for a mailbox that is not there is mail for its user (`smmapd -p`), as it is to LMTP."""
