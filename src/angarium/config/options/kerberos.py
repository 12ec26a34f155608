"""Logins by Kerberos."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from pathlib import Path

from angarium.config.kinds import FilePath, Words
from angarium.config.option import Scope, option, optional


@dataclass(frozen=True, slots=True, kw_only=True)
class KerberosSettings:
    """The mechanism GSSAPI."""

    sasl_keytab: Path | None = optional(
        FilePath(),
        scope=Scope.SERVER,
        meaning="The key table with the keys of `imap/HOST`, `pop/HOST`, `sieve/HOST` and `lmtp/HOST`, as far as these "
        "are served; the user of the server must be able to read it. Without it, the system's own (`KRB5_KTNAME`, or "
        "/etc/krb5.keytab) is looked at where `sasl_mech_list` names GSSAPI. Where there are no keys, GSSAPI is not "
        "offered, and the log says why.",
    )
    loginrealms: tuple[str, ...] = option(
        Words(allowed="names of realms separated by spaces"),
        "",
        scope=Scope.SERVER,
        meaning="Realms of Kerberos whose users may log in, beside that of the server's own key, and those of "
        "DIGEST-MD5 beside `servername`. With `virtdomains`, such a realm is the domain of its users; without, "
        "`NAME@REALM` is the user NAME.",
    )
