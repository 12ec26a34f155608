"""What may stand in a name, whatever namespace it is seen through.

Cyrus refuses the characters that mean something to LIST, to a shell or to its own internal form; the rest of ASCII is
allowed. Above ASCII everything is allowed that Net-Unicode allows (RFC 9051 §5.1, RFC 5198 §2): neither controls nor
the separators of lines and paragraphs.
"""

import re
import unicodedata

from angarium.errors import MailboxNameInvalid

MAX_INTERNAL_OCTETS = 490
"""Longest internal name, in UTF-8, domain and separators counted."""

_REFUSED = re.compile('[\x00-\x1f\x7f-\x9f!"%/;<>\\\\^`{|}\u2028\u2029\ud800-\udfff]')
_COMPOSED_CHARACTERS_MAX = 1024
"""Ordering combining marks costs the square of their number."""
_DOMAIN = re.compile(r"(?!-)[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*")
_MAX_DOMAIN_OCTETS = 255  # RFC 1035 §2.3.4


def check_characters(text: str) -> None:
    """Raises MailboxNameInvalid for the first character of `text` that no component may hold."""
    refused = _REFUSED.search(text)
    if refused is not None:
        raise MailboxNameInvalid(f"character {refused.group()!r} is not allowed in a name")


def is_domain(text: str) -> bool:
    """Whether `text` is a domain as this store spells it: labels of letters and digits, lower case, NFC."""
    if len(text.encode("utf-8", "replace")) > _MAX_DOMAIN_OCTETS:
        return False
    return _DOMAIN.fullmatch(text) is not None and text == nfc(text.lower())


def is_inbox(component: str) -> bool:
    """Whether a first component is INBOX, in any case of its ASCII letters (RFC 9051 §5.1)."""
    return len(component) == 5 and component.isascii() and component.upper() == "INBOX"


def nfc(text: str) -> str:
    """`text` as names are compared; what is far too long for a name in any form stays as it is."""
    if text.isascii() or len(text) > _COMPOSED_CHARACTERS_MAX:
        return text
    return unicodedata.normalize("NFC", text)
