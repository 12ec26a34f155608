"""TLS contexts of services."""

import ssl
from pathlib import Path
from typing import Final

from angarium.config import ImapService, LmtpService, ServiceEntry, Settings, TlsSettings, TlsVersion
from angarium.errors import ConfigError

_VERSIONS: Final = {
    TlsVersion.TLS1_0: ssl.TLSVersion.TLSv1,
    TlsVersion.TLS1_1: ssl.TLSVersion.TLSv1_1,
    TlsVersion.TLS1_2: ssl.TLSVersion.TLSv1_2,
    TlsVersion.TLS1_3: ssl.TLSVersion.TLSv1_3,
}


def is_tls(service: ServiceEntry) -> bool:
    """Whether the service has TLS from the first octet."""
    return isinstance(service.command, ImapService) and service.command.tls


def offers_starttls(service: ServiceEntry, settings: Settings) -> bool:
    """Whether clients of the service may begin TLS by a command."""
    tls = settings.for_service(service.name).tls
    is_plain = isinstance(service.command, ImapService | LmtpService) and not is_tls(service)
    return is_plain and tls.tls_server_cert is not None and tls.allowstarttls


def service_context(service: ServiceEntry, settings: Settings) -> ssl.SSLContext | None:
    """A context with the service's certificate as it is on disk now; None for a service that has none and needs none.
    ConfigError, with entry and file, where it cannot be used."""
    tls = settings.for_service(service.name).tls
    certificate = tls.tls_server_cert
    if certificate is None:
        if is_tls(service):
            raise ConfigError(f"{service.position}: {service.name}: TLS needs tls_server_cert, which is not set")
        return None
    try:
        return _context(tls, certificate)
    except OSError as error:
        reason = _certificate_problem(certificate, tls.tls_server_key, error)
        raise ConfigError(f"{service.position}: {service.name}: {reason}") from error


def _context(settings: TlsSettings, certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    versions = [version for version in _VERSIONS if version in settings.tls_versions]
    if versions:
        context.minimum_version = _VERSIONS[versions[0]]
        context.maximum_version = _VERSIONS[versions[-1]]
    # Nobody needs a second handshake, and writing would have to wait for it.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate, settings.tls_server_key)
    return context


def _certificate_problem(certificate: Path, key: Path | None, error: OSError) -> str:
    files = f"tls_server_cert {certificate}" + (f" with tls_server_key {key}" if key is not None else "")
    return f"{files} cannot be used: {error.strerror or error}"
