"""A certificate for a server that has none: self-signed, for the names by which this machine reaches itself."""

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from angarium.cli.privatefile import write_private

_VALIDITY: Final = timedelta(days=3650)
_CLOCK_SKEW: Final = timedelta(hours=1)
_COMMON_NAME_MAX: Final = 64


def make_certificate(certificate: Path, key: Path, *, hostname: str) -> None:
    """Write a new key and a certificate for it, both readable to their owner alone; the key is there first."""
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signed = self_signed(private, hostname=hostname, now=datetime.now(UTC))
    os.makedirs(certificate.parent, mode=0o700, exist_ok=True)
    write_private(key, pem)
    write_private(certificate, signed.public_bytes(serialization.Encoding.PEM))


def self_signed(private: ec.EllipticCurvePrivateKey, *, hostname: str, now: datetime) -> x509.Certificate:
    """A certificate for localhost, both loopback addresses and the machine's name (RFC 5280 §4.2.1.6)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:_COMMON_NAME_MAX])])
    names = dict.fromkeys(("localhost", hostname))
    alternatives = x509.SubjectAlternativeName(
        [
            *[x509.DNSName(each) for each in names],
            x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")),
            x509.IPAddress(ipaddress.IPv6Address("::1")),
        ]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALIDITY)
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
