"""How mailbox names look."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from enum import StrEnum

from angarium.config.kinds import Choice, Switch, Text, ValueRefused
from angarium.config.option import Scope, option

_NAME = Text(pattern=r"[^\x00-\x1f/.^%*\x7f]{1,200}", allowed="a mailbox name of one component")


class VirtDomains(StrEnum):
    """Whether a domain is part of a user's name."""

    OFF = "off"
    USERID = "userid"
    ON = "on"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceSettings:
    """Names, as users and administrators see them."""

    altnamespace: bool = option(
        Switch(),
        "yes",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Show a user's mailboxes beside INBOX (`Sent`) rather than below it (`INBOX.Sent`), those of other "
        "users below `userprefix`, and shared ones below `sharedprefix`. Cyrus 2 had it off.",
    )
    unixhierarchysep: bool = option(
        Switch(),
        "yes",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Separate the components of names by `/`, so that a component may hold a dot; off, the separator is "
        "the dot. Cyrus 2 had it off.",
    )
    userprefix: str = option(
        _NAME,
        "Other Users",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Where the mailboxes of other users appear with `altnamespace`.",
    )
    sharedprefix: str = option(
        _NAME,
        "Shared Folders",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Where shared mailboxes appear with `altnamespace`.",
    )
    altprefix: str = option(
        _NAME,
        "Alt Folders",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Where mailboxes appear whose own names would be mistaken for INBOX with `altnamespace`.",
    )
    virtdomains: VirtDomains = option(
        Choice(VirtDomains),
        "off",
        scope=Scope.SERVER,
        at_start=True,
        meaning="`off` ignores domains; with `userid` the domain is part of a user's name; with `on` a login without "
        "one gets the domain of the address that it came to.",
    )
    defaultdomain: str = option(
        Text(pattern=r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?", allowed="a domain name", lower=True),
        "internal",
        scope=Scope.SERVER,
        at_start=True,
        meaning="The domain whose users are written without one.",
    )

    def __post_init__(self) -> None:
        if len({self.userprefix.lower(), self.sharedprefix.lower(), self.altprefix.lower()}) < 3:
            raise ValueRefused("userprefix, sharedprefix, altprefix: two of them are the same")
