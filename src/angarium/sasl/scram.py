"""The keys by which SCRAM knows a password without keeping it (RFC 5802 §3; RFC 7677 for SHA-256)."""

import enum
import hashlib
import hmac
from dataclasses import dataclass, field

from angarium.sasl import saslprep

MIN_ITERATIONS = 4096
"""The least count that RFC 5802 §5.1 allows."""


class ScramHash(enum.Enum):
    """The hash of a SCRAM mechanism, by its name in `hashlib`."""

    SHA_1 = "sha1"
    SHA_256 = "sha256"
    SHA_512 = "sha512"


@dataclass(frozen=True, slots=True)
class ScramKeys:
    """What is stored for one user and one hash. Who steals it can play the server, but not log in."""

    hash: ScramHash
    stored: bytes = field(repr=False)
    server: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    iterations: int


def derive_keys(
    password: str,
    *,
    salt: bytes,
    iterations: int,
    hash: ScramHash,  # noqa: A002 - the RFC's word
) -> ScramKeys:
    """The keys for `password`; takes as long as `iterations` want, without the interpreter's lock.

    The salt must be random and this user's alone. Raises PreparationFailed for a password that cannot be stored, and
    ValueError for fewer than MIN_ITERATIONS.
    """
    if iterations < MIN_ITERATIONS:
        raise ValueError(f"SCRAM takes at least {MIN_ITERATIONS} iterations")
    keys = derive_client_keys(saslprep.prepare(password), salt=salt, iterations=iterations, hash=hash)
    return ScramKeys(hash, hashlib.new(hash.value, keys.client).digest(), keys.server, salt, iterations)


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """What a client works with (RFC 5802 §3)."""

    client: bytes = field(repr=False)
    server: bytes = field(repr=False)


def derive_client_keys(
    prepared: str,
    *,
    salt: bytes,
    iterations: int,
    hash: ScramHash,  # noqa: A002 - the RFC's word
) -> ClientKeys:
    """The keys for a password that has been prepared; as `derive_keys`."""
    salted = hashlib.pbkdf2_hmac(hash.value, prepared.encode("utf-8"), salt, iterations)
    return ClientKeys(
        client=hmac.digest(salted, b"Client Key", hash.value), server=hmac.digest(salted, b"Server Key", hash.value)
    )


def xor(left: bytes, right: bytes) -> bytes:
    """Of two texts of the same length."""
    return bytes([a ^ b for a, b in zip(left, right, strict=True)])
