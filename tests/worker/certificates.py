"""Certificates: one that signs itself, and an authority with what it issues and revokes."""

import datetime
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

UPN = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


def make_certificate(directory: Path) -> Path:
    """A file with certificate and key."""
    return Authority("mail.test").write_own(directory / "cert.pem")


class Authority:
    """Signs certificates, its own first."""

    def __init__(self, name: str = "authority.test") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._revoked: list[int] = []
        self.certificate = (
            self._builder(self._name, 1)
            .public_key(self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def write_own(self, path: Path) -> Path:
        """Its certificate and key."""
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM) + _private(self._key))
        return path

    def write(self, path: Path) -> Path:
        """Its certificate, for those who trust it."""
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def issue(
        self,
        subject: Sequence[tuple[ObjectIdentifier, str]] = (),
        *,
        names: Sequence[x509.GeneralName] = (),
        days: float = 100,
        further: Sequence[x509.ExtensionType] = (),
    ) -> "Issued":
        """A certificate for whom it is told, with further extensions."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(oid, value) for oid, value in subject])
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = (
            self._builder(name, days)
            .public_key(key.public_key())
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        for extension in further:
            builder = builder.add_extension(extension, critical=False)
        return Issued(builder.sign(self._key, hashes.SHA256()), _private(key))

    def issue_for_hosts(self, *hosts: str, days: float = 100) -> "Issued":
        """One for a server."""
        return self.issue(names=[x509.DNSName(host) for host in hosts], days=days)

    def issue_for_user(self, name: str) -> "Issued":
        """One for a user, by its common name."""
        return self.issue([(NameOID.COMMON_NAME, name)])

    def revoke(self, issued: "Issued") -> None:
        """From the next list on."""
        self._revoked.append(issued.certificate.serial_number)

    def write_revoked(self, path: Path) -> Path:
        """The list of what was revoked."""
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        builder = builder.last_update(now).next_update(now + datetime.timedelta(days=1))
        for number in self._revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now).build()
            builder = builder.add_revoked_certificate(entry)
        path.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return path

    def _builder(self, subject: x509.Name, days: float) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=90))
        return builder.not_valid_after(now + datetime.timedelta(days=days))


class Issued:
    """A certificate and its key."""

    def __init__(self, certificate: x509.Certificate, key: bytes) -> None:
        self.certificate = certificate
        self.key = key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def write(self, path: Path) -> Path:
        """A file with both."""
        path.write_bytes(self.pem + self.key)
        return path


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
