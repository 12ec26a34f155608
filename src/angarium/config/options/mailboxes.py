"""Mailboxes and messages: how they go, and how they are kept."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

import re
from dataclasses import dataclass
from enum import StrEnum

from angarium.config.kinds import Choice, Switch, Text, ValueRefused, Words
from angarium.config.option import Scope, option


class DeleteMode(StrEnum):
    """What DELETE does with a mailbox."""

    IMMEDIATE = "immediate"
    DELAYED = "delayed"


class ExpungeMode(StrEnum):
    """What EXPUNGE does with a message."""

    IMMEDIATE = "immediate"
    SEMIDELAYED = "semidelayed"
    DELAYED = "delayed"


def _special_use(word: str) -> str:
    if not re.fullmatch(r"\\[A-Za-z0-9-]{1,50}", word):
        raise ValueRefused(f"{word} is no attribute")
    return word


SPECIAL_USES = Words(allowed="attributes with their backslash, separated by spaces", change=_special_use)
"""A list of attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxSettings:
    """Deletion, storage and special use."""

    delete_mode: DeleteMode = option(
        Choice(DeleteMode),
        "delayed",
        scope=Scope.SERVER,
        at_start=True,
        meaning="`delayed` moves a deleted mailbox below `deletedprefix`, until `cyr_expire -D` removes it; "
        "`immediate` removes it at once.",
    )
    deletedprefix: str = option(
        Text(pattern=r"[A-Za-z0-9_ -]{1,100}", allowed="a mailbox name of one component: letters, digits, space, _ -"),
        "DELETED",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Where deleted mailboxes are kept.",
    )
    expunge_mode: ExpungeMode = option(
        Choice(ExpungeMode),
        "delayed",
        scope=Scope.SERVER,
        meaning="`delayed` keeps an expunged message until `cyr_expire -X` removes it. `immediate` and `semidelayed` "
        "remove its file once ten minutes have passed, so that no session loses what it was told of.",
    )
    singleinstancestore: bool = option(
        Switch(),
        "yes",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Keep one file for all recipients and copies of a message on a partition, by hard links.",
    )
    readonly: bool = option(
        Switch(),
        "no",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Refuse whatever would change the store, as during a move: mailboxes are opened read-only, writing "
        "commands of IMAP get NO, mail stays in the MTA's queue, and tools refuse as well.",
    )
    specialusealways: bool = option(
        Switch(),
        "yes",
        meaning="Tell the special use of mailboxes in every answer to LIST and LSUB, and not only where a client asks "
        "for it.",
    )
    specialuse_extra: tuple[str, ...] = option(
        SPECIAL_USES,
        "",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Attributes that mailboxes can have beside `\\Archive`, `\\Drafts`, `\\Important`, `\\Junk`, `\\Sent`, "
        "`\\Snoozed` and `\\Trash`.",
    )
    specialuse_nochildren: tuple[str, ...] = option(
        SPECIAL_USES,
        "",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Mailboxes with one of these uses get no mailboxes below them, but by administrators.",
    )
    specialuse_protect: tuple[str, ...] = option(
        SPECIAL_USES,
        "\\Archive \\Drafts \\Important \\Junk \\Sent \\Trash",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Mailboxes with one of these uses are not deleted, but by administrators.",
    )
    allowspecialusesubfolder: bool = option(
        Switch(),
        "no",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Let CREATE give a special use to mailboxes at any level. Otherwise only mailboxes directly below a "
        "user's INBOX, or beside it as she sees them, can have one.",
    )
