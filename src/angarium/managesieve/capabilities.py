"""What is announced (RFC 5804 §1.7), in the order of Cyrus."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from angarium import __version__
from angarium.config import ServerInfo, Settings
from angarium.managesieve.responses import serialize_line
from angarium.operations.scripts import allowed_extensions
from angarium.sieve import CAPABILITIES

_NOTIFY_METHODS: Final = "mailto"
_LIST_TYPES: Final = "urn:angarium:list urn:ietf:params:sieve:addrbook"
_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True)
class Occasion:
    """What decides what is announced to a client now."""

    settings: Settings
    mechanisms: Sequence[str] = ()
    """SASL mechanisms that it may use; none once it has logged in."""
    starttls: bool = False
    """Whether TLS may be begun."""
    owner: str | None = None
    """Whose scripts it manages, once it has logged in."""


def capabilities(occasion: Occasion) -> bytes:
    """The lines, without the response that ends them."""
    settings = occasion.settings
    extensions = allowed_extensions(settings.sieve)
    lines: list[tuple[str, str | None]] = [("IMPLEMENTATION", _implementation(settings)), ("VERSION", "1.0")]
    # §1.7: an empty list says that STARTTLS comes first.
    if occasion.mechanisms or occasion.starttls:
        lines.append(("SASL", " ".join(occasion.mechanisms)))
    lines.append(("SIEVE", " ".join([name for name in CAPABILITIES if name in extensions])))
    lines += _of_extensions(extensions)
    lines += [("MAXREDIRECTS", str(settings.sieve.sieve_maxredirects)), ("LANGUAGE", _LANGUAGE)]
    if occasion.starttls:
        lines.append(("STARTTLS", None))
    if occasion.owner is not None:
        lines.append(("OWNER", occasion.owner))
    lines.append(("UNAUTHENTICATE", None))
    return b"".join([_line(name, value) for name, value in lines])


def _of_extensions(extensions: Collection[str]) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    if "enotify" in extensions:
        found.append(("NOTIFY", _NOTIFY_METHODS))
    if "extlists" in extensions:
        found.append(("EXTLISTS", _LIST_TYPES))  # RFC 6134 §2.8
    return found


def _implementation(settings: Settings) -> str:
    match settings.server.serverinfo:
        case ServerInfo.ON:
            return f"Angarium {__version__}"
        case ServerInfo.MIN:
            return "Angarium"
        case ServerInfo.OFF:
            return "ManageSieve"


def _line(name: str, value: str | None) -> bytes:
    return serialize_line(name.encode()) if value is None else serialize_line(name.encode(), value.encode())
