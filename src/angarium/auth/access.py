"""Who may speak to which service from where: `access_rules`, and the older `hosts_allow` with `hosts_deny`.

`access_rules` is a file of lines, of which the first that fits decides; where none fits, all may.

    allow  all         all             local, 192.0.2.0/24
    deny   imap,pop3   boss, @example.org   all
    deny   all         all             2001:db8:bad::/48

Services are names of cyrus.conf; users are as they log in, `@domain` is all of a domain; addresses are networks,
`local` is the machine itself. A rule for all users holds before the greeting, one for some users at the login.

`hosts_allow` and `hosts_deny` have the syntax of hosts_access(5), as far as it needs no names of hosts: a line is
`services : addresses`, with `EXCEPT`. What fits in the first is let in, what fits in the second is not, and all else
is.
"""

import ipaddress
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from angarium.auth.policy import canonical_userid
from angarium.errors import ConfigError, PreparationFailed, UserNameInvalid
from angarium.names import NameSettings, UserId

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_FILE_OCTETS_MAX: Final = 4 << 20
_SEPARATORS: Final = re.compile(r"[\s,]+")
_FIELDS: Final = re.compile(r"[^\s,]+(?:\s*,\s*[^\s,]+)*")


class RuleInvalid(ValueError):
    """A line that is no rule; the text tells why."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Some addresses."""

    everywhere: bool = False
    local: bool = False
    networks: tuple[_Network, ...] = ()
    but: "Addresses | None" = None

    def __contains__(self, address: _Address | None) -> bool:
        """None is a unix socket."""
        if self.but is not None and address in self.but:
            return False
        if self.everywhere:
            return True
        if address is None or address.is_loopback:
            return self.local or (address is not None and any(address in network for network in self.networks))
        return any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class Names:
    """Some services, or users."""

    all: bool = False
    names: frozenset[str] = frozenset()
    but: "Names | None" = None

    def __contains__(self, name: str) -> bool:
        if self.but is not None and name in self.but:
            return False
        return self.all or name.lower() in self.names

    def mentioned(self) -> frozenset[str]:
        """All that are named, in lower case."""
        return self.names | (self.but.mentioned() if self.but is not None else frozenset())


@dataclass(frozen=True, slots=True)
class Rule:
    """A line; `users` is None for all."""

    allows: bool
    services: Names
    users: frozenset[str] | None
    addresses: Addresses
    line: int = field(default=0, compare=False)
    """Where it stands in its file; the first is 1."""

    def is_for(self, user: UserId) -> bool:
        return self.users is None or str(user) in self.users or f"@{user.domain or ''}" in self.users


class AccessRules:
    """The rules of a server, as its files were at the start or the last HUP."""

    def __init__(self, rules: Sequence[Rule] = (), hosts_rules: Sequence[Rule] = ()) -> None:
        """Those of `access_rules`, and those of hosts_access(5)."""
        self._of_access_rules = tuple(rules)
        self._rules = (*rules, *hosts_rules)

    @classmethod
    def read(
        cls, access_rules: Path | None, hosts_allow: Path | None, hosts_deny: Path | None, names: NameSettings
    ) -> "AccessRules":
        """From the files of the options. ConfigError, with file and line; a file of hosts_access(5) that is not there
        is an empty one, as it is there."""
        rules = _read(access_rules, lambda text: parse_rules(text, names)) if access_rules is not None else []
        hosts_rules: list[Rule] = []
        for path, allows in ((hosts_allow, True), (hosts_deny, False)):
            if path is not None and path.exists():
                hosts_rules += _read(path, partial(parse_hosts_access, allows=allows))
        return cls(rules, hosts_rules)

    def strange_services(self, known: Collection[str]) -> list[tuple[int, str]]:
        """Lines of `access_rules` with names of services that are not among these, which are in lower case."""
        return [
            (rule.line, name)
            for rule in self._of_access_rules
            for name in sorted(rule.services.mentioned() - frozenset(known))
        ]

    def admits(self, service: str, address: str) -> bool:
        """Whether anybody at all may come to the service from there; empty is a unix socket."""
        if not self._rules:
            return True
        parsed = _parsed(address)
        for rule in self._rules:
            if service in rule.services and parsed in rule.addresses:
                # A rule for some users lets others be decided by those that follow.
                if rule.users is not None and not rule.allows:
                    continue
                return rule.allows
        return True

    def permits(self, service: str, address: str, user: UserId) -> bool:
        """Whether the user may."""
        if not self._rules:
            return True
        parsed = _parsed(address)
        for rule in self._rules:
            if service in rule.services and parsed in rule.addresses and rule.is_for(user):
                return rule.allows
        return True


def parse_rules(text: str, names: NameSettings) -> list[Rule]:
    """The lines of `access_rules`; empty ones, and what follows `#`, are left out. RuleInvalid names the line."""
    return _of_lines(text, lambda line: _parse_rule(line, names))


def parse_hosts_access(text: str, *, allows: bool) -> list[Rule]:
    """A file of hosts_access(5); a `\\` at the end of a line goes on with the next. RuleInvalid names the line."""
    return _of_lines(re.sub(r"\\\n", " ", text), lambda line: _parse_hosts_line(line, allows=allows))


def _of_lines(text: str, parse: Callable[[str], Rule]) -> list[Rule]:
    rules = []
    for number, line in enumerate(text.split("\n"), start=1):
        content = line.partition("#")[0].strip()
        if content:
            try:
                rules.append(replace(parse(content), line=number))
            except ValueError as error:
                raise RuleInvalid(f"line {number}: {error}") from error
    return rules


def _parse_rule(line: str, names: NameSettings) -> Rule:
    fields = _FIELDS.findall(line)
    if len(fields) != 4 or fields[0].lower() not in ("allow", "deny"):
        raise RuleInvalid("a rule is `allow` or `deny`, services, users and addresses")
    return Rule(
        fields[0].lower() == "allow",
        _names(_words(fields[1])),
        _users(_words(fields[2]), names),
        _addresses(_words(fields[3])),
    )


def _parse_hosts_line(line: str, *, allows: bool) -> Rule:
    # Colons of IPv6 stand between brackets.
    parts = [part.strip() for part in re.split(r":(?![^\[]*\])", line)]
    if len(parts) < 2 or not parts[0] or not parts[1]:
        raise RuleInvalid("a rule is `services : addresses`")
    verdict = allows
    for further in parts[2:]:
        if further.lower() not in ("allow", "deny"):
            raise RuleInvalid(f"{further!r} is no option here; `allow` and `deny` are")
        verdict = further.lower() == "allow"
    return Rule(verdict, _names(_words(parts[0])), None, _addresses(_words(parts[1])))


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(text) if word]


def _split_except(words: list[str]) -> tuple[list[str], list[str]]:
    for index, word in enumerate(words):
        if word.upper() == "EXCEPT":
            return words[:index], words[index + 1 :]
    return words, []


def _names(words: list[str]) -> Names:
    before, behind = _split_except(words)
    lowered = {word.lower() for word in before}
    return Names("all" in lowered, frozenset(lowered - {"all"}), _names(behind) if behind else None)


def _users(words: list[str], names: NameSettings) -> frozenset[str] | None:
    """As logins know them: a rule in another spelling would never fit, and a `deny` that never fits lets in."""
    if any(word.lower() == "all" for word in words):
        return None
    return frozenset([_user(word, names) for word in words])


def _user(word: str, names: NameSettings) -> str:
    if word.startswith("@"):
        domain = word[1:].lower()
        if domain and not names.has_domains:
            raise RuleInvalid(f"{word!r}: without virtdomains nobody has a domain")
        return "@" if domain == names.defaultdomain else f"@{domain}"
    try:
        return str(canonical_userid(word, names))
    except (UserNameInvalid, PreparationFailed) as error:
        raise RuleInvalid(f"{word!r} is not a user: {error}") from error


def _addresses(words: list[str]) -> Addresses:
    before, behind = _split_except(words)
    lowered = [word.lower() for word in before]
    networks = tuple([_network(word) for word in lowered if word not in ("all", "local")])
    return Addresses("all" in lowered, "local" in lowered, networks, _addresses(behind) if behind else None)


def _network(word: str) -> _Network:
    text = word.replace("[", "").replace("]", "")
    if re.fullmatch(r"(?:\d{1,3}\.){1,3}", text):  # 192.0.2.
        octets = text.rstrip(".").split(".")
        text = ".".join(octets + ["0"] * (4 - len(octets))) + f"/{8 * len(octets)}"
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise RuleInvalid(f"{word!r} is no address or network; names of hosts are not looked up") from None


def _parsed(address: str) -> _Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if parsed.version == 6 else parsed


def _read(path: Path, parse: Callable[[str], list[Rule]]) -> list[Rule]:
    try:
        with path.open("rb") as file:
            octets = file.read(_FILE_OCTETS_MAX + 1)
        if len(octets) > _FILE_OCTETS_MAX:
            raise RuleInvalid(f"more than {_FILE_OCTETS_MAX} octets")
        return parse(octets.decode())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{path}: {reason}") from error
