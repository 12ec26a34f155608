"""IMAP."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from angarium.config.clientrules import ClientRule, ClientRules
from angarium.config.kinds import Choice, Duration, Number, Size, Switch, Words
from angarium.config.option import option, optional
from angarium.config.quantities import DurationUnit

_HALF_AN_HOUR = timedelta(minutes=30)


class LanguageTag(StrEnum):
    """The languages that IMAP sessions can be in."""

    GERMAN = "de"
    ENGLISH = "en"
    SPANISH = "es"
    FRENCH = "fr"
    ITALIAN = "it"
    DUTCH = "nl"
    I_DEFAULT = "i-default"
    """English too, for those who have not asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    """IMAP sessions."""

    timeout: timedelta = option(
        Duration(DurationUnit.MINUTES, raised_to=_HALF_AN_HOUR),
        "32m",
        meaning="Silence after which a logged-in client is dropped; never less than 30 minutes (RFC 9051 §5.4).",
    )
    imapidletimeout: timedelta | None = optional(
        Duration(DurationUnit.MINUTES, raised_to=_HALF_AN_HOUR),
        meaning="The same for a client in IDLE. Unset, it is `timeout`.",
    )
    imapidlepoll: timedelta = option(
        Duration(),
        "60s",
        meaning="0 turns the IDLE command off. Any other value is without effect, since changes are announced to "
        "waiting sessions as they happen.",
    )
    imapidresponse: bool = option(
        Switch(), "yes", meaning="Answer the ID command with name and version of the program."
    )
    suppress_capabilities: tuple[str, ...] = option(
        Words(allowed="names of capabilities separated by spaces", change=str.upper),
        "",
        meaning="Capabilities that are not announced. Extensions among them are refused as well, with what is built on "
        "them (QRESYNC on CONDSTORE, say), and to clients of IMAP4rev2 too; what belongs to IMAP4rev1 itself goes on "
        "working. A name stands for those that begin with it and `=` as well: `SORT` for `SORT=DISPLAY`.",
    )
    hide_capabilities: tuple[ClientRule, ...] = option(
        ClientRules(),
        "",
        added=True,
        meaning="The same for some clients: by the `name` and `version` that they tell with ID, by the `address` they "
        "come from, by the `user` who logs in. Each is a pattern with `*`, `?` and `[]`, in any case of letters; an "
        "address may be a network. A rule holds where all of its conditions are true, from the moment on when they "
        "are known: what a client has enabled before stays so. For example: "
        '`name:"Old Mail" version:1.* MOVE CONDSTORE; address:192.0.2.0/24 COMPRESS=DEFLATE`.',
    )
    defaultlanguage: LanguageTag = option(
        Choice(LanguageTag),
        "i-default",
        added=True,
        meaning="What clients get that ask for the `default` language (LANGUAGE, RFC 5255 §3.2). Those that do not ask "
        "for any are answered in English, always. `i-default` is English too.",
    )
    literalminus: bool = option(
        Switch(),
        "no",
        meaning="Announce LITERAL- and not LITERAL+: a literal that a client sends without waiting may then have 4096 "
        "octets at the most, the messages of APPEND included (RFC 7888 §5).",
    )
    messagelimit: int = option(
        Number(),
        "0",
        added=True,
        meaning="Of how many messages one command of IMAP takes care: FETCH, STORE, SEARCH, MOVE and UID EXPUNGE of "
        "those with the highest UIDs, telling the client to go on from there (MESSAGELIMIT, RFC 9738); COPY, SORT, "
        "THREAD and APPEND of more are refused. Most mail programs do not know this yet and miss what is beyond; "
        "`hide_capabilities` lifts the limit for those from which MESSAGELIMIT is hidden. At least 1000 is advised; "
        "0: no limit.",
    )
    savelimit: int = option(
        Number(),
        "0",
        added=True,
        meaning="The same for COPY and APPEND alone (SAVELIMIT); without effect beside `messagelimit`.",
    )
    maxquoted: int = option(Size(minimum=1024), "131072", meaning="The longest quoted string in a command.")
    maxword: int = option(Size(minimum=1024), "131072", meaning="The longest atom in a command.")
    maxliteral: int = option(
        Size(minimum=1024),
        "128K",
        meaning="The longest literal in a command, other than the message of APPEND.",
    )
    maxargssize: int = option(
        Size(), "0", meaning="The octets that all arguments of a command may have together; 0: no limit but `maxline`."
    )
    maxline: int = option(
        Size(minimum=8192),
        "1M",
        added=True,
        meaning="The longest line of a command, its literals aside. Longer ones end the session.",
    )
    maxnesting: int = option(
        Number(10, 1000), "50", added=True, meaning="How deep the parentheses of a command may nest."
    )
