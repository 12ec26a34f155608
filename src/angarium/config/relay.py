"""The server that takes outgoing mail, as `smtp_host` names it."""

import re
from dataclasses import dataclass
from typing import Final

from .kinds import ValueRefused

DEFAULT_PORT: Final = 587
"""The one that servers take mail of their users on."""
IMPLICIT_TLS_PORT: Final = 465
"""RFC 8314 §3.3."""
_PLACE: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?")
_WORDS: Final = frozenset({"tls", "noauth"})


@dataclass(frozen=True, slots=True)
class Relay:
    """A host and port, and how to speak with it."""

    host: str
    port: int = DEFAULT_PORT
    requires_tls: bool = False
    logs_in: bool = True
    """Where there is somebody to log in as."""

    @property
    def has_implicit_tls(self) -> bool:
        return self.port == IMPLICIT_TLS_PORT


@dataclass(frozen=True, slots=True)
class RelayKind:
    """`host:port/tls/noauth`."""

    name: str = "server"
    allowed: str = "host:port, then /tls and /noauth where wanted"
    unit: str = ""

    def parse(self, text: str) -> Relay:
        place, *words = text.split("/")
        found = _PLACE.fullmatch(place)
        if found is None:
            raise ValueRefused("not a host and port")
        if unknown := [word for word in words if word.lower() not in _WORDS]:
            raise ValueRefused(f"/{unknown[0]} is not known")
        port = int(found[3] or DEFAULT_PORT)
        if not 0 < port < 65536:
            raise ValueRefused("not a port")
        lowered = {word.lower() for word in words}
        return Relay(found[1] or found[2], port, "tls" in lowered, "noauth" not in lowered)
