"""POP3."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from angarium.config.kinds import Choice, Duration, Number, Switch
from angarium.config.option import option
from angarium.config.quantities import DurationUnit


class UidlFormat(StrEnum):
    """How UIDL names a message by its UID and the UIDVALIDITY of the mailbox."""

    CYRUS = "cyrus"
    UIDONLY = "uidonly"
    DOVECOT = "dovecot"
    COURIER = "courier"


_DAYS_OR_NEVER = Duration(DurationUnit.DAYS)


@dataclass(frozen=True, slots=True)
class DurationOrNever:
    """A length of time; -1 is without end."""

    name: str = "duration"
    unit: str = _DAYS_OR_NEVER.unit
    allowed: str = f"{_DAYS_OR_NEVER.allowed}, or -1"

    def parse(self, text: str) -> timedelta | None:
        return None if text == "-1" else _DAYS_OR_NEVER.parse(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pop3Settings:
    """Maildrops."""

    popminpoll: timedelta = option(
        Duration(DurationUnit.MINUTES),
        "0",
        meaning="The least time between two logins of a user over POP3 (LOGIN-DELAY); 0: any.",
    )
    poppollpadding: int = option(
        Number(0, 1000),
        "1",
        meaning="So many logins may follow one another faster than `popminpoll` says, where there were none for long.",
    )
    poptimeout: timedelta = option(
        Duration(DurationUnit.MINUTES, raised_to=timedelta(minutes=10)),
        "10m",
        meaning="Silence after which a POP3 client is dropped, and nothing that it deleted goes. Shorter ones are "
        "raised to 10 minutes, which the standard demands.",
    )
    popexpiretime: timedelta | None = option(
        DurationOrNever(),
        "-1",
        meaning="What POP3 clients are told of how long mail is kept (EXPIRE); -1: for ever. Nothing is removed by it: "
        "set it where `cyr_expire` or a rule of the site does so.",
    )
    popsubfolders: bool = option(
        Switch(),
        "no",
        meaning="Who logs in over POP3 as `user+folder` gets that mailbox below her INBOX. Tokens, tickets and "
        "certificates name a user alone.",
    )
    allowapop: bool = option(
        Switch(),
        "yes",
        meaning="Offer APOP, where there are passwords that are stored as they are.",
    )
    popuseacl: bool = option(
        Switch(),
        "no",
        meaning="The owner's rights of the ACL hold over POP3 too: `r` to open the mailbox, `t` and `e` to delete, `s` "
        "for `\\Seen`. Off, she may do all of it.",
    )
    popuseimapflags: bool = option(
        Switch(),
        "no",
        meaning="POP3 passes over messages that are marked `\\Deleted`, and marks what was retrieved `\\Seen`.",
    )
    uidl_format: UidlFormat = option(
        Choice(UidlFormat),
        "cyrus",
        meaning="What UIDL names messages by. `cyrus` is UIDVALIDITY.UID; `uidonly`, `dovecot` (UID and UIDVALIDITY in "
        "eight hexadecimal digits each) and `courier` (UIDVALIDITY-UID) are for mail that came from such servers, so "
        "that clients do not fetch it all again. A change of it makes them do so.",
    )
