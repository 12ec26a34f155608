"""The options that shape names, as one value; the defaults are those of Cyrus 3.x."""

import enum
from dataclasses import dataclass

from angarium.errors import ConfigError, MailboxNameInvalid
from angarium.names.rules import check_characters, is_domain, is_inbox, nfc

_MAX_DELETEDPREFIX_OCTETS = 50


class VirtDomains(enum.Enum):
    """How user ids get a domain (option `virtdomains`)."""

    OFF = "off"
    """A domain in a login or an address is ignored."""
    USERID = "userid"
    """The domain is what stands behind the last `@` of the user id."""
    ON = "on"
    """As USERID; a user id without a domain gets that of the address the client connected to."""


@dataclass(frozen=True, slots=True)
class NameSettings:
    """The naming options of a store; raises ConfigError for prefixes that could not be told from mailboxes."""

    unixhierarchysep: bool = True
    altnamespace: bool = True
    userprefix: str = "Other Users"
    sharedprefix: str = "Shared Folders"
    altprefix: str = "Alt Folders"
    virtdomains: VirtDomains = VirtDomains.OFF
    defaultdomain: str = "internal"
    username_tolower: bool = True
    deletedprefix: str = "DELETED"

    def __post_init__(self) -> None:
        prefixes = {"userprefix": self.userprefix, "sharedprefix": self.sharedprefix, "altprefix": self.altprefix}
        for option, value in (prefixes | {"deletedprefix": self.deletedprefix}).items():
            self._check_prefix(option, value)
        if len(set(prefixes.values())) < len(prefixes):
            raise ConfigError("userprefix, sharedprefix and altprefix must differ from one another")
        if self.deletedprefix == "user":
            raise ConfigError("deletedprefix cannot be the top of users' mailboxes")
        if len(self.deletedprefix.encode()) > _MAX_DELETEDPREFIX_OCTETS:
            raise ConfigError(f"deletedprefix is longer than {_MAX_DELETEDPREFIX_OCTETS} octets")
        if not is_domain(self.defaultdomain):
            raise ConfigError(f"defaultdomain {self.defaultdomain!r} is not a domain in lower case")

    @property
    def separator(self) -> str:
        """The hierarchy separator that clients and administrators see."""
        return "/" if self.unixhierarchysep else "."

    @property
    def has_domains(self) -> bool:
        """Whether user ids and administrators' names may carry a domain."""
        return self.virtdomains is not VirtDomains.OFF

    def _check_prefix(self, option: str, value: str) -> None:
        try:
            check_characters(value)
        except MailboxNameInvalid as error:
            raise ConfigError(f"{option}: {error}") from error
        if not value or self.separator in value or is_inbox(value) or value != nfc(value):
            raise ConfigError(f"{option} {value!r} must be one component of a name, in NFC, and not INBOX")
