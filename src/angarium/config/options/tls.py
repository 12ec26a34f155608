"""TLS."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from angarium.config.kinds import Chosen, FilePath, Switch, ValueRefused
from angarium.config.option import option, optional


class TlsVersion(StrEnum):
    """Versions of the protocol."""

    TLS1_0 = "tls1_0"
    TLS1_1 = "tls1_1"
    TLS1_2 = "tls1_2"
    TLS1_3 = "tls1_3"


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
        meaning="The versions of TLS that are spoken, without gaps. Cyrus has the broken `tls1_0` and `tls1_1` in its "
        "default too.",
    )

    def __post_init__(self) -> None:
        spoken = [version in self.tls_versions for version in TlsVersion]
        first, last = spoken.index(True), len(spoken) - spoken[::-1].index(True)
        if not all(spoken[first:last]):
            raise ValueRefused("tls_versions: a version between two others is missing")
