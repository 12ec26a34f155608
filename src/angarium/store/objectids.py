"""Object identifiers (RFC 8474): what clients know messages and threads by; JMAP will use the same.

An identifier of one kind never is one of another, which its first letter says. Mailboxes are known by their unique id.
"""

import re
from typing import Final

from angarium.engine.rows import EmailId, ThreadId

_OBJECT_ID: Final = re.compile(r"([MT])([0-9a-f]{16})")


def email_object_id(email: EmailId) -> str:
    """EMAILID (RFC 8474 §5.1)."""
    return f"M{email:016x}"


def thread_object_id(thread: ThreadId) -> str:
    """THREADID (RFC 8474 §5.2)."""
    return f"T{thread:016x}"


def parse_email_id(text: str) -> EmailId | None:
    """The inverse of `email_object_id`; None for what it never gives."""
    number = _number(text, "M")
    return None if number is None else EmailId(number)


def parse_thread_id(text: str) -> ThreadId | None:
    """The inverse of `thread_object_id`; None for what it never gives."""
    number = _number(text, "T")
    return None if number is None else ThreadId(number)


def _number(text: str, kind: str) -> int | None:
    found = _OBJECT_ID.fullmatch(text)
    number = int(found[2], 16) if found is not None and found[1] == kind else None
    return number if number is not None and number < 1 << 63 else None
