"""The client's side of a SASL mechanism: what it is begun with, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from angarium.errors import ClientExchangeFailed


class ClientGssContext(Protocol):
    """A security context of the GSS-API on the side of the initiator (RFC 2743), asking for integrity; its calls may
    block."""

    def initiate(self, token: bytes) -> tuple[bytes, bool]:
        """Takes the server's token, an empty one at first; gives one for the server, which may be empty, and whether
        the context stands. ValueError."""

    def wrap(self, data: bytes) -> bytes:
        """Without confidentiality. ValueError."""

    def unwrap(self, data: bytes) -> bytes:
        """ValueError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSetting:
    """What an exchange depends on beside the messages of the server."""

    service: str
    """As SASL names the protocol: `imap`, `pop`, `sieve`, `lmtp`."""
    host: str
    """The server's name, as it was connected to."""
    nonce: Callable[[], str]
    """Gives a new unguessable text of printable ASCII without commas or quotes, each time."""
    authcid: str = ""
    password: str = field(default="", repr=False)
    authzid: str | None = None
    realm: str | None = None
    """For DIGEST-MD5; None: the first that the server names."""
    token: str = field(default="", repr=False)
    """A bearer token."""
    port: int | None = None
    """For OAUTHBEARER; may be left out."""
    trace: str | None = None
    """For ANONYMOUS: who it is, for the server's log; None does not want to come in so."""
    certificate: bool = False
    """Whether the layer below has shown the server who it is; for EXTERNAL."""
    gss: ClientGssContext | None = None
    bindings: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """The data of each channel binding that this connection has; the first is used."""
    announced: tuple[str, ...] = ()
    """The mechanisms that the server has announced, in capitals."""


class ClientMechanism(Protocol):
    """One exchange: `start`, `step` for each challenge, `succeed` when the server says that it was successful."""

    @property
    def name(self) -> str: ...

    def start(self) -> bytes | None:
        """The initial response; None where the server speaks first. A protocol that has no initial responses sends it
        as answer to the first, empty challenge. ClientExchangeFailed."""

    def step(self, challenge: bytes) -> bytes:
        """The response to a challenge. ClientExchangeFailed for a server that does not keep to the mechanism, or has
        not proven what it must; the exchange is to be cancelled then."""

    def succeed(self, final: bytes | None = None) -> None:
        """Take the server's word of success, and what came with it (RFC 4422 §3.6). ClientExchangeFailed for one that
        has not proven what it must: nothing that it says is to be believed then."""


class WithoutServerProof:
    """A mechanism in which the server proves nothing, and sends nothing with success."""

    __slots__ = ()

    def succeed(self, final: bytes | None = None) -> None:
        if final:
            raise ClientExchangeFailed("the server sent data with its word of success where there is none")


class OneResponse(WithoutServerProof):
    """A mechanism whose one message the client sends first."""

    __slots__ = ()

    def step(self, challenge: bytes) -> bytes:  # noqa: ARG002  each mechanism has it
        raise ClientExchangeFailed("the server sent a challenge where there is none")
