"""Lists of flags as scripts write them (RFC 5232 §2)."""

import re
from collections.abc import Callable, Iterable

from angarium.flags import system_flag
from angarium.sieve.arguments import Arguments
from angarium.sieve.run import Run
from angarium.sieve.specification import Kind, Tag
from angarium.sieve.text import Texts

FLAGS_TAG = Tag("flags", ("imap4flags",), Kind.STRINGS)
"""Of the commands that file the message."""

_MAX_FLAGS = 128
_CHARACTERS_OF_STEP = 4

_KEYWORD = re.compile(r'[^\x00-\x20\x7f-\U0010ffff(){%*"\\\]]+')
"""RFC 9051 §9: an atom."""


def flags_of(arguments: Arguments) -> Callable[[Run], tuple[str, ...]]:
    """The flags that a command files with: those of its `:flags`, or else those of the internal variable."""
    texts = arguments.tag_texts("flags")
    return (lambda run: run.flags) if texts is None else flags_in(texts)


def flags_in(texts: Texts | None) -> Callable[[Run], tuple[str, ...]]:
    """Those that a list of strings names; none where there is no list."""
    if texts is None:
        return lambda _run: ()
    if texts.constants is not None:
        constants = parse_flags(texts.constants)
        return lambda _run: constants
    return lambda run: read_flags(run, texts.values(run))


def read_flags(run: Run, lists: Iterable[str]) -> tuple[str, ...]:
    """`parse_flags` of what is known in a run alone, and paid for there."""
    given = tuple(lists)
    run.spend(sum(map(len, given)) // _CHARACTERS_OF_STEP)
    return parse_flags(given)


def parse_flags(lists: Iterable[str]) -> tuple[str, ...]:
    """Each flag once, in its first spelling; those that IMAP cannot store are left out (RFC 5232 §2)."""
    flags: dict[str, str] = {}
    for text in lists:
        for flag in text.split(" "):
            if system_flag(flag) is not None or _KEYWORD.fullmatch(flag):
                flags.setdefault(flag.lower(), flag)
    return tuple(flags.values())[:_MAX_FLAGS]
