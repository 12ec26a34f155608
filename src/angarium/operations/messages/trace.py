"""What a delivery puts in front of a message (RFC 5321 §4.4) and behind its header where a field is missing.

The fields are the same for every recipient, and `Received` has no `for` clause, so that one file can be linked into all
their mailboxes and no recipient learns of another.
"""

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

SIEVE_VERSION = "CMU Sieve 3.0"
"""The value of X-Sieve that mail filters and clients of Cyrus look for."""

_NOT_IN_A_FIELD = dict.fromkeys(range(32)) | {127: None}


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a message came from; controls in the texts are dropped, so that none can begin a field of its own."""

    return_path: str
    """The reverse path without its angle brackets; empty for the null path."""
    client_name: str
    """As the client named itself in LHLO."""
    client_address: str
    """As `[192.0.2.7]`, or `local` on a unix socket."""
    server_name: str
    server_version: str
    """As `Angarium 1.0`."""
    protocol: str
    """`LMTP`, or `LMTPA` from a client that is authenticated (RFC 3848)."""
    time: datetime
    """Aware; when the message arrived."""
    message_id: str
    """Without angle brackets; for a message that has none."""


def trace_header(trace: Trace) -> bytes:
    """Return-Path, Received and X-Sieve, ready to stand before the message."""
    return (
        f"Return-Path: <{_clean(trace.return_path)}>\r\n"
        f"Received: from {_clean(trace.client_name)} ({_clean(trace.client_address)})\r\n"
        f"\t by {_clean(trace.server_name)} ({_clean(trace.server_version)}) with {trace.protocol};\r\n"
        f"\t {format_datetime(trace.time)}\r\n"
        f"X-Sieve: {SIEVE_VERSION}\r\n"
    ).encode("utf-8", "replace")


def missing_fields(trace: Trace, *, message_id: bool, date: bool) -> bytes:
    """The fields that a message must have and lacks (RFC 5322 §3.6), for the end of its header."""
    fields = b""
    if message_id:
        fields += f"Message-ID: <{_clean(trace.message_id)}>\r\n".encode("utf-8", "replace")
    if date:
        fields += f"Date: {format_datetime(trace.time)}\r\n".encode()
    return fields


def _clean(text: str) -> str:
    return text.translate(_NOT_IN_A_FIELD)
