"""Socket maps (`smmapd`), by which an MTA asks whom there is mail for: netstrings, lookups, connections."""

from angarium.smmap.host import Admit, Connection, SmmapHost
from angarium.smmap.protocol import SmmapProtocol
from angarium.smmap.service import smmap_protocols

__all__ = ["Admit", "Connection", "SmmapHost", "SmmapProtocol", "smmap_protocols"]
