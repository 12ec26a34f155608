"""Responses and challenges as the line-based protocols carry them: base64 (RFC 4648 §4), `*` to cancel.

IMAP (RFC 9051 §6.2.2), POP3 (RFC 5034 §4) and SMTP with LMTP (RFC 4954 §4) do it alike, without the end of line.
"""

import binascii

from angarium.errors import FailureReason
from angarium.sasl.exchange import Failed

MAX_LINE_OCTETS = 12288
"""The longest line of an exchange, which servers must accept (RFC 4954 §4)."""


def decode_response(line: bytes, *, max_octets: int = MAX_LINE_OCTETS) -> bytes | Failed:
    """The response in a line of the client, or why the exchange ends with it."""
    if len(line) > max_octets:
        return Failed(FailureReason.TOO_LONG)
    if line == b"*":
        return Failed(FailureReason.ABORTED)
    try:
        response = binascii.a2b_base64(line, strict_mode=True)
    except binascii.Error:
        return Failed(FailureReason.NOT_BASE64)
    # Strict as it is, Python 3.11 takes padding behind what needs none.
    return response if len(line) == -(-len(response) // 3) * 4 else Failed(FailureReason.NOT_BASE64)


def decode_initial_response(argument: bytes, *, max_octets: int = MAX_LINE_OCTETS) -> bytes | Failed:
    """The response in the command itself, where `=` is an empty one (RFC 9051 §6.2.2) and nothing cancels."""
    if argument == b"=":
        return b""
    if argument in (b"", b"*"):
        return Failed(FailureReason.NOT_BASE64)
    return decode_response(argument, max_octets=max_octets)


def encode_challenge(data: bytes) -> bytes:
    """The line that carries a challenge, without what the protocol puts around it."""
    return binascii.b2a_base64(data, newline=False)
