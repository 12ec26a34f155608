"""External lists (RFC 6134), kept as files of lines in the directory of the option `sieve_lists`.

`urn:ietf:params:sieve:addrbook:default` is the user's own, the file `USER/default`, and empty where she has none;
`urn:angarium:list:NAME` is one for all, the file `NAME`. A line is a member; blank lines and those that begin with `#`
are none.
"""

import asyncio
import errno
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from angarium.errors import DiskFailed
from angarium.names import UserId

_ADDRESS_BOOK: Final = re.compile(r"urn:ietf:params:sieve:addrbook:([^?]*)", re.IGNORECASE)
_OF_THE_SITE: Final = re.compile(r"urn:angarium:list:([A-Za-z0-9][A-Za-z0-9._-]{0,99})", re.IGNORECASE)
_LARGEST_OCTETS: Final = 4 << 20
"""A file that is larger is no list."""
_NOT_THERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG})


@dataclass(frozen=True, slots=True)
class ExternalLists:
    """The lists that one user's scripts can name. DiskFailed where one cannot be read, of all methods."""

    directory: Path | None
    userid: UserId | None

    async def is_known(self, name: str) -> bool:
        """Whether there is a list of this name."""
        return await self.members(name) is not None

    async def members(self, name: str) -> tuple[str, ...] | None:
        """All members, in order; None where there is no such list."""
        if self.directory is None:
            return None
        if _is_address_book(name):
            # RFC 6134 §2.5: whoever has none can name it all the same.
            path = self._address_book(self.directory)
            return () if path is None else await asyncio.to_thread(_read, path) or ()
        found = _OF_THE_SITE.fullmatch(name)
        return None if found is None else await asyncio.to_thread(_read, self.directory / found[1].lower())

    async def find(self, name: str, values: tuple[str, ...]) -> str | None:
        """The first member that one of `values` is, in any case of letters and without the space around it."""
        members = await self.members(name)
        return await asyncio.to_thread(_first_member, members, values) if members else None

    def _address_book(self, directory: Path) -> Path | None:
        user = "" if self.userid is None else str(self.userid)
        # A user's name may hold what a path must not.
        return directory / user / "default" if user and "/" not in user and user[0] != "." else None


def _is_address_book(name: str) -> bool:
    """Whether it is the default one, in any case once it is decoded (RFC 6134 §2.5)."""
    found = _ADDRESS_BOOK.fullmatch(name)
    return found is not None and unquote(found[1]).lower() == "default"


def _first_member(members: tuple[str, ...], values: tuple[str, ...]) -> str | None:
    wanted = {value.strip().casefold() for value in values}
    return next((member for member in members if member.casefold() in wanted), None)


def _read(path: Path) -> tuple[str, ...] | None:
    try:
        with open(path, "rb") as file:
            octets = file.read(_LARGEST_OCTETS + 1)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise DiskFailed(f"{path}: {error.strerror}") from error
    if len(octets) > _LARGEST_OCTETS:
        return None
    lines = (line.strip() for line in octets.decode("utf-8", "replace").splitlines())
    return tuple([line for line in lines if line and not line.startswith("#")])
