"""LMTP, by which mail comes in (RFC 2033): parser, states, replies, session, connection."""

from angarium.lmtp.backlog import Backlog
from angarium.lmtp.host import LmtpHost, Peer
from angarium.lmtp.protocol import LmtpProtocol
from angarium.lmtp.service import lmtp_protocols

__all__ = ["Backlog", "LmtpHost", "LmtpProtocol", "Peer", "lmtp_protocols"]
