import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from angarium.config import TlsSettings, TlsVersion
from angarium.errors import ConfigError
from angarium.worker import server_context


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "cert.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


def test_a_certificate_with_its_key_in_one_file_serves(certificate: Path) -> None:
    context = server_context(TlsSettings(tls_server_cert=certificate, tls_versions=(TlsVersion.TLS1_3,)))
    assert context.minimum_version == context.maximum_version == ssl.TLSVersion.TLSv1_3


def test_no_certificate_is_refused() -> None:
    with pytest.raises(ConfigError, match="needs tls_server_cert"):
        server_context(TlsSettings())


@pytest.mark.parametrize("content", [None, b"nonsense"])
def test_an_unusable_certificate_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "cert.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=str(path)):
        server_context(TlsSettings(tls_server_cert=path))
