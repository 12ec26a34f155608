"""Users who get their mailboxes when they first log in, or when mail first comes for them."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from angarium.config.kinds import FilePath, Number, Switch, ValueRefused, Words
from angarium.config.option import option, optional
from angarium.config.options.acl import RIGHTS_PATTERN
from angarium.config.quantities import SizeUnit, parse_size
from angarium.errors import MailboxNameInvalid
from angarium.names import modutf7

_NEGATIVE = re.compile(r"-\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StorageLimit:
    """A limit of storage in KiB, or a negative number, which has a meaning of its own."""

    negative: str
    """What that is, for the manual."""
    name: str = "size"
    unit: str = "KiB"

    @property
    def allowed(self) -> str:
        return f"a size such as 10M, or a number of KiB; or -1, {self.negative}"

    def parse(self, text: str) -> int:
        if _NEGATIVE.fullmatch(text):
            return -1 if int(text) else 0
        return -(-parse_size(text, SizeUnit.KIB) // SizeUnit.KIB)


@dataclass(frozen=True, slots=True)
class Folders:
    """Names of mailboxes, each but once."""

    allowed: str = "names separated by `|`, in UTF-8 or in modified UTF-7"
    name: str = "names"
    unit: str = ""

    def parse(self, text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys([_folder(name) for name in text.split("|") if name.strip()]))


@dataclass(frozen=True, slots=True)
class FolderRight:
    """What an identifier gets on a mailbox, as SETACL would give it."""

    folder: str
    identifier: str
    rights: str


@dataclass(frozen=True, slots=True)
class FolderRights:
    """Rights on mailboxes."""

    allowed: str = "a name, an identifier and rights (letters of lrswipkxtecdan and digits), separated by spaces"
    name: str = "rights"
    unit: str = ""

    def parse(self, text: str) -> tuple[FolderRight, ...]:
        return tuple([_folder_right(part) for part in text.split("|") if part.strip()])


def _folder(written: str) -> str:
    """A name as the file has it: administrators of Cyrus write modified UTF-7."""
    name = written.strip()
    try:
        return modutf7.decode(name.encode())
    except MailboxNameInvalid:
        return name


def _folder_right(text: str) -> FolderRight:
    words = text.strip().rsplit(maxsplit=2)
    if len(words) != 3:
        raise ValueRefused("a name, an identifier and rights are needed")
    folder, identifier, rights = words
    if not re.fullmatch(f"[+-]?{RIGHTS_PATTERN}", rights):
        raise ValueRefused(f"{rights!r} is not a set of rights")
    return FolderRight(_folder(folder), identifier, rights)


@dataclass(frozen=True, slots=True, kw_only=True)
class AutocreateSettings:
    """What users get who have no INBOX yet."""

    autocreate_quota: int = option(
        StorageLimit("to make none"),
        "-1",
        meaning="From 0 on, users who have no INBOX get one when they log in, and with `autocreate_post` when mail "
        "comes for them; this is the limit of its storage, and 0 is none.",
    )
    autocreatequota: int = option(
        StorageLimit("for no limit"),
        "0",
        meaning="The same as it was before Cyrus 2.5, and still is here: 0 makes no INBOX, and a negative number makes "
        "one without a limit. It holds where `autocreate_quota` is negative.",
    )
    autocreate_quota_messages: int = option(
        Number(-1),
        "-1",
        meaning="How many messages the mailboxes of such a user may hold; -1 and 0 are no limit.",
    )
    autocreate_inbox_folders: tuple[str, ...] = option(
        Folders(),
        "",
        meaning="Mailboxes that are made with the INBOX, below it, or beside it as `altnamespace` shows them. Levels "
        "are separated as clients see them, `/` with `unixhierarchysep`; what is missing above a mailbox is made too.",
    )
    autocreate_subscribe_folders: tuple[str, ...] = option(
        Folders(),
        "",
        meaning="Those of `autocreate_inbox_folders` that the user is subscribed to. To INBOX she always is.",
    )
    autocreate_subscribe_sharedfolders: tuple[str, ...] = option(
        Folders(),
        "",
        meaning="Shared mailboxes that she is subscribed to, where she may know of them: by the name that users see, "
        "or by that of administrators.",
    )
    autocreate_subscribe_sharedfolders_all: bool = option(
        Switch(), "no", meaning="Subscribe her to every shared mailbox that she may know of."
    )
    autocreate_post: bool = option(
        Switch(), "no", meaning="Mail, too, makes the mailboxes of a user who has none: whoever the MTA says there is."
    )
    autocreate_users: tuple[str, ...] = option(
        Words(),
        "anyone",
        meaning="Who gets mailboxes: users, groups as `group:NAME`, or `anyone`. Administrators never do.",
    )
    autocreate_acl: tuple[FolderRight, ...] = option(
        FolderRights(),
        "",
        repeated=True,
        meaning="Rights on one of `autocreate_inbox_folders`, beside those that it inherits: `plus anyone p` lets mail "
        "be sent to the mailbox `plus`. May stand any number of times, and several with `|` between.",
    )
    autocreate_sieve_folders: tuple[str, ...] = option(
        Folders(),
        "",
        meaning="Mailboxes that the `fileinto` of a script makes, and subscribes its user to, where they are missing.",
    )
    autocreate_sieve_script: Path | None = optional(
        FilePath(),
        meaning="A file with the Sieve script that such a user begins with, under the name of the file. A script with "
        "mistakes is logged, and nobody gets it.",
    )
    special_uses: Mapping[str, str] = field(default_factory=dict)
    """Names among `autocreate_inbox_folders` by the FLAG of `xlist-FLAG`, in lower case."""

    @property
    def storage_limit_kib(self) -> int | None:
        """The limit of a new INBOX, 0 for none; None where none is to be made."""
        if self.autocreate_quota >= 0:
            return self.autocreate_quota
        return None if self.autocreatequota == 0 else max(self.autocreatequota, 0)
