"""Users of other systems, from a file with a line for each: `name:hash`, with whatever may follow behind a colon, as in
passwd(5), shadow(5), htpasswd's files and the passwd-file of Dovecot.

Passwords that stand there as they are (`{PLAIN}`) are stored as new ones; hashes stay until the user logs in.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from angarium.auth.passwords import Passwords
from angarium.auth.policy import canonical_userid
from angarium.auth.users import UserMail, add_user, add_user_with_hash
from angarium.engine.interface import Engine
from angarium.engine.sources import Sources
from angarium.errors import PreparationFailed, UserExists, UserNameInvalid
from angarium.names import NameSettings

MAX_FILE_OCTETS: Final = 64 << 20
_PLAIN: Final = re.compile(r"\{(?:PLAIN|CLEARTEXT|CLEAR)\}", re.IGNORECASE)
_EXTRA_FIELD: Final = 7
"""Of Dovecot's form, counted from 0."""


@dataclass(frozen=True, slots=True)
class ImportLine:
    """A line that may be a user."""

    number: int
    name: str
    hash: str = field(repr=False)
    fault: str = ""
    """Why it is left out; empty: it is not."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a line."""

    line: ImportLine
    fault: str = ""
    exists: bool = False
    """There is such a user already, who stays as she is."""


def parse_import(text: str) -> Iterator[ImportLine]:
    """The lines that are neither empty nor begin with `#`."""
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip("\r\ufeff")
        if line.strip() and not line.startswith("#"):
            yield _parse_line(number, line)


async def import_users(
    engine: Engine,
    lines: Iterable[ImportLine],
    *,
    names: NameSettings,
    passwords: Passwords,
    sources: Sources,
    mail: UserMail,
) -> AsyncIterator[Imported]:
    """Add one after another, each durably before it is told. A fault concerns its line alone, and doing it again does
    no harm."""
    for line in lines:
        if line.fault:
            yield Imported(line, line.fault)
            continue
        try:
            userid = canonical_userid(line.name, names)
            plain = _PLAIN.match(line.hash)
            if plain:
                password = line.hash[plain.end() :]
                await add_user(engine, userid, password, passwords=passwords, sources=sources, mail=mail)
            else:
                await add_user_with_hash(engine, userid, line.hash, sources=sources, mail=mail)
        except UserExists as error:
            yield Imported(line, str(error), exists=True)
        except (UserNameInvalid, PreparationFailed) as error:
            yield Imported(line, str(error))
        else:
            yield Imported(line)


def _parse_line(number: int, line: str) -> ImportLine:
    name, colon, rest = line.partition(":")
    fields = rest.split(":")
    stored = fields[0]
    fault = ""
    if not colon or not name:
        fault = "not name:hash"
    elif stored in ("", "x", "*"):
        fault = "no password stands here"
    elif stored.startswith(("!", "*")):
        fault = "the user is locked"
    elif "nologin" in " ".join(fields[_EXTRA_FIELD - 1 :]).split():
        fault = "the user may not log in"
    return ImportLine(number, name, stored, fault)
