"""What the TLS of a connection says of who is at its other end; transports of TLS tell it, and front ends ask here."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from angarium.auth import Peer

SECURED: Final = "angarium.secured"
"""The name by which a transport of TLS is asked for its `Secured` (`get_extra_info`)."""


@dataclass(frozen=True, slots=True)
class Secured:
    """What a handshake that is done has brought."""

    bindings: Mapping[str, bytes]
    """Channel bindings (RFC 5929); empty where there are none."""
    certificate_user: str | None
    """Whom the verified certificate of the client names."""
    cipher: str
    """Version and suite, as OpenSSL names them."""


def secured(transport: asyncio.BaseTransport) -> Secured | None:
    """Of a transport behind its handshake; None without TLS."""
    found = transport.get_extra_info(SECURED)
    return found if isinstance(found, Secured) else None


def secured_peer(peer: Peer, transport: asyncio.BaseTransport) -> Peer:
    """The peer with what the TLS of its transport says, as it is without TLS."""
    found = secured(transport)
    if found is None:
        return peer
    return peer._replace(
        is_tls=True, bindings=found.bindings, certificate_user=found.certificate_user, cipher=found.cipher
    )
