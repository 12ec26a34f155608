"""Sieve: what scripts may be and do."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from angarium.config.kinds import Choice, Duration, FilePath, Number, Size, Switch, ValueRefused, Words
from angarium.config.option import Scope, option, optional
from angarium.config.quantities import DurationUnit, SizeUnit
from angarium.sieve.posixregex import RegexInvalid, compile_regex

SIEVE_EXTENSIONS: Final = (
    "fileinto", "reject", "vacation", "vacation-seconds", "notify", "include", "envelope", "environment", "body",
    "relational", "regex", "subaddress", "copy", "date", "index", "imap4flags", "imapflags", "mailbox", "mboxmetadata",
    "servermetadata", "variables", "editheader", "extlists", "duplicate", "ihave", "fcc", "special-use",
    "redirect-dsn", "redirect-deliverby", "envelope-dsn", "envelope-deliverby", "mailboxid", "snooze", "mime",
    "spamtest", "virustest", "vnd.cyrus.log", "imapsieve",
)  # fmt: skip
"""Words of `sieve_extensions`."""

_OTHERS_OF_CYRUS: Final = frozenset({"imip", "jmapquery", "log", "vnd.cyrus.imip", "vnd.cyrus.jmapquery"})


def _extension(word: str) -> str:
    """One of them; those of Cyrus that no script can use here are taken, and mean nothing."""
    lowered = word.lower()
    if lowered not in SIEVE_EXTENSIONS and lowered not in _OTHERS_OF_CYRUS:
        raise ValueRefused(f"{word!r} is no extension of Sieve")
    return lowered


@dataclass(frozen=True, slots=True)
class StatusHeader:
    """Where a filter in front of this server writes."""

    name: str
    """In lower case."""
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class StatusHeaderKind:
    """`Name` or `Name: pattern`."""

    name: str = "header field"
    allowed: str = "the name of a header field, and perhaps a colon and a regular expression"
    unit: str = ""

    def parse(self, text: str) -> StatusHeader:
        name, _, pattern = text.partition(":")
        if not re.fullmatch(r"[!-9;-~]{1,100}", name):
            raise ValueRefused(f"{name!r} is no name of a header field")
        try:
            compile_regex(pattern.strip(), fold_ascii=True)
        except RegexInvalid as invalid:
            raise ValueRefused(str(invalid)) from invalid
        return StatusHeader(name.lower(), pattern.strip())


class StatusType(StrEnum):
    """How a filter writes what it has found."""

    SCORE = "score"
    STRLEN = "strlen"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class WordValues:
    """Words with numbers."""

    highest: int
    name: str = "words"
    unit: str = ""

    @property
    def allowed(self) -> str:
        return f"words with a number from 1 to {self.highest}, as No=1, separated by spaces"

    def parse(self, text: str) -> tuple[tuple[str, int], ...]:
        values: dict[str, int] = {}
        for each in text.split():
            word, equals, number = each.rpartition("=")
            if not equals or not word or not number.isdecimal() or not 1 <= int(number) <= self.highest:
                raise ValueRefused(f"{each!r} is no word with a number from 1 to {self.highest}")
            values[word] = int(number)
        return tuple(values.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class SieveSettings:
    """Scripts that filter mail."""

    sieve_extensions: tuple[str, ...] = option(
        Words(allowed="any of " + ", ".join(SIEVE_EXTENSIONS) + ", separated by spaces", change=_extension),
        " ".join(SIEVE_EXTENSIONS),
        meaning="What scripts may require. `reject` stands for `ereject` too, `notify` for `enotify`, `mime` for all "
        "of RFC 5703, `spamtest` for `spamtestplus`.",
    )
    sieve_maxscriptsize: int = option(
        Size(SizeUnit.KIB, minimum=1024, maximum=10 << 20),
        "32",
        meaning="The largest script.",
    )
    sieve_maxscripts: int = option(Number(1, 10_000), "5", meaning="How many scripts a user may have.")
    sievedir: Path = option(
        FilePath(),
        "/usr/sieve",
        scope=Scope.SERVER,
        meaning="Where Cyrus has kept scripts: the directory from which `angarium sieve import` takes them. Scripts "
        "are in the store, and mail is never filtered by files of this directory.",
    )
    sieveusehomedir: bool = option(
        Switch(),
        "no",
        scope=Scope.SERVER,
        meaning="A user's mail is filtered by the file `.sieve` in her home directory on this machine, and by no "
        "script of the store; ManageSieve changes none then. The file must be hers or root's, and `cyrus_user` must be "
        "able to read it; what it includes is in the store.",
    )
    sieve_sasl_send_unsolicited_capability: bool = option(
        Switch(),
        "no",
        meaning="ManageSieve tells its capabilities again behind a login, as drafts of the standard had it; clients of "
        "RFC 5804 would take them for the answer to their next command.",
    )
    sieve_utf8fileinto: bool = option(
        Switch(),
        "no",
        meaning="Names of mailboxes in scripts are UTF-8 and nothing else. Off, one that is spelled in modified "
        "UTF-7 is read so, as Cyrus has it.",
    )
    sieve_use_lmtp_reject: bool = option(
        Switch(),
        "yes",
        meaning="`reject` and `ereject` refuse the mail at its delivery; off, the sender is sent a message. A `reject` "
        "whose reason is not ASCII always does that (MDN), and an `ereject` says another one.",
    )
    sieve_duplicate_max_expiration: timedelta = option(
        Duration(DurationUnit.DAYS, minimum=timedelta(seconds=1)),
        "90d",
        meaning="How long a script may have a message remembered by `duplicate`; longer times are cut.",
    )
    sieve_vacation_min_response: timedelta = option(
        Duration(DurationUnit.DAYS),
        "3d",
        meaning="The least time between two vacation answers to the same sender.",
    )
    sieve_vacation_max_response: timedelta = option(
        Duration(DurationUnit.DAYS, minimum=timedelta(days=7)),
        "90d",
        meaning="The longest time for which a sender who was answered is remembered.",
    )
    rfc3028_strict: bool = option(
        Switch(),
        "yes",
        meaning="The test `address` takes header fields that hold addresses, and no others.",
    )
    anysievefolder: bool = option(
        Switch(),
        "no",
        meaning="`fileinto` creates the mailbox where it is missing, as with `:create`.",
    )
    sieve_lists: Path | None = optional(
        FilePath(),
        added=True,
        meaning="The directory of the external lists that scripts may name (RFC 6134): a file of members, one a "
        "line, for each `urn:angarium:list:NAME`, and `USER/default` for a user's "
        "`urn:ietf:params:sieve:addrbook:default`. Unset, there are no lists, and no script can require `extlists`.",
    )
    imapsieve: bool = option(
        Switch(),
        "yes",
        scope=Scope.SERVER,
        added=True,
        meaning="Scripts run when messages are appended, copied or flagged in IMAP, in mailboxes whose annotation "
        "`/shared/imapsieve/script` names one, or everywhere if the server's does (RFC 6785). Off, none does, and no "
        "script can require `imapsieve`.",
    )
    sieve_maxredirects: int = option(
        Number(0, 100),
        "4",
        added=True,
        meaning="To how many addresses one run of a script may redirect a message.",
    )
    sieve_maxactions: int = option(
        Number(1, 1000),
        "64",
        added=True,
        meaning="How many actions one run of a script may take.",
    )
    sieve_max_daily_mails: int = option(
        Number(),
        "1000",
        added=True,
        meaning="How many mails the scripts of one account may have sent in a day: redirected, answers, refusals, "
        "notifications. Beyond it, what a script wants fails as a whole, and the message is kept; 0: no limit.",
    )
    sieve_max_mailboxes: int = option(
        Number(),
        "2000",
        added=True,
        meaning="In an account that has so many mailboxes `fileinto :create` makes none, since their names may come "
        "from whoever sends the mail; 0: no limit.",
    )
    sieve_maxincludes: int = option(
        Number(0, 255), "255", added=True, meaning="How many scripts one run of a script may include."
    )
    sieve_body_limit: int = option(
        Size(minimum=1024, maximum=64 << 20),
        "256K",
        added=True,
        meaning="How much of the decoded text of each part of a message the tests of its body look at.",
    )
    sieve_spamtest_status_header: StatusHeader | None = optional(
        StatusHeaderKind(),
        added=True,
        meaning="Where a spam filter in front of this server writes what it has found, for the test `spamtest`: the "
        "name of a header field, and perhaps a colon and a regular expression whose first group is the finding. The "
        "MTA must take the field out of mail that comes from elsewhere. Unset, no message was ever tested.",
    )
    sieve_spamtest_status_type: StatusType = option(
        Choice(StatusType),
        "score",
        added=True,
        meaning="How the spam filter writes it: `score`, a number; `strlen`, as many characters; `text`, a word of "
        "`sieve_spamtest_text_values`.",
    )
    sieve_spamtest_max_value: int = option(
        Number(1, 1_000_000), "10", added=True, meaning="The score or length that means spam for certain."
    )
    sieve_spamtest_text_values: tuple[tuple[str, int], ...] = option(
        WordValues(10), "", added=True, meaning="What words mean, from 1 for no spam to 10, as `No=1 Yes=10`."
    )
    sieve_virustest_status_header: StatusHeader | None = optional(
        StatusHeaderKind(),
        added=True,
        meaning="The same of a virus scanner in front of this server, for the test `virustest`.",
    )
    sieve_virustest_status_type: StatusType = option(
        Choice(StatusType), "text", added=True, meaning="How the virus scanner writes it."
    )
    sieve_virustest_max_value: int = option(
        Number(1, 1_000_000), "5", added=True, meaning="The score or length that means a virus for certain."
    )
    sieve_virustest_text_values: tuple[tuple[str, int], ...] = option(
        WordValues(5),
        "Clean=1 Infected=5",
        added=True,
        meaning="What words mean: 1 for no virus, 2 for one that was removed, 3 for one that could be, 4 for a likely "
        "one, 5 for a virus.",
    )
