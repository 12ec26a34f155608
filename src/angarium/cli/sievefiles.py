"""Scripts and messages that the actions of `angarium sieve` read, and how they show what is wrong with one."""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Final

from angarium.cli.location import location_of
from angarium.cli.printable import printable
from angarium.config import Settings, load_settings
from angarium.config.options import SieveSettings
from angarium.sieve import Mistake, ScriptInvalid
from angarium.sieve.source import with_line_feeds

STANDARD_INPUT: Final = "-"
_SHOWN_CHARACTERS: Final = 200
_MAX_OCTETS: Final = 16 << 20
"""What is longer is no script, whatever the options allow."""


def read_file(name: str) -> bytes:
    """A script, or what is to become one, from a file or from standard input. OSError."""
    if name == STANDARD_INPUT:
        return sys.stdin.buffer.read(_MAX_OCTETS)
    with open(name, "rb") as file:
        return file.read(_MAX_OCTETS)


def shown_name(name: str) -> str:
    """What a file is called in messages."""
    return "standard input" if name == STANDARD_INPUT else name


def settings_found(arguments: argparse.Namespace) -> Settings | None:
    """Those of the store that was named, or of the machine's where there is one that may be read; None: there is none.
    ConfigError."""
    location = location_of(arguments)
    is_named = arguments.imapd_conf is not None or arguments.dir is not None
    if not is_named and not os.access(location.imapd_conf, os.R_OK):
        return None
    return load_settings(location.imapd_conf).settings


def sieve_settings(arguments: argparse.Namespace) -> SieveSettings:
    """The options of scripts, or without a store the defaults. ConfigError."""
    settings = settings_found(arguments)
    return SieveSettings() if settings is None else settings.sieve


def mistake_lines(name: str, content: bytes, mistakes: Iterable[Mistake], *, label: str = "") -> Iterator[str]:
    """Each mistake with its place, as compilers write it, the line of the script and a mark below the place."""
    lines = source_lines(content)
    for mistake in mistakes:
        line, column = mistake.position
        yield f"{shown_name(name)}:{line}:{column}: {label}{mistake.text}"
        source = lines[line - 1] if line <= len(lines) else ""
        if source.strip():
            start = max(0, column - _SHOWN_CHARACTERS // 2)
            shown = source[start : start + _SHOWN_CHARACTERS]
            # Tabs stay, so that the mark stands below the place however wide they are.
            before = "".join(["\t" if char == "\t" else " " for char in shown[: column - 1 - start]])
            yield f"    {printable(shown)}"
            yield f"    {before}^"


def report_mistakes(name: str, content: bytes, invalid: ScriptInvalid) -> None:
    """Tells standard error."""
    for line in mistake_lines(name, content, invalid.mistakes):
        sys.stderr.write(f"{line}\n")


def source_lines(content: bytes) -> list[str]:
    """The lines of a script, for people to see."""
    return with_line_feeds(content.decode("utf-8", "replace")).split("\n")
