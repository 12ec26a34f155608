"""User ids: how what a person types at a login, or an MTA in an address, becomes the one name of that user."""

from dataclasses import dataclass

from angarium.errors import MailboxNameInvalid, UserNameInvalid
from angarium.names.rules import MAX_INTERNAL_OCTETS, check_characters, is_domain, nfc
from angarium.names.settings import NameSettings, VirtDomains

_RESERVED = frozenset({"anyone", "anonymous"})  # identifiers of ACLs that stand for more than one user


@dataclass(frozen=True, slots=True)
class UserId:
    """A user; `domain` is None in the default domain. `str()` is the spelling in ACLs, logs and administration."""

    localpart: str
    domain: str | None = None

    def __str__(self) -> str:
        return self.localpart if self.domain is None else f"{self.localpart}@{self.domain}"


def parse_userid(text: str, settings: NameSettings, *, host_domain: str | None = None) -> UserId:
    """The user whom `text` names; raises UserNameInvalid where no user can have that name.

    `host_domain` is the domain of the address that the client connected to; it counts with `virtdomains: on` only.
    Domains are always in lower case, as names of hosts are.
    """
    text = nfc(text)
    if settings.username_tolower:
        text = nfc(text.lower())
    localpart, at, domain = text.rpartition("@")
    if not at:
        localpart, domain = text, (host_domain or "") if settings.virtdomains is VirtDomains.ON else ""
    domain = nfc(domain.lower())
    if at and not is_domain(domain):
        raise UserNameInvalid(f"{domain!r} is not a domain")
    _check_localpart(localpart, settings)
    if not settings.has_domains or domain in ("", settings.defaultdomain):
        return UserId(localpart)
    return UserId(localpart, domain)


def _check_localpart(localpart: str, settings: NameSettings) -> None:
    if not localpart:
        raise UserNameInvalid("a user name cannot be empty")
    try:
        check_characters(localpart)
    except MailboxNameInvalid as error:
        raise UserNameInvalid(str(error)) from error
    # Without unixhierarchysep a dot separates the levels of mailbox names, and nothing could stand for one.
    if "." in localpart and not settings.unixhierarchysep:
        raise UserNameInvalid("a user name with a dot needs unixhierarchysep")
    # A second "@" would make a user of the default domain and one of another domain equal in an ACL.
    if "@" in localpart:
        raise UserNameInvalid("a user name holds one '@' at most")
    if localpart in _RESERVED or localpart.startswith(("-", "group:")):
        raise UserNameInvalid(f"{localpart!r} means something else in an ACL")
    if len(localpart.encode()) > MAX_INTERNAL_OCTETS // 2:
        raise UserNameInvalid("the user name is too long")
