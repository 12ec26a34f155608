"""Flags as scripts name them; what is none is passed over (RFC 5232 §2)."""

import re
from collections.abc import Iterable
from typing import Final

from angarium.flags import Flags, system_flag

_KEYWORD: Final = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]{1,100}")


def flags_of(names: Iterable[str]) -> Flags:
    """The flags among `names` that a message can have."""
    return Flags.of([name for name in names if system_flag(name) is not None or _KEYWORD.fullmatch(name)])
