"""Names that those outside may take for other ones.

Directories prepare what they compare (RFC 4518 §2), and databases pass over spaces at the end. So somebody could come
in there under a spelling of her name that is nobody's here: as a user who has nothing of hers, who is not denied what
she is, and of whom no second factor is asked.
"""

import re
import unicodedata
from typing import Final

_MAPPED_TO_NOTHING: Final = re.compile("[\u034f\u180b-\u180d\ufe00-\ufe0f\ufffc]")
"""Beside the characters of categories Cc and Cf (RFC 4518 §2.2)."""


def is_as_prepared(userid: str) -> bool:
    """Whether a user's name is spelled as those outside would have it in the end, but for the case of its letters.
    There is one spelling of a domain."""
    name = userid.partition("@")[0]
    if name != " ".join(name.split()):
        return False
    if name.isascii():
        return name.isprintable()
    if _MAPPED_TO_NOTHING.search(name) or any(unicodedata.category(character) in ("Cc", "Cf") for character in name):
        return False
    return unicodedata.is_normalized("NFKC", name)
