"""ManageSieve, by which users manage their scripts (RFC 5804): parser, states, responses, session, connection."""

from angarium.managesieve.connection import ManageSieveConnection
from angarium.managesieve.host import ManageSieveHost
from angarium.managesieve.service import managesieve_protocols

__all__ = ["ManageSieveConnection", "ManageSieveHost", "managesieve_protocols"]
