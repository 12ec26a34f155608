"""LMTP and delivery."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta

from angarium.config.kinds import Duration, Number, Switch, Text
from angarium.config.option import option


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
    postuser: str = option(
        Text(pattern=r"[^\s@+/]*", allowed="a local part, or nothing"),
        "",
        meaning="Mail to `POSTUSER+folder` goes to the shared mailbox `folder`, where the sender has the right `p`.",
    )
    lmtp_timeout: timedelta = option(
        Duration(minimum=timedelta(seconds=1)),
        "5m",
        added=True,
        meaning="Silence after which a delivering client is dropped.",
    )
    lmtp_max_recipients: int = option(
        Number(100, 100_000),
        "1000",
        added=True,
        meaning="The recipients of one message; the client sends further ones on their own (RFC 5321 §4.5.3.1.10).",
    )
