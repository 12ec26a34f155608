"""What connections of socket maps are given: the store, their settings, and the doors of the worker."""

from collections.abc import Callable
from dataclasses import dataclass

from angarium.config import Settings
from angarium.connections import Admit
from angarium.operations.delivery import GroupsOf, no_groups
from angarium.store import Store


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
