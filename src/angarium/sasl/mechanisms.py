"""The mechanisms that this server has, by the names in the IANA registry (RFC 4422 §3.1)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Flag, auto
from functools import partial
from types import MappingProxyType

from angarium.sasl.anonymous import AnonymousServer
from angarium.sasl.bearer import oauthbearer_server, xoauth2_server
from angarium.sasl.crammd5 import CramMd5Server
from angarium.sasl.digestmd5 import DigestMd5Server
from angarium.sasl.exchange import ExchangeSetting, ServerMechanism
from angarium.sasl.external import ExternalServer
from angarium.sasl.gssapi import GssapiServer
from angarium.sasl.login import LoginServer
from angarium.sasl.plain import PlainServer
from angarium.sasl.scram import ScramHash
from angarium.sasl.scramserver import ScramServer


class Needs(Flag):
    """What a mechanism cannot work without."""

    PASSWORD = auto()
    """Somebody who checks passwords (`sasl_pwcheck_method`); the password itself crosses the wire, so that it takes TLS
    or `allowplaintext`."""
    KEYS = auto()
    """Stored keys of SCRAM."""
    SECRET = auto()
    """Passwords that are stored as they are."""
    BINDING = auto()
    """A channel binding, so TLS."""
    CERTIFICATE = auto()
    """A client that the layer below knows by name."""
    TOKEN = auto()
    """Somebody who checks bearer tokens; they cross the wire, so that it takes TLS (RFC 7628 §4)."""
    GSS = auto()
    """A key table of the service."""
    ANONYMOUS = auto()
    """`allowanonymouslogin`: it lets in who does not say who she is."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A mechanism, and how an exchange of it begins."""

    name: str
    needs: Needs
    start: Callable[[ExchangeSetting], ServerMechanism]
    hash: ScramHash | None = None
    """Of SCRAM."""

    @property
    def plaintext(self) -> bool:
        """Whether a password or token crosses the wire as it is."""
        return bool(self.needs & (Needs.PASSWORD | Needs.TOKEN))


def _scram(name: str, scram_hash: ScramHash) -> Mechanism:
    return Mechanism(name, Needs.KEYS, partial(ScramServer, scram_hash), scram_hash)


def _scram_plus(name: str, scram_hash: ScramHash) -> Mechanism:
    return Mechanism(name, Needs.KEYS | Needs.BINDING, partial(ScramServer, scram_hash, plus=True), scram_hash)


MECHANISMS: Mapping[str, Mechanism] = MappingProxyType(
    {
        mechanism.name: mechanism
        for mechanism in (
            Mechanism("PLAIN", Needs.PASSWORD, lambda _: PlainServer()),
            Mechanism("LOGIN", Needs.PASSWORD, lambda _: LoginServer()),
            Mechanism("CRAM-MD5", Needs.SECRET, CramMd5Server),
            Mechanism("DIGEST-MD5", Needs.SECRET, DigestMd5Server),
            _scram("SCRAM-SHA-1", ScramHash.SHA_1),
            _scram("SCRAM-SHA-256", ScramHash.SHA_256),
            _scram("SCRAM-SHA-512", ScramHash.SHA_512),
            _scram_plus("SCRAM-SHA-1-PLUS", ScramHash.SHA_1),
            _scram_plus("SCRAM-SHA-256-PLUS", ScramHash.SHA_256),
            _scram_plus("SCRAM-SHA-512-PLUS", ScramHash.SHA_512),
            Mechanism("GSSAPI", Needs.GSS, lambda _: GssapiServer()),
            Mechanism("EXTERNAL", Needs.CERTIFICATE, lambda _: ExternalServer()),
            Mechanism("OAUTHBEARER", Needs.TOKEN, lambda _: oauthbearer_server()),
            Mechanism("XOAUTH2", Needs.TOKEN, lambda _: xoauth2_server()),
            Mechanism("ANONYMOUS", Needs.ANONYMOUS, lambda _: AnonymousServer()),
        )
    }
)
"""By name, in the order in which they are announced: that of Cyrus as far as it has them."""


def find_mechanism(name: str) -> Mechanism | None:
    """The mechanism of that name, in any case of its letters."""
    return MECHANISMS.get(name.upper()) if name.isascii() else None
