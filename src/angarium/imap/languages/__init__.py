"""What the server says to users, in their languages (LANGUAGE, RFC 5255 §3): one module for each.

English is not among them: its texts stand where they are said, and are the keys of all others. A text that is new needs
a line in each module, which `tests/imap/languages/test_completeness.py` watches.
"""

from .language import Catalogue, Language, make_language
from .table import I_DEFAULT, TAGS, RangeInvalid, choose_tag, find_language

__all__ = [
    "I_DEFAULT",
    "TAGS",
    "Catalogue",
    "Language",
    "RangeInvalid",
    "choose_tag",
    "find_language",
    "make_language",
]
