"""The mechanisms that this server has, by the names in the IANA registry (RFC 4422 §3.1)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from angarium.sasl.anonymous import AnonymousServer
from angarium.sasl.exchange import ServerMechanism
from angarium.sasl.login import LoginServer
from angarium.sasl.plain import PlainServer


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A mechanism, and how an exchange of it begins."""

    name: str
    plaintext: bool
    """Whether the password itself crosses the wire, so that it takes TLS or `allowplaintext`."""
    start: Callable[[], ServerMechanism]
    anonymous: bool = False
    """Whether it lets in who does not say who she is, so that it takes `allowanonymouslogin`."""


MECHANISMS: Mapping[str, Mechanism] = MappingProxyType(
    {
        mechanism.name: mechanism
        for mechanism in (
            Mechanism("PLAIN", plaintext=True, start=PlainServer),
            Mechanism("LOGIN", plaintext=True, start=LoginServer),
            Mechanism("ANONYMOUS", plaintext=False, start=AnonymousServer, anonymous=True),
        )
    }
)
"""By name, in the order in which they are announced."""


def find_mechanism(name: str) -> Mechanism | None:
    """The mechanism of that name, in any case of its letters."""
    return MECHANISMS.get(name.upper()) if name.isascii() else None
