"""The users that a store begins with, and the file that keeps their passwords.

# comment
NAME PASSWORD user|admin
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from angarium.cli.privatefile import write_private
from angarium.errors import ConfigError

USER: Final = "user"
ADMIN: Final = "admin"

_CONSONANTS: Final = "bdfghjkmnprstvz"
_VOWELS: Final = "aeiou"
_GROUPS: Final = 4
_SYLLABLES: Final = 3

_HEADING: Final = """\
# The users that were made at the first start. Change a password with `angarium user passwd NAME`, and then this file
# is out of date and may go.
"""


@dataclass(frozen=True, slots=True)
class FirstUser:
    """A user and the password that she was given."""

    name: str
    password: str = field(repr=False)
    is_admin: bool


def new_first_users() -> tuple[FirstUser, ...]:
    """A user and an administrator with new passwords."""
    return (FirstUser(USER, readable_password(), False), FirstUser(ADMIN, readable_password(), True))


def readable_password() -> str:
    """Twelve random syllables in groups, as `bakiro-temuda-…`: 74 bits, and easy to type."""
    return "-".join(
        ["".join([_syllable() for _ in range(_SYLLABLES)]) for _ in range(_GROUPS)],
    )


def _syllable() -> str:
    return secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS)


def write_first_users(path: Path, users: tuple[FirstUser, ...]) -> None:
    """Keep them, for their owner alone; durable on return."""
    write_private(path, serialize_first_users(users).encode())


def read_first_users(path: Path) -> tuple[FirstUser, ...]:
    """Those of the file; none where it is gone. ConfigError."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8") from error
    return parse_first_users(text, file=path)


def serialize_first_users(users: tuple[FirstUser, ...]) -> str:
    """The text of the file."""
    lines = [f"{user.name} {user.password} {'admin' if user.is_admin else 'user'}\n" for user in users]
    return _HEADING + "".join(lines)


def parse_first_users(text: str, *, file: Path) -> tuple[FirstUser, ...]:
    """The inverse of `serialize_first_users`. ConfigError, with file and line."""
    users = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match line.split():
            case [name, password, ("user" | "admin") as kind]:
                users.append(FirstUser(name, password, kind == "admin"))
            case _:
                raise ConfigError(f"{file}:{number}: not a user; allowed: NAME PASSWORD user, or NAME PASSWORD admin")
    return tuple(users)
