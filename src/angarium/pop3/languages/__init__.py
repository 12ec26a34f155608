"""What POP3 says to users, in their languages (LANG, RFC 6856 §3): one module for each.

A text that is new needs a line in each module, which `tests/pop3/languages/test_completeness.py` watches.
"""

from angarium.pop3.languages.table import CATALOGUES, NAMES, find_language

__all__ = ["CATALOGUES", "NAMES", "find_language"]
