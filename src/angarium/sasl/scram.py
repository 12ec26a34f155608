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
    prepared = saslprep.prepare(password).encode("utf-8")
    salted = hashlib.pbkdf2_hmac(hash.value, prepared, salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", hash.value)
    stored_key = hashlib.new(hash.value, client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", hash.value)
    return ScramKeys(hash, stored_key, server_key, salt, iterations)
