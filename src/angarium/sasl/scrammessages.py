"""The messages of SCRAM (RFC 5802 §7): attributes of one letter, in a fixed order, with commas between them."""

import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from angarium.errors import FailureReason
from angarium.sasl.exchange import Failed
from angarium.sasl.gs2 import unescape_name

_PRINTABLE: Final = re.compile(rb"[\x21-\x2b\x2d-\x7e]+")
_ATTRIBUTE: Final = re.compile(rb"[A-Za-z]=[^\x00,]+", re.DOTALL)
_POSITIVE: Final = re.compile(rb"[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class ClientFirst:
    """What a client begins with, behind the header."""

    username: str
    nonce: str


@dataclass(frozen=True, slots=True)
class ServerFirst:
    """How the client is to derive its keys."""

    nonce: str
    salt: bytes
    iterations: int


@dataclass(frozen=True, slots=True)
class ClientFinal:
    """What a client proves."""

    binding: bytes
    """Header and channel binding data."""
    nonce: str
    proof: bytes = field(repr=False)
    without_proof: bytes
    """The octets that the proof is of."""


def parse_client_first(bare: bytes) -> ClientFirst | Failed:
    """The message without its header."""
    attributes = _attributes(bare, "nr")
    if isinstance(attributes, Failed):
        return attributes
    username, nonce = unescape_name(attributes[0]), _printable(attributes[1])
    if isinstance(username, Failed):
        return username
    return nonce if isinstance(nonce, Failed) else ClientFirst(username, nonce)


def parse_server_first(message: bytes) -> ServerFirst | Failed:
    """As the client reads it."""
    attributes = _attributes(message, "rsi")
    if isinstance(attributes, Failed):
        return attributes
    nonce, salt = _printable(attributes[0]), decode_base64(attributes[1])
    if isinstance(nonce, Failed):
        return nonce
    if isinstance(salt, Failed):
        return salt
    if _POSITIVE.fullmatch(attributes[2]) is None:
        return Failed(FailureReason.MALFORMED)
    return ServerFirst(nonce, salt, int(attributes[2]))


def parse_client_final(message: bytes) -> ClientFinal | Failed:
    """The proof stands behind extensions, and there is nothing behind it."""
    without_proof, comma, last = message.rpartition(b",")
    if not comma or not last.startswith(b"p="):
        return Failed(FailureReason.MALFORMED)
    attributes = _attributes(without_proof, "cr")
    if isinstance(attributes, Failed):
        return attributes
    binding, nonce, proof = decode_base64(attributes[0]), _printable(attributes[1]), decode_base64(last[2:])
    if isinstance(binding, Failed):
        return binding
    if isinstance(nonce, Failed):
        return nonce
    return proof if isinstance(proof, Failed) else ClientFinal(binding, nonce, proof, without_proof)


def decode_base64(octets: bytes) -> bytes | Failed:
    """The octets of an attribute in base64."""
    try:
        return binascii.a2b_base64(octets, strict_mode=True)
    except binascii.Error:
        return Failed(FailureReason.MALFORMED)


def encode_base64(octets: bytes) -> str:
    """The inverse of `decode_base64`."""
    return binascii.b2a_base64(octets, newline=False).decode()


def _attributes(message: bytes, letters: str) -> list[bytes] | Failed:
    """The values of these attributes, which stand first; unknown ones behind them are passed over, and `m`, which says
    that the rest must be understood, is refused wherever it stands (RFC 5802 §5.1)."""
    found = message.split(b",")
    if any(_ATTRIBUTE.fullmatch(attribute) is None for attribute in found):
        return Failed(FailureReason.MALFORMED)
    names = [attribute[:1].decode() for attribute in found]
    if "m" in names:
        return Failed(FailureReason.UNSUPPORTED)
    if "".join(names[: len(letters)]) != letters:
        return Failed(FailureReason.MALFORMED)
    return [attribute[2:] for attribute in found[: len(letters)]]


def _printable(octets: bytes) -> str | Failed:
    return octets.decode() if _PRINTABLE.fullmatch(octets) is not None else Failed(FailureReason.MALFORMED)
