"""From the folded form of text to the one that RFC 5051 §2 orders by, which is in title case.

Case matters to the order: `_` stands after the capitals of ASCII and before its small letters.
"""

import re

_MTAVRULI = re.compile("[\u1c90-\u1cba\u1cbd-\u1cbf]")
_TO_MKHEDRULI = {code: code - 0x1C90 + 0x10D0 for code in range(0x1C90, 0x1CC0) if code not in (0x1CBB, 0x1CBC)}


def titlecase(folded: str) -> str:
    """`folded` with each letter in title case; of what `mime.fold` gives, one letter makes one letter."""
    upper = folded.upper()
    if not upper.isascii() and _MTAVRULI.search(upper):
        # Georgian alone has capitals that its words do not begin with: the small letters are their own title case.
        return upper.translate(_TO_MKHEDRULI)
    return upper
