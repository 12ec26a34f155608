"""Mail that the server sends: answers and reports, and what scripts send on."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from angarium.config.kinds import Choice, Duration, FilePath, Number, Switch, Text, Words
from angarium.config.option import Scope, option, optional
from angarium.config.quantities import DurationUnit
from angarium.config.relay import Relay, RelayKind


class SmtpBackend(StrEnum):
    """How mail leaves."""

    SENDMAIL = "sendmail"
    HOST = "host"
    SMTP = "smtp"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingSettings:
    """Mail that goes out, by a program or over SMTP."""

    smtp_backend: SmtpBackend = option(
        Choice(SmtpBackend),
        "sendmail",
        scope=Scope.SERVER,
        meaning="Whether mail goes out through the program of `sendmail` or to the server of `smtp_host`; `smtp` is "
        "another word for `host`.",
    )
    sendmail: Path = option(
        FilePath(),
        "/usr/lib/sendmail",
        scope=Scope.SERVER,
        meaning="The program that takes outgoing mail, called as `sendmail -i -f SENDER -- RECIPIENT...` with the "
        "message as its input. It runs as the user of the server.",
    )
    sendmail_auth_id: str = option(
        Text(pattern=r"([A-Za-z_][A-Za-z0-9_]*)?", allowed="the name of a variable, or nothing"),
        "CYRUS_SENDMAIL_AUTH_ID",
        scope=Scope.SERVER,
        meaning="The environment variable that tells the program of `sendmail` for which user mail goes out.",
    )
    sendmail_dsn: bool = option(
        Switch(),
        "no",
        added=True,
        scope=Scope.SERVER,
        meaning="Call the program of `sendmail` with `-N` and `-R` where a script says which reports it wants. Those "
        "of Postfix and of Sendmail know them; that of Exim takes them for something else, so leave this off there.",
    )
    smtp_host: Relay = option(
        RelayKind(),
        "localhost:587",
        scope=Scope.SERVER,
        meaning="The server that takes outgoing mail, as `host:port`, and behind it `/tls` where mail must not go "
        "without TLS and a certificate that is valid for the host, and `/noauth` where nobody is to log in. Port 465 "
        "has TLS from the first octet on.",
    )
    smtp_auth_authname: str | None = optional(Text(), scope=Scope.SERVER, meaning="Whom to log in as at `smtp_host`.")
    smtp_auth_password: str | None = optional(
        Text(),
        scope=Scope.SERVER,
        meaning="The password; it is sent over TLS with a valid certificate, or to this machine, and not otherwise.",
    )
    postmaster: str = option(
        Text(pattern=r"[^\s<>@]+(@[^\s<>@]+)?", allowed="an address"),
        "postmaster",
        scope=Scope.SERVER,
        meaning="Whom reports of refused mail come from.",
    )
    queue_lifetime: timedelta = option(
        Duration(DurationUnit.DAYS, minimum=timedelta(hours=1)),
        "5d",
        added=True,
        scope=Scope.SERVER,
        meaning="How long it is tried to send a mail, after which its sender is told that it could not be sent.",
    )
    queue_parallel: int = option(
        Number(1, 16),
        "4",
        added=True,
        scope=Scope.SERVER,
        meaning="How many mails are being sent at a time, over the whole server.",
    )
    srs_domain: str | None = optional(
        Text(pattern=r"[A-Za-z0-9.-]+", allowed="a domain", lower=True),
        scope=Scope.SERVER,
        meaning="Give mail that a script sends on a sender in this domain, which leads back to the true one (SRS), so "
        "that it passes SPF. The MTA of this domain must turn such addresses back, by the same secret.",
    )
    srs_secrets: tuple[str, ...] = option(
        Words(allowed="secrets separated by spaces"),
        "",
        scope=Scope.SERVER,
        meaning="What rewritten senders are signed with; the first is used for new ones. Without one, nothing is "
        "rewritten.",
    )
    srs_alwaysrewrite: bool = option(
        Switch(), "no", scope=Scope.SERVER, meaning="Rewrite senders who are in `srs_domain` themselves, too."
    )
    srs_hashlength: int = option(
        Number(0, 27), "0", scope=Scope.SERVER, meaning="How many characters of the signature an address has; 0 is 4."
    )
    srs_separator: str = option(
        Text(pattern=r"[-+=]?", allowed="one of - + ="),
        "",
        scope=Scope.SERVER,
        meaning="What stands behind `SRS0`; `=` if not given.",
    )
