"""TLS."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from angarium.config.kinds import Choice, Chosen, Duration, FilePath, Switch, Text, ValueRefused
from angarium.config.option import option, optional
from angarium.config.quantities import DurationUnit


class TlsVersion(StrEnum):
    """Versions of the protocol."""

    TLS1_0 = "tls1_0"
    TLS1_1 = "tls1_1"
    TLS1_2 = "tls1_2"
    TLS1_3 = "tls1_3"


SERVED_TLS_VERSIONS: Final = frozenset({TlsVersion.TLS1_2, TlsVersion.TLS1_3})
"""The older ones are broken (RFC 8996), and OpenSSL speaks them at no level of security that is one."""


class ClientCertificates(StrEnum):
    """Whether clients are asked for a certificate."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRE = "require"


class ClientSubject(StrEnum):
    """What in a client's certificate is the name of a user."""

    CN = "cn"
    UID = "uid"
    EMAILADDRESS = "emailaddress"
    RFC822NAME = "rfc822name"
    UPN = "upn"


DEFAULT_CIPHERS: Final = "DEFAULT"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """Certificate and protocol."""

    tls_server_cert: Path | None = optional(
        FilePath(),
        meaning="The server's certificate in PEM, followed by those that lead to its authority. Services with TLS need "
        "it. It is read again at HUP.",
    )
    tls_server_key: Path | None = optional(
        FilePath(), meaning="The private key of the certificate, in PEM. Unset, it is expected in the same file."
    )
    tls_sni_dir: Path | None = optional(
        FilePath(),
        added=True,
        meaning="A directory with further certificates, files `*.pem` like that of `tls_server_cert`, with their keys "
        "in the same file or one of the same name that ends in `.key`. A client that asks for a name gets the "
        "certificate that is for it, `*.example.org` counting for one label; else that of `tls_server_cert`, which "
        "must be set. Read again at HUP.",
    )
    tls_server_ca_file: Path | None = optional(
        FilePath(),
        meaning="Certificates, in PEM, of the authorities whose certificates clients may show. Name none that issues "
        "certificates to others than your users: what their certificates say is who they are.",
    )
    tls_server_ca_dir: Path | None = optional(
        FilePath(),
        meaning="A directory of such authorities, each a file named by its hash (`openssl rehash`). Beside "
        "`tls_server_ca_file` both count.",
    )
    tls_client_certs: ClientCertificates = option(
        Choice(ClientCertificates),
        "optional",
        meaning="Whether clients are asked for a certificate: never, or each client, which need not have one "
        "(`optional`), or must have one (`require`). Without an authority none is asked for, since none could be "
        "checked. One that does not hold ends the connection.",
    )
    tls_client_subject: ClientSubject = option(
        Choice(ClientSubject),
        "cn",
        added=True,
        meaning="What in a client's certificate is the user's name, for the SASL mechanism EXTERNAL: the common name, "
        "the user id or the `emailAddress` of the subject, or the e-mail address (`rfc822name`) or the user principal "
        "name of Windows (`upn`) among the alternative names. Who has none, or two, cannot log in by it.",
    )
    tls_crl_file: Path | None = optional(
        FilePath(),
        meaning="Lists of revoked certificates, in PEM, one of each authority that clients' certificates lead to. One "
        "that is missing or too old lets no certificate pass. Read again at HUP.",
    )
    tls_required: bool = option(Switch(), "no", meaning="Refuse logins without TLS, whatever `allowplaintext` says.")
    allowstarttls: bool = option(
        Switch(),
        "yes",
        meaning="Offer STARTTLS at services without TLS, where there is a certificate, as Cyrus 3.6 does. The default "
        "of Cyrus 3.8 and later is `no`.",
    )
    tls_versions: tuple[TlsVersion, ...] = option(
        Chosen(TlsVersion, at_least_one=True),
        "tls1_2 tls1_3",
        meaning="The versions of TLS that are spoken. `tls1_0` and `tls1_1`, which Cyrus has in its default too, are "
        "accepted here and not spoken, since they are broken (RFC 8996).",
    )
    tls_ciphers: str = option(
        Text(pattern=r"[A-Za-z0-9+:!@=_.,-]+", allowed="a cipher list of OpenSSL"),
        DEFAULT_CIPHERS,
        meaning="The cipher suites of TLS 1.2, as `openssl ciphers` takes them; `DEFAULT` is a choice of those with "
        "forward secrecy. Those without authentication or encryption never count. The suites of TLS 1.3, which are all "
        "good, cannot be chosen.",
    )
    tls_eccurve: str | None = optional(
        Text(pattern=r"[A-Za-z0-9_.-]+", allowed="the name of one curve, such as prime256v1 or X25519"),
        meaning="The one curve that keys are agreed on. Unset, client and server find the best that both have, which "
        "is better; Cyrus has `prime256v1`.",
    )
    tls_prefer_server_ciphers: bool = option(
        Switch(),
        "no",
        meaning="Take the first suite in the server's order that the client has, rather than the client's choice.",
    )
    tls_session_timeout: timedelta = option(
        Duration(DurationUnit.MINUTES),
        "24h",
        meaning="0: sessions are not resumed by tickets. With anything else they are, for the two hours that OpenSSL "
        "has set, and until the next HUP; behind the first HUP at the same worker alone.",
    )

    def __post_init__(self) -> None:
        if SERVED_TLS_VERSIONS.isdisjoint(self.tls_versions):
            raise ValueRefused("tls_versions: none of these is spoken; tls1_2 and tls1_3 are")
        if self.tls_client_certs is ClientCertificates.REQUIRE and not self.has_client_authority:
            raise ValueRefused("tls_client_certs: 'require' needs tls_server_ca_file or tls_server_ca_dir")

    @property
    def has_client_authority(self) -> bool:
        """Whether there is anything to check a client's certificate by."""
        return self.tls_server_ca_file is not None or self.tls_server_ca_dir is not None
