"""POP3 (RFC 1939): a maildrop for clients that fetch their mail."""

from angarium.pop3.host import Pop3Host
from angarium.pop3.protocol import Pop3Protocol
from angarium.pop3.service import pop3_protocols

__all__ = ["Pop3Host", "Pop3Protocol", "pop3_protocols"]
