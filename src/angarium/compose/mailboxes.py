"""Addresses of people: checked, read from what users write, and written into header fields."""

import re
from dataclasses import dataclass
from typing import Final

from angarium import mime
from angarium.compose.fields import phrase
from angarium.mime.address import UNSPECIFIED_DOMAIN

ADDRESS_CHARACTERS_MAX: Final = 320
MAILBOXES_MAX: Final = 20
_ATEXT: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a0-\U0010ffff-]"
_DOT_ATOM: Final = rf"{_ATEXT}+(?:\.{_ATEXT}+)*"
_QUOTED: Final = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e\u00a0-\U0010ffff]|\\[\x20-\x7e])*"'
_LABEL: Final = r"[A-Za-z0-9_\u00a0-\U0010ffff](?:[A-Za-z0-9_\u00a0-\U0010ffff-]*[A-Za-z0-9_\u00a0-\U0010ffff])?"
_DOMAIN: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[\x21-\x5a\x5e-\x7e]+\])"
_LOCAL_PART: Final = re.compile(rf"(?:{_DOT_ATOM}|{_QUOTED})")
_ADDRESS: Final = re.compile(rf"(?:{_DOT_ATOM}|{_QUOTED})@{_DOMAIN}")
_BAD: Final = re.compile("[\u0080-\u00a0\u2028\u2029\ud800-\udfff]")
_UNQUOTED: Final = re.compile(_DOT_ATOM)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name and an address."""

    address: str
    """`local@domain`, its local part quoted where it must be."""
    name: str = ""

    def __str__(self) -> str:
        """As in a header field, in ASCII but for the address."""
        return f"{phrase(self.name)} <{self.address}>" if self.name else f"<{self.address}>"


def is_address(text: str) -> bool:
    """Whether it is an address with a domain (RFC 5321 §4.1.2, RFC 6531 §3.3), and so fit for an envelope."""
    return len(text) <= ADDRESS_CHARACTERS_MAX and _ADDRESS.fullmatch(text) is not None and not _BAD.search(text)


def is_reverse_path(text: str) -> bool:
    """Whether it is an address that mail may come from: one of this machine may lack its domain."""
    is_local = len(text) <= 64 and _LOCAL_PART.fullmatch(text) is not None and not _BAD.search(text)
    return is_local or is_address(text)


def split_address(address: str) -> tuple[str, str]:
    """Local part and domain around the last `@`; the domain is empty where there is none."""
    local, at, domain = address.rpartition("@")
    return (local, domain) if at else (address, "")


def parse_mailboxes(text: str) -> tuple[Mailbox, ...] | None:
    """The mailboxes of a mailbox-list (RFC 5322 §3.4), as `:from` of a script has it; None where it is none."""
    found = []
    for each in mime.parse_addresses(text.encode("utf-8", "replace"), MAILBOXES_MAX):
        if each.mailbox is None or each.host is None or each.host == UNSPECIFIED_DOMAIN:
            return None
        local = each.mailbox.decode("utf-8", "replace")
        if not _UNQUOTED.fullmatch(local):
            local = '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'
        address = f"{local}@{each.host.decode('utf-8', 'replace')}"
        if not is_address(address):
            return None
        found.append(Mailbox(address, mime.decode_header(each.name) if each.name else ""))
    return tuple(found) or None


def parse_mailbox(text: str) -> Mailbox | None:
    """The only mailbox of a text; None where it is none, or several."""
    found = parse_mailboxes(text)
    return found[0] if found is not None and len(found) == 1 else None
