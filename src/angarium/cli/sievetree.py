"""Scripts as Cyrus has kept them in `sievedir`: which files there are, whose, and which one is active.

    <letter>/<user>/NAME.script                     and NAME.bc, which is made of it and not looked at
    <letter>/<user>/defaultbc -> NAME.bc            the active one; `default -> NAME.script` before there were .bc
    domain/<letter>/<domain>/<letter>/<user>/…      users of other domains than the default one
    global/NAME.script                              scripts that all may include
    domain/<letter>/<domain>/global/NAME.script     those that the users of a domain may

The letter is a hash, of one sort or another, and says nothing. A dot in a user's name is `^`.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SUFFIX: Final = ".script"
_ACTIVE: Final = {"defaultbc": ".bc", "default": _SUFFIX}
"""Links to the active script, the newer one first, and the ends of the names that they point to."""
_DOMAINS: Final = "domain"
_GLOBAL: Final = "global"
_BY_ID: Final = "uuid"


@dataclass(frozen=True, slots=True)
class FoundScript:
    """A file with a script."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class FoundScripts:
    """The scripts in one directory."""

    user: str
    """As `ann` or `ann@example.net`; empty for those that others include."""
    domain: str
    """Whose users may include them; empty for all."""
    scripts: tuple[FoundScript, ...]
    """By name."""
    active: str | None = None


def find_scripts(root: Path) -> Iterator[FoundScripts]:
    """All of them, users by name within each directory. OSError."""
    yield from _of_domain(root, domain="")
    for letter in _directories(root / _DOMAINS):
        for directory in _directories(letter):
            yield from _of_domain(directory, domain=directory.name.lower())


def has_scripts_by_id(root: Path) -> bool:
    """Whether Cyrus 3.6 or later has written here, which keeps the scripts themselves in mailboxes."""
    return (root / _BY_ID).is_dir()


def _of_domain(root: Path, *, domain: str) -> Iterator[FoundScripts]:
    if (root / _GLOBAL).is_dir():
        yield FoundScripts("", domain, _scripts(root / _GLOBAL))
    for letter in _directories(root):
        if letter.name in (_DOMAINS, _GLOBAL, _BY_ID):
            continue
        for directory in _directories(letter):
            user = directory.name.replace("^", ".")
            scripts = _scripts(directory)
            if scripts:
                yield FoundScripts(f"{user}@{domain}" if domain else user, domain, scripts, _active(directory))


def _directories(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    return sorted([each for each in path.iterdir() if each.is_dir() and not each.is_symlink()])


def _scripts(directory: Path) -> tuple[FoundScript, ...]:
    return tuple(
        [
            FoundScript(path.name.removesuffix(_SUFFIX), path)
            for path in sorted(directory.iterdir())
            if path.name.endswith(_SUFFIX) and path.name != _SUFFIX and path.is_file()
        ]
    )


def _active(directory: Path) -> str | None:
    for name, suffix in _ACTIVE.items():
        try:
            target = os.path.basename(os.readlink(directory / name))
        except OSError:
            continue  # there is none, or it is no link
        if target.endswith(suffix):
            return target.removesuffix(suffix)
    return None
