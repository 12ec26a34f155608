"""The kind of option that is a list of networks."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from .kinds import ValueRefused

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Networks:
    """Addresses and networks, separated by spaces."""

    name: str = "networks"
    allowed: str = "addresses and networks such as 192.0.2.7 or 2001:db8::/32, separated by spaces"
    unit: str = ""

    def parse(self, text: str) -> tuple[Network, ...]:
        return tuple(dict.fromkeys(_network_of(word) for word in text.split()))


def _network_of(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueRefused(str(error)) from None
