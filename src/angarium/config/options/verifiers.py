"""Those who check passwords, beside the users of the store."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from angarium.config.kinds import Chosen, FilePath, Text
from angarium.config.option import Scope, option


class AuxpropPlugin(StrEnum):
    """Who knows passwords as they are."""

    SASLDB = "sasldb"
    SQL = "sql"
    LDAPDB = "ldapdb"


SERVED_AUXPROP_PLUGINS = (AuxpropPlugin.SASLDB, AuxpropPlugin.SQL)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierSettings:
    """Where the methods of `sasl_pwcheck_method` look."""

    sasl_saslauthd_path: Path = option(
        FilePath(), "/var/run/saslauthd/mux", meaning="The socket of saslauthd, for the method `saslauthd`."
    )
    sasl_auxprop_plugin: tuple[AuxpropPlugin, ...] = option(
        Chosen(AuxpropPlugin),
        "",
        meaning="Who knows passwords as they are: for the method `auxprop`, and for CRAM-MD5, DIGEST-MD5, APOP and "
        "SCRAM, whatever the methods are. `sasldb` is a file (`sasl_sasldb_path`), `sql` a database "
        "(`sasl_sql_select`). Empty means `sasldb` where `auxprop` is a method, and else nobody.",
    )
    sasl_sasldb_path: Path = option(
        FilePath(), "/etc/sasldb2", meaning="The database of `sasldb`, in the format of Berkeley DB. It is only read."
    )
    passwd_file: Path = option(
        FilePath(), "/etc/passwd", added=True, meaning="The file of the method `passwd`; its hashes stand in the file."
    )
    shadow_file: Path = option(
        FilePath(),
        "/etc/shadow",
        added=True,
        meaning="The file of the method `shadow`. The user of the server must be able to read it.",
    )
    htpasswd_file: Path = option(
        FilePath(),
        "{configdirectory}/htpasswd",
        added=True,
        meaning="The file of the method `htpasswd`: a line `name:hash` for each user, as the program of this name "
        "writes it.",
    )
    pam_service_prefix: str = option(
        Text(pattern=r"[A-Za-z0-9._-]{0,64}", allowed="letters, digits, `.`, `_` and `-`"),
        "",
        scope=Scope.SERVER,
        added=True,
        meaning="What stands before `imap`, `pop`, `sieve` and `lmtp` in the names of the services that PAM is asked "
        "for, which are files in /etc/pam.d. With `mail-`, IMAP asks for `mail-imap`.",
    )
