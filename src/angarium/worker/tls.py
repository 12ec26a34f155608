"""What services have for TLS: certificates, and contexts that use them."""

import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from angarium.config import (
    ClientCertificates,
    ClientSubject,
    ImapService,
    LmtpService,
    Pop3Service,
    ServiceCommand,
    ServiceEntry,
    Settings,
    SieveService,
    TlsSettings,
    TlsVersion,
)
from angarium.config.options import DEFAULT_CIPHERS, SERVED_TLS_VERSIONS
from angarium.errors import ConfigError
from angarium.worker.certificates import ServerCertificate, read_server_certificate

T = TypeVar("T")

_VERSIONS: Final = {TlsVersion.TLS1_2: ssl.TLSVersion.TLSv1_2, TlsVersion.TLS1_3: ssl.TLSVersion.TLSv1_3}
_ALPN: Final[Mapping[type[ServiceCommand], str]] = {
    ImapService: "imap",
    Pop3Service: "pop3",
    SieveService: "managesieve",
}
"""As IANA has registered them; LMTP has no name."""
_END_POINT: Final = "tls-server-end-point"
_UNIQUE: Final = "tls-unique"
_NEVER: Final = ":!aNULL:!eNULL"
_MISMATCHES: Final = frozenset({"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"})


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate, and the context that shows it."""

    context: ssl.SSLContext
    certificate: ServerCertificate | None = None
    bindings: Mapping[str, bytes] = field(default_factory=dict)
    """The channel bindings of all connections that see it."""


@dataclass(frozen=True, slots=True)
class ServiceTls:
    """The TLS of a service, under one state of its settings and of its files."""

    default: Identity
    by_name: Mapping[str, Identity] = field(default_factory=dict)
    """By the name that a client asks for; `*.example.org` is a name here."""
    protocol: str = ""
    """Of ALPN; empty where the service has none."""
    subject: ClientSubject = ClientSubject.CN

    def identity_for(self, name: str) -> Identity:
        """What a client is shown that asks for this name, in small letters."""
        if not self.by_name or not name:
            return self.default
        found = self.by_name.get(name)
        if found is None:
            found = self.by_name.get(f"*.{name.partition('.')[2]}")
        return found or self.default

    def speaks_any(self, protocols: tuple[bytes, ...]) -> bool:
        """Whether what a client offers by ALPN has what is spoken here (RFC 7301 §3.2)."""
        return not protocols or not self.protocol or self.protocol.encode() in protocols

    @property
    def certificates(self) -> tuple[ServerCertificate, ...]:
        found = {id(each): each for each in (self.default, *self.by_name.values())}
        return tuple([each.certificate for each in found.values() if each.certificate is not None])


def is_tls(service: ServiceEntry) -> bool:
    """Whether the service has TLS from the first octet."""
    return isinstance(service.command, ImapService | LmtpService | Pop3Service | SieveService) and service.command.tls


def offers_starttls(service: ServiceEntry, settings: Settings) -> bool:
    """Whether clients of the service may begin TLS by a command."""
    tls = settings.for_service(service.name).tls
    can = isinstance(service.command, ImapService | LmtpService | Pop3Service | SieveService)
    return can and not is_tls(service) and tls.tls_server_cert is not None and tls.allowstarttls


def service_tls(service: ServiceEntry, settings: Settings) -> ServiceTls | None:
    """What the service has for TLS, with its files as they are on disk now; None for a service that has no certificate
    and needs none. ConfigError, with entry and file, where they cannot be used."""
    tls = settings.for_service(service.name).tls
    certificate = tls.tls_server_cert
    if certificate is None:
        if is_tls(service):
            raise ConfigError(f"{service.position}: {service.name}: TLS needs tls_server_cert, which is not set")
        return None
    try:
        protocol = _ALPN.get(type(service.command), "")
        default = _identity(tls, protocol, "tls_server_cert", certificate, tls.tls_server_key)
        return ServiceTls(default, _by_name(tls, protocol), protocol, tls.tls_client_subject)
    except _Unusable as error:
        raise ConfigError(f"{service.position}: {service.name}: {error}") from error


def tls_of_services(services: Iterable[ServiceEntry], settings: Settings) -> dict[str, ServiceTls]:
    """By name of service, as `service_tls`, of those that have a certificate. It takes long where there are many, or
    many authorities; services with the same options share what was read. ConfigError."""
    made: dict[tuple[TlsSettings, type[ServiceCommand]], ServiceTls] = {}
    found: dict[str, ServiceTls] = {}
    for service in services:
        wanted = (settings.for_service(service.name).tls, type(service.command))
        tls = made.get(wanted) or service_tls(service, settings)
        if tls is not None:
            made[wanted] = found[service.name] = tls
    return found


def channel_bindings(identity: Identity, connection: ssl.SSLObject) -> Mapping[str, bytes]:
    """RFC 5929. `tls-unique` is nothing for TLS 1.3 (RFC 9266 §4.2), nor for sessions that were resumed, which can be
    made to have it in common with another connection (RFC 7627 §1). Python's `ssl` exports no keys, and so has no
    `tls-exporter`."""
    if connection.version() != "TLSv1.2" or connection.session_reused:
        return identity.bindings
    unique = connection.get_channel_binding(_UNIQUE)
    return identity.bindings if unique is None else {**identity.bindings, _UNIQUE: unique}


class _Unusable(Exception):
    """What cannot be used, by its option, and why."""


def _by_name(settings: TlsSettings, protocol: str) -> dict[str, Identity]:
    """The first file that is for a name, in the order of their own names, has it."""
    directory = settings.tls_sni_dir
    if directory is None:
        return {}
    found: dict[str, Identity] = {}
    for file in _used(f"tls_sni_dir {directory}", lambda: sorted(directory.iterdir())):
        if file.suffix == ".pem":
            key = file.with_suffix(".key")
            identity = _identity(settings, protocol, "tls_sni_dir", file, key if key.exists() else None)
            for name in identity.certificate.names if identity.certificate is not None else ():
                found.setdefault(name, identity)
    return found


def _identity(settings: TlsSettings, protocol: str, option: str, certificate: Path, key: Path | None) -> Identity:
    context = _context(settings, protocol)
    files = f"{option} {certificate}" + (f" with key {key}" if key is not None else "")
    known = _used(files, partial(read_server_certificate, certificate))
    _used(files, partial(_load_chain, context, certificate, key))
    return Identity(context, known, {_END_POINT: known.end_point} if known.end_point else {})


def _load_chain(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    """Of a file with a certificate. OSError; ValueError that says what OpenSSL means."""
    try:
        context.load_cert_chain(certificate, key, _no_password)
    except ssl.SSLError as error:
        if error.reason in _MISMATCHES:
            raise ValueError("the key is not that of the first certificate") from error
        raise ValueError("no key without a password, or no chain, can be read from it") from error


def _context(settings: TlsSettings, protocol: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    spoken = [_VERSIONS[version] for version in TlsVersion if version in {*settings.tls_versions} & SERVED_TLS_VERSIONS]
    context.minimum_version, context.maximum_version = spoken[0], spoken[-1]
    # Nobody needs a second handshake, and writing would have to wait for it.
    context.options |= ssl.OP_NO_RENEGOTIATION
    if not settings.tls_prefer_server_ciphers:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if not settings.tls_session_timeout:
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    if settings.tls_ciphers != DEFAULT_CIPHERS:
        _used(f"tls_ciphers {settings.tls_ciphers}", partial(context.set_ciphers, settings.tls_ciphers + _NEVER))
    if settings.tls_eccurve is not None:
        _used(f"tls_eccurve {settings.tls_eccurve}", partial(context.set_ecdh_curve, settings.tls_eccurve))
    if protocol:
        context.set_alpn_protocols([protocol])
    _ask_for_certificates(context, settings)
    return context


def _ask_for_certificates(context: ssl.SSLContext, settings: TlsSettings) -> None:
    if settings.tls_client_certs is ClientCertificates.OFF or not settings.has_client_authority:
        return
    file, directory, revoked = settings.tls_server_ca_file, settings.tls_server_ca_dir, settings.tls_crl_file
    if file is not None:
        _used(f"tls_server_ca_file {file}", partial(context.load_verify_locations, cafile=file))
    if directory is not None:
        _used(f"tls_server_ca_dir {directory}", lambda: next(directory.iterdir(), None))
        context.load_verify_locations(capath=directory)
    if revoked is not None:
        _used(f"tls_crl_file {revoked}", partial(_load_revoked, context, revoked))
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    is_required = settings.tls_client_certs is ClientCertificates.REQUIRE
    context.verify_mode = ssl.CERT_REQUIRED if is_required else ssl.CERT_OPTIONAL


def _load_revoked(context: ssl.SSLContext, file: Path) -> None:
    """OSError; ValueError for a file that would have others trusted, or that has no list and so lets nobody in."""
    trusted = context.cert_store_stats()["x509"]
    context.load_verify_locations(cafile=file)
    found = context.cert_store_stats()
    if not found["crl"]:
        raise ValueError("it has no list of what was revoked")
    if found["x509"] > trusted:
        raise ValueError("it has certificates that tls_server_ca_file has not")


def _used(what: str, use: Callable[[], T]) -> T:
    try:
        return use()
    except OSError as error:
        raise _Unusable(f"{what} cannot be used: {error.strerror or error.args[0]}") from error
    except ValueError as error:
        raise _Unusable(f"{what} cannot be used: {error}") from error


def _no_password() -> str:
    """Instead of the terminal that OpenSSL would ask."""
    return ""
