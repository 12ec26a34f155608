"""LMTP and delivery."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta

from angarium.config.kinds import Duration, Number, Switch, Text
from angarium.config.option import option, optional
from angarium.config.options.mailboxes import SPECIAL_USES


@dataclass(frozen=True, slots=True, kw_only=True)
class LmtpSettings:
    """Delivery."""

    lmtp_downcase_rcpt: bool = option(Switch(), "yes", meaning="Lower the case of the local part of recipients.")
    lmtp_over_quota_perm_failure: bool = option(
        Switch(),
        "no",
        meaning="Refuse mail to a full mailbox for good (552), rather than for now (452), which makes the sender's "
        "server try again.",
    )
    lmtp_strict_quota: bool = option(
        Switch(),
        "no",
        meaning="Refuse a message that would go beyond the quota. Off, one message may go beyond it.",
    )
    lmtp_fuzzy_mailbox_match: bool = option(
        Switch(),
        "no",
        meaning="Where `+folder` names no mailbox, take the one whose name is the same but for case and spaces, or "
        "else the nearest above it.",
    )
    lmtp_catchall_mailbox: str | None = optional(
        Text(pattern=r"[^\s/%*]+", allowed="the name of a user"),
        meaning="The user who gets mail for users that there are none of. Mail to a shared mailbox that is not there "
        "is refused all the same.",
    )
    lmtp_exclude_specialuse: tuple[str, ...] = option(
        SPECIAL_USES,
        "\\Snoozed",
        meaning="Mail to `user+folder` goes to the INBOX where the folder has one of these uses.",
    )
    lmtp_strict_rfc2821: bool = option(
        Switch(),
        "yes",
        meaning="Refuse addresses that are other than ASCII from a client that does not say SMTPUTF8. Off, each such "
        "octet becomes an `X`.",
    )
    reject8bit: bool = option(
        Switch(),
        "no",
        meaning="Refuse mail whose header is other than ASCII; SMTPUTF8 is not offered then.",
    )
    munge8bit: bool = option(
        Switch(),
        "no",
        meaning="Put an `X` for each octet of a header that is other than ASCII; SMTPUTF8 is not offered then. Cyrus "
        "has it on, and spoils subjects and names in UTF-8.",
    )
    soft_noauth: bool = option(
        Switch(),
        "yes",
        meaning="A client that has to log in and has not is refused for now (430), so that nothing bounces while it is "
        "being set up; off, for good (530).",
    )
    postuser: str = option(
        Text(pattern=r"[^\s@+/]*", allowed="a local part, or nothing"),
        "",
        meaning="Mail to `POSTUSER+folder` goes to the shared mailbox `folder`, where the sender has the right `p`.",
    )
    lmtp_timeout: timedelta = option(
        Duration(minimum=timedelta(seconds=1)),
        "5m",
        added=True,
        meaning="Silence after which a delivering client is dropped, and one that asks `smmapd`.",
    )
    lmtp_max_recipients: int = option(
        Number(100, 100_000),
        "1000",
        added=True,
        meaning="The recipients of one message; the client sends further ones on their own (RFC 5321 §4.5.3.1.10).",
    )
