"""Rights."""

import re
from dataclasses import dataclass
from typing import Final

from angarium.config.kinds import Switch, Text, ValueRefused
from angarium.config.option import Scope, option

RIGHTS_PATTERN: Final = r"[lrswipkxtecdan0-9]*"
_RIGHTS: Final = "letters of lrswipkxtecdan and digits"


@dataclass(frozen=True, slots=True)
class AclText:
    """Pairs of identifier and rights."""

    name: str = "acl"
    allowed: str = f"identifiers and rights ({_RIGHTS}) in turn, separated by spaces"
    unit: str = ""

    def parse(self, text: str) -> tuple[tuple[str, str], ...]:
        words = text.split()
        if len(words) % 2:
            raise ValueRefused("an identifier without rights")
        pairs = tuple(zip(words[::2], words[1::2], strict=True))
        for _, rights in pairs:
            if not re.fullmatch(RIGHTS_PATTERN, rights):
                raise ValueRefused(f"{rights!r} is not a set of rights")
        if len({identifier for identifier, _ in pairs}) < len(pairs):
            raise ValueRefused("an identifier twice")
        return pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class AclSettings:
    """Rights that are given by configuration, and what users may give."""

    defaultacl: tuple[tuple[str, str], ...] = option(
        AclText(),
        "anyone lrs",
        scope=Scope.SERVER,
        at_start=True,
        meaning="The rights on a new shared mailbox that has no parent: identifiers and rights in turn.",
    )
    implicit_owner_rights: str = option(
        Text(pattern=RIGHTS_PATTERN, allowed=_RIGHTS),
        "lkxan",
        scope=Scope.SERVER,
        at_start=True,
        meaning="The rights that users have on their own mailboxes whatever the ACL says.",
    )
    deleteright: str = option(
        Text(pattern=RIGHTS_PATTERN, allowed=_RIGHTS),
        "c",
        scope=Scope.SERVER,
        at_start=True,
        meaning="The old right, `c` or `d`, that includes the deletion of a mailbox (`x`).",
    )
    anyoneuseracl: bool = option(
        Switch(), "yes", scope=Scope.SERVER, at_start=True, meaning="Users may give rights to `anyone`."
    )
    allowsetacl: bool = option(
        Switch(),
        "yes",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Users may change ACLs at all; administrators always may.",
    )
