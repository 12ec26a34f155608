import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from angarium.sasl.channelbinding import end_point_binding

KEYS: dict[str, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey] = {
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}


@pytest.mark.parametrize(
    ("key", "algorithm", "is_pss", "expected"),
    [
        ("ec", hashes.SHA256(), False, "sha256"),
        ("ec", hashes.SHA384(), False, "sha384"),
        ("rsa", hashes.SHA512(), False, "sha512"),
        ("rsa", hashes.SHA3_256(), False, "sha3_256"),
        ("rsa", hashes.SHA384(), True, "sha384"),
        ("ed25519", None, False, None),
    ],
)
def test_the_binding_is_a_hash_by_that_of_the_signature(
    key: str, algorithm: hashes.SHA256 | None, is_pss: bool, expected: str | None
) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEYS[key].public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH) if is_pss and algorithm else None
    made = builder.sign(KEYS[key], algorithm, rsa_padding=pss)
    der = made.public_bytes(Encoding.DER)
    assert end_point_binding(made) == (hashlib.new(expected, der).digest() if expected else b"")


# Signed with SHA-1.
OLD = b"""\
-----BEGIN CERTIFICATE-----
MIIBfDCCASKgAwIBAgIUMHbCsIt7WNa7dSu/GLaeIkNKEkEwCQYHKoZIzj0EATAT
MREwDwYDVQQDDAhvbGQudGVzdDAgFw0yNjExMjIwMDU5NDlaGA8yMTI2MTAyOTAw
NTk0OVowEzERMA8GA1UEAwwIb2xkLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAARt2BmBMOEUYIRGzsbVwuHiTE17HsojzX7Y76o6oLJr5IuYr1N0RGtW3gXi
cplDsHODuVym53l/sYmfIy7PHBb/o1MwUTAdBgNVHQ4EFgQU5fndGtaqP9tJ106G
NmPKN1ORwhQwHwYDVR0jBBgwFoAU5fndGtaqP9tJ106GNmPKN1ORwhQwDwYDVR0T
AQH/BAUwAwEB/zAJBgcqhkjOPQQBA0kAMEYCIQDKfRQfbeCgxpLdQa5uvYAszFrp
EKL3G1jDO4U+rT7nLwIhAMugTKcYS98DdYJ9xvI75Pdbzc605f5BqZirutEHtPy/
-----END CERTIFICATE-----
"""


def test_a_hash_that_is_too_weak_is_replaced() -> None:
    """RFC 5929 §4.1."""
    old = x509.load_pem_x509_certificate(OLD)
    assert isinstance(old.signature_hash_algorithm, hashes.SHA1)
    assert end_point_binding(old) == hashlib.sha256(old.public_bytes(Encoding.DER)).digest()
