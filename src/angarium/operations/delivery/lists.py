"""External lists (RFC 6134), kept as files of lines in the directory of the option `sieve_lists`.

`urn:ietf:params:sieve:addrbook:default` is the user's own, the file `USER/default`; `urn:angarium:list:NAME` is one for
all, the file `NAME`. A line is a member; blank lines and those that begin with `#` are none.
"""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from angarium.names import UserId

_ADDRESS_BOOK: Final = re.compile(r"urn:ietf:params:sieve:addrbook(?::default)?", re.IGNORECASE)
_OF_THE_SITE: Final = re.compile(r"urn:angarium:list:([A-Za-z0-9][A-Za-z0-9._-]{0,99})", re.IGNORECASE)
_LARGEST_OCTETS: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class ExternalLists:
    """The lists that one user's scripts can name."""

    directory: Path | None
    userid: UserId | None

    async def is_known(self, name: str) -> bool:
        """Whether there is a list of this name."""
        path = self._path(name)
        return path is not None and await asyncio.to_thread(path.is_file)

    async def members(self, name: str) -> tuple[str, ...] | None:
        """All members, in order; None where there is no such list."""
        path = self._path(name)
        return None if path is None else await asyncio.to_thread(_read, path)

    async def find(self, name: str, values: tuple[str, ...]) -> str | None:
        """The first of `values` that is a member, in any case of letters."""
        path = self._path(name)
        return None if path is None else await asyncio.to_thread(_first_member, path, values)

    def _path(self, name: str) -> Path | None:
        if self.directory is None:
            return None
        if _ADDRESS_BOOK.fullmatch(name):
            user = "" if self.userid is None else str(self.userid)
            # A user's name may hold what a path must not.
            return self.directory / user / "default" if user and "/" not in user and user[0] != "." else None
        found = _OF_THE_SITE.fullmatch(name)
        return None if found is None else self.directory / found[1].lower()


def _first_member(path: Path, values: tuple[str, ...]) -> str | None:
    members = {member.casefold() for member in _read(path) or ()}
    return next((value for value in values if value.casefold() in members), None)


def _read(path: Path) -> tuple[str, ...] | None:
    try:
        with open(path, "rb") as file:
            text = file.read(_LARGEST_OCTETS).decode("utf-8", "replace")
    except OSError:
        return None
    lines = (line.strip() for line in text.splitlines())
    return tuple([line for line in lines if line and not line.startswith("#")])
