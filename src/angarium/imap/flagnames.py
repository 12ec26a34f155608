"""Spelling of flags as clients write them (RFC 9051 §2.3.2, §9 flag)."""

import re

from angarium.flags import SYSTEM_FLAG_NAMES, system_flag

# `]` is not an ATOM-CHAR: a keyword with it would end the code [PERMANENTFLAGS (…)] early. Cyrus lets it in.
_KEYWORD = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")


def parse_system_flag(text: bytes) -> str | None:
    """The system flag that `text`, in any case, names; None for all else, `\\Recent` included, which nobody can set."""
    flag = system_flag(text.decode("latin-1"))
    return None if flag is None else SYSTEM_FLAG_NAMES[flag]


def parse_keyword(text: bytes) -> str | None:
    """The keyword, spelt as given; None for what is no `flag-keyword`."""
    return text.decode("ascii") if _KEYWORD.fullmatch(text) else None
