"""Rules about clients: by what they say of themselves, where they come from, and who they are."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from .kinds import ValueRefused

_RULES_MAX = 200

_TOKEN = re.compile(r'\s*(?:;|(?:[^\s";]|"[^"]*")+)\s*')


@dataclass(frozen=True, slots=True)
class Client:
    """What is known of a client by now; empty where nothing is."""

    address: str = ""
    name: str = ""
    """What it says of itself with ID (RFC 2971), as is `version`."""
    version: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class ClientRule:
    """Capabilities, in capitals, that are hidden from clients of which all that is named here is true."""

    hidden: tuple[str, ...]
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    name: str = "*"
    """A pattern of the shell, in small letters, as are the other two."""
    version: str = "*"
    user: str = "*"

    def matches(self, client: Client) -> bool:
        """Whether the rule is about this client; what is not known yet is empty."""
        return (
            fnmatchcase(client.name.lower(), self.name)
            and fnmatchcase(client.version.lower(), self.version)
            and fnmatchcase(client.user.lower(), self.user)
            and (not self.networks or self._comes_from(client.address))
        )

    def _comes_from(self, address: str) -> bool:
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:  # a unix socket
            return False
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(parsed in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class ClientRules:
    """The kind of option that is a list of `ClientRule`."""

    name: str = "rules"
    allowed: str = (
        "rules separated by `;`, each of them conditions `name:PATTERN`, `version:PATTERN`, `user:PATTERN`, "
        "`address:NETWORK` and names of capabilities, separated by spaces; a value with spaces in double quotes"
    )
    unit: str = ""

    def parse(self, text: str) -> tuple[ClientRule, ...]:
        rules: list[ClientRule] = []
        words: list[str] = []
        position = 0
        for match in _TOKEN.finditer(f"{text};"):
            if match.start() != position:
                break
            position = match.end()
            token = match[0].strip()
            if token != ";":
                words.append(token.replace('"', ""))
            elif words:
                rules.append(_rule_of(words))
                words = []
        if position <= len(text):
            raise ValueRefused("a quotation does not end")
        if len(rules) > _RULES_MAX:
            raise ValueRefused(f"more than {_RULES_MAX} rules")
        return tuple(rules)


def _rule_of(words: list[str]) -> ClientRule:
    patterns: dict[str, str] = {}
    networks: list[IPv4Network | IPv6Network] = []
    hidden: list[str] = []
    for word in words:
        key, colon, value = word.partition(":")
        if not colon:
            hidden.append(word.upper())
        elif key == "address":
            networks.append(_network_of(value))
        elif key in ("name", "version", "user") and key not in patterns:
            patterns[key] = value.lower()
        else:
            raise ValueRefused(f"'{word}' is no condition, or comes twice")
    if not hidden:
        raise ValueRefused(f"no capability is named beside '{' '.join(words)}'")
    if not patterns and not networks:
        raise ValueRefused(f"no condition stands beside '{' '.join(words)}'; suppress_capabilities hides from all")
    return ClientRule(tuple(hidden), tuple(networks), **patterns)


def _network_of(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueRefused(f"'{text}' is no address or network") from None
