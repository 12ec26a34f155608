"""Files and directories of mail, as mailboxes."""

import enum
import re
from dataclasses import dataclass
from typing import Final

from angarium.sievetranslate.translation import Surroundings

HOME: Final = "~"
"""What the user's home directory is taken for."""

_SPOOL: Final = re.compile(r"/(?:var/(?:spool/)?mail|usr/(?:spool/)?mail)/[^/]+/?")
_HOMES: Final = re.compile(r"/(?:home|users|Users|u)/(?:[a-z]/)?([^/]+)(?=/|$)")
_MAIL_DIRECTORIES: Final = frozenset({"mail", "Mail", "Maildir", "mail-folders"})
_MAX_CHARACTERS: Final = 400


class Place(enum.Enum):
    """Where mail goes that is in no folder."""

    INBOX = enum.auto()
    NOWHERE = enum.auto()


@dataclass(frozen=True, slots=True)
class Folder:
    """A mailbox by its name here."""

    name: str


class FolderRefused(ValueError):
    """A path that means no mailbox; `str()` says why."""


def folder_of(path: str, maildir: str, surroundings: Surroundings) -> Folder | Place:
    """The mailbox that a path means where `maildir` is the directory of folders. FolderRefused."""
    if path == "/dev/null":
        return Place.NOWHERE
    path = _at_home(path, surroundings)
    maildir = _at_home(maildir, surroundings).rstrip("/")
    if _SPOOL.fullmatch(path):
        return Place.INBOX
    if not path.startswith(("/", HOME)):
        path = f"{maildir}/{path}"
    names = _below(path, maildir)
    if not names or (len(names) == 1 and names[0].lower() == "inbox"):
        return Place.INBOX
    return folder_named(names, surroundings)


def folder_named(names: list[str], surroundings: Surroundings) -> Folder:
    """The mailbox with these components. FolderRefused."""
    name = surroundings.prefix + surroundings.separator.join(names)
    if any(not each or not each.isprintable() for each in names) or len(name) > _MAX_CHARACTERS:
        raise FolderRefused("no mailbox can have such a name")
    if any(char in each for each in names for char in "%*"):
        raise FolderRefused("a mailbox cannot have % or * in its name")
    return Folder(name)


def _at_home(path: str, surroundings: Surroundings) -> str:
    found = _HOMES.match(path)
    if found is None or (surroundings.user is not None and found[1] != surroundings.user):
        return path
    return HOME + path[found.end() :]


def _below(path: str, maildir: str) -> list[str]:
    """The components of a path below the directory of folders."""
    if path == maildir or path.startswith(f"{maildir}/"):
        relative = path[len(maildir) :]
    elif path == HOME or path.startswith(f"{HOME}/"):
        relative = path[len(HOME) :]
    else:
        raise FolderRefused(f"{path} is in no directory of the user's mail")
    names = [name for name in relative.split("/") if name not in ("", ".")]
    if ".." in names:
        raise FolderRefused(f"{path} is in no directory of the user's mail")
    if names and names[0] in _MAIL_DIRECTORIES:
        names = names[1:]
    if names and names[0].startswith("."):
        # Maildir++: one directory, whose name has dots between the components.
        names = [part for part in ".".join(names).split(".") if part]
    return names
