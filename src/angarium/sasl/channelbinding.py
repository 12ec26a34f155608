"""The data of the channel binding `tls-server-end-point` (RFC 5929 §4)."""

import hashlib
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

_REPLACED_HASHES: Final = frozenset({"md5", "sha1"})


def end_point_binding(certificate: x509.Certificate) -> bytes:
    """Of the server's certificate; empty where it has none.

    §4.1: the hash is that of the signature, but for those that are too weak; signatures without one hash, as those of
    Ed25519, have no such binding.
    """
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return b""
    if algorithm is None:
        return b""
    name = "sha256" if algorithm.name in _REPLACED_HASHES else algorithm.name.replace("sha3-", "sha3_")
    return hashlib.new(name, certificate.public_bytes(Encoding.DER)).digest()
