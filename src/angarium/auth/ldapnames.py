"""Filters and names of LDAP from templates of the configuration: what a user name has in it is only ever a value."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_FILTER_SPECIAL: Final = re.compile(r"[\\*()\0]")
_DN_SPECIAL: Final = re.compile(r'[\\"+,;<>=\0-\x1f]')
_PLACEHOLDER: Final = re.compile(r"%(.)", re.DOTALL)


def escape_filter(value: str) -> str:
    """A value in a filter (RFC 4515 §3)."""
    return _FILTER_SPECIAL.sub(lambda match: f"\\{ord(match[0]):02x}", value)


def escape_dn(value: str) -> str:
    """A value in a name (RFC 4514 §2.4)."""
    escaped = _DN_SPECIAL.sub(lambda match: f"\\{ord(match[0]):02x}", value)
    if escaped.startswith(("#", " ")):
        escaped = f"\\{ord(escaped[0]):02x}{escaped[1:]}"
    if escaped.endswith(" "):
        escaped = f"{escaped[:-1]}\\20"
    return escaped


@dataclass(frozen=True, slots=True)
class LdapName:
    """What placeholders stand for."""

    user: str
    """As the store knows her."""
    domain: str
    """Hers, or that of users who have none."""
    dn: str = ""
    """Of her entry, where it is known."""

    def expand(self, template: str, escape: Callable[[str], str]) -> str:
        """In one pass, so that a value with a percent sign stays as it is; other letters behind one stay, too."""

        def value(match: re.Match[str]) -> str:
            letter = match[1]
            if letter in "123456789":
                parts = self.domain.split(".")
                return escape(parts[-int(letter)]) if int(letter) <= len(parts) else ""
            match letter:
                case "%":
                    return "%"
                case "u":
                    return escape(self.user)
                case "U":
                    return escape(self.user.partition("@")[0])
                case "d" | "R":
                    return escape(self.domain)
                case "D":
                    return escape(self.dn)
                case _:
                    return match[0]

        return _PLACEHOLDER.sub(value, template)
