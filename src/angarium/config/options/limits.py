"""Limits that hold before anything is allocated. Each has its own refusal in the protocol that meets it."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta

from angarium.config.kinds import Duration, Number, Size
from angarium.config.option import Scope, option


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """Limits of connections, sessions and messages."""

    max_connections_per_host: int = option(
        Number(),
        "10000",
        added=True,
        meaning="Connections of one client address at a time, logged in or not, over all workers; 0: no limit. "
        "A webmail server is one address.",
    )
    login_timeout: timedelta = option(
        Duration(minimum=timedelta(seconds=1)),
        "3m",
        added=True,
        meaning="How long a connection may last without a login.",
    )
    max_line_before_login: int = option(
        Size(minimum=1024), "64K", added=True, meaning="The longest line before login, SASL answers included."
    )
    max_literal_before_login: int = option(
        Size(minimum=256), "4K", added=True, meaning="The longest literal before login."
    )
    max_commands_before_login: int = option(
        Number(5), "100", added=True, meaning="Commands before login, after which the connection is closed."
    )
    max_bad_commands: int = option(
        Number(2, 1000),
        "20",
        added=True,
        meaning="Commands of IMAP in a row that are none; who sends so many is disconnected, as no mail program.",
    )
    max_command_arguments: int = option(
        Number(100, 1_000_000),
        "10000",
        added=True,
        meaning="Elements of all lists of one IMAP command together: flags, items to fetch, search keys, patterns. "
        "Message numbers are not counted.",
    )
    max_notify_mailboxes: int = option(
        Number(10, 100_000),
        "5000",
        added=True,
        meaning="Mailboxes of which one session of IMAP may be told by NOTIFY; more are refused.",
    )
    max_ahead_size: int = option(
        Size(minimum=16 * 1024, maximum=64 * 1024 * 1024),
        "256K",
        added=True,
        meaning="What a client of IMAP may send ahead of the command that is being executed; then it has to wait.",
    )
    max_unsent_size: int = option(
        Size(minimum=16 * 1024, maximum=64 * 1024 * 1024),
        "256K",
        added=True,
        meaning="What is kept for a client of IMAP that reads slowly; then its commands wait until it has read.",
    )
    maxmessagesize: int = option(
        Size(), "0", meaning="The largest message, by delivery or APPEND; 0: no limit but the quota; 4 GB in APPEND."
    )
    boundary_limit: int = option(
        Number(1, 1000),
        "100",
        scope=Scope.SERVER,
        at_start=True,
        meaning="How deep the parts of a message may nest; what lies deeper is one part. Cyrus has 1000.",
    )
    max_mime_parts: int = option(
        Number(1, 1_000_000),
        "10000",
        scope=Scope.SERVER,
        at_start=True,
        added=True,
        meaning="How many parts of a message are told apart; the last one holds the rest.",
    )
    max_header_size: int = option(
        Size(minimum=64 * 1024),
        "10M",
        scope=Scope.SERVER,
        at_start=True,
        added=True,
        meaning="How much of a header is looked at.",
    )
