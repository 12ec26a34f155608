"""Socket maps (`smmapd`), by which an MTA asks whom there is mail for: netstrings, lookups, connections."""

from angarium.smmap.host import SmmapHost
from angarium.smmap.protocol import SmmapProtocol
from angarium.smmap.service import smmap_protocols

__all__ = ["SmmapHost", "SmmapProtocol", "smmap_protocols"]
