"""What IMAP says to users, in their languages (LANGUAGE, RFC 5255 §3): one module for each.

A text that is new needs a line in each module, which `tests/imap/languages/test_completeness.py` watches.
"""

from .table import CATALOGUES, TAGS, find_language

__all__ = ["CATALOGUES", "TAGS", "find_language"]
