"""TLS contexts of services."""

import ssl
from pathlib import Path
from typing import Final

from angarium.config import TlsSettings, TlsVersion
from angarium.errors import ConfigError

_VERSIONS: Final = {
    TlsVersion.TLS1_0: ssl.TLSVersion.TLSv1,
    TlsVersion.TLS1_1: ssl.TLSVersion.TLSv1_1,
    TlsVersion.TLS1_2: ssl.TLSVersion.TLSv1_2,
    TlsVersion.TLS1_3: ssl.TLSVersion.TLSv1_3,
}


def server_context(settings: TlsSettings) -> ssl.SSLContext:
    """A context with the certificate as it is on disk now. ConfigError where it cannot be used."""
    certificate = settings.tls_server_cert
    if certificate is None:
        raise ConfigError("TLS needs tls_server_cert")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    versions = [version for version in _VERSIONS if version in settings.tls_versions]
    if versions:
        context.minimum_version = _VERSIONS[versions[0]]
        context.maximum_version = _VERSIONS[versions[-1]]
    # Records would otherwise keep 32 KB of buffers for each idle connection.
    context.options |= getattr(ssl, "OP_RELEASE_BUFFERS", 0)
    try:
        context.load_cert_chain(certificate, settings.tls_server_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(_certificate_problem(certificate, settings.tls_server_key, error)) from error
    return context


def _certificate_problem(certificate: Path, key: Path | None, error: OSError) -> str:
    files = f"tls_server_cert {certificate}" + (f" with tls_server_key {key}" if key is not None else "")
    return f"{files} cannot be used: {error.strerror or error}"
