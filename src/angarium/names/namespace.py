"""How names look to one actor, in all combinations of `unixhierarchysep`, `altnamespace` and `virtdomains`.

An administrator sees the internal tree with the separator of the store and the domain behind the name
(`user/alice/Work@example.com`). A user sees her domain only, and of her own mailboxes:

- without `altnamespace` `INBOX` and `INBOX.Work`, others' as `user.bob`, shared ones as they are;
- with it `INBOX` and `Work` beside it, others' below `Other Users`, shared ones below `Shared Folders`. Then a mailbox
  called INBOX below hers is the `INBOX` of `INBOX/sub`, and what would be taken for another name, such as a mailbox
  `inbox` or `Other Users` of hers, stands below `Alt Folders`.

`to_internal` accepts more spellings than `to_external` gives (repeated separators, `user.alice` for one's own
mailboxes); what `to_external` gives always leads back to the same name.
"""

from dataclasses import dataclass

from angarium.errors import MailboxNameInvalid
from angarium.names.mailboxname import MailboxName
from angarium.names.rules import is_domain, is_inbox, nfc
from angarium.names.settings import NameSettings
from angarium.names.userid import UserId

_INBOX = "INBOX"
_USER = "user"

SortKey = tuple[int, bool, str]


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The answer to NAMESPACE (RFC 2342 §5; RFC 9051 §6.3.10): prefixes, and the separator in all of them."""

    personal: tuple[str, ...]
    other_users: tuple[str, ...]
    shared: tuple[str, ...]
    separator: str


@dataclass(frozen=True, slots=True)
class Namespace:
    """The names as `userid` sees them; None is a session, or a tool, that is no user's."""

    settings: NameSettings
    userid: UserId | None
    is_admin: bool = False

    @property
    def separator(self) -> str:
        """The hierarchy separator that this actor sees."""
        return self.settings.separator

    def namespaces(self, *, has_inbox: bool) -> Namespaces:
        """What NAMESPACE answers; there is a personal namespace only where there is an INBOX to head it."""
        separator = self.separator
        if self.is_admin:
            return Namespaces((), (_USER + separator,), ("",), separator)
        if self.settings.altnamespace:
            other, shared = self.settings.userprefix + separator, self.settings.sharedprefix + separator
            return Namespaces(("",) if has_inbox else (), (other,), (shared,), separator)
        return Namespaces((_INBOX + separator,) if has_inbox else (), (_USER + separator,), ("",), separator)

    def shows(self, name: MailboxName) -> bool:
        """Whether this actor has a spelling for `name`: other domains are for administrators of all domains only."""
        if name.domain is not None and not self.settings.has_domains:
            return False
        return name.domain == self._domain or (self.is_admin and self._domain is None)

    def sort_key(self, name: MailboxName) -> SortKey:
        """Orders names for LIST: INBOX and its tree, personal, other users', shared, deleted; by level in each."""
        return self._rank(name), name.domain is None, name.key

    def to_internal(self, external: str) -> MailboxName:
        """The mailbox that this actor means by `external`; raises MailboxNameInvalid if there can be no such name."""
        if self.is_admin:
            return self._from_admin(external)
        components = self._split(external)
        if is_inbox(components[0]):
            return self._below_inbox(components[1:])
        if self.settings.altnamespace:
            return self._from_altnamespace(components)
        return self._checked(MailboxName(components, self._domain))

    def to_external(self, name: MailboxName) -> str:
        """How this actor sees `name`; raises MailboxNameInvalid unless `shows(name)`."""
        if not self.shows(name):
            raise MailboxNameInvalid(f"{name.internal} has no name in this namespace")
        if self.is_admin:
            return self._join(name.components) + self._domain_suffix(name)
        own = self._is_own(name)
        if self.settings.altnamespace:
            return self._join(self._own_altnamespace(name.components[2:]) if own else self._prefixed(name))
        return self._join((_INBOX, *name.components[2:]) if own else name.components)

    # The two directions of an administrator's names

    def _from_admin(self, external: str) -> MailboxName:
        domain = self._domain
        if self.settings.has_domains and "@" in external:
            external, _, text = external.rpartition("@")
            domain = self._parse_domain(text)
            return self._checked(MailboxName(self._split(external), domain))
        components = self._split(external)
        if is_inbox(components[0]):
            return self._own(components[1:])
        return self._checked(MailboxName(components, domain))

    def _parse_domain(self, text: str) -> str | None:
        domain = nfc(text.lower())
        if not is_domain(domain):
            raise MailboxNameInvalid(f"{text!r} is not a domain")
        return None if domain == self.settings.defaultdomain else domain

    def _domain_suffix(self, name: MailboxName) -> str:
        if name.domain is not None:
            return f"@{name.domain}"
        # Else the last "@" of the name itself would be read as the start of a domain.
        ambiguous = self.settings.has_domains and any("@" in component for component in name.components)
        return f"@{self.settings.defaultdomain}" if ambiguous else ""

    # The two directions of a user's names

    def _from_altnamespace(self, components: tuple[str, ...]) -> MailboxName:
        first, rest = nfc(components[0]), components[1:]
        settings = self.settings
        if first not in (settings.userprefix, settings.sharedprefix, settings.altprefix):
            return self._own(components)
        if not rest:
            raise MailboxNameInvalid(f"{first!r} is where names of a kind begin, and no mailbox")
        if first == settings.userprefix:
            return self._checked(MailboxName((_USER, *rest), self._domain))
        if first == settings.altprefix:
            return self._from_altprefix(rest)
        if rest[0] == _USER:
            raise MailboxNameInvalid("users' mailboxes are not among the shared ones")
        return self._checked(MailboxName(rest, self._domain))

    def _from_altprefix(self, relative: tuple[str, ...]) -> MailboxName:
        if not self._needs_altprefix(relative):
            raise MailboxNameInvalid(f"{relative[0]!r} has a name outside {self.settings.altprefix!r}")
        return self._own(relative)

    def _below_inbox(self, relative: tuple[str, ...]) -> MailboxName:
        if relative and self.settings.altnamespace:
            return self._own((_INBOX, *relative))
        return self._own(relative)

    def _own_altnamespace(self, relative: tuple[str, ...]) -> tuple[str, ...]:
        if not relative:
            return (_INBOX,)
        return (self.settings.altprefix, *relative) if self._needs_altprefix(relative) else relative

    def _needs_altprefix(self, relative: tuple[str, ...]) -> bool:
        first = nfc(relative[0])
        if is_inbox(first):
            return first != _INBOX or len(relative) == 1
        return first in (self.settings.userprefix, self.settings.sharedprefix, self.settings.altprefix)

    def _prefixed(self, name: MailboxName) -> tuple[str, ...]:
        if name.is_user:
            return (self.settings.userprefix, *name.components[1:])
        return (self.settings.sharedprefix, *name.components)

    # What both have in common

    @property
    def _domain(self) -> str | None:
        return None if self.userid is None else self.userid.domain

    def _own(self, relative: tuple[str, ...]) -> MailboxName:
        if self.userid is None:
            raise MailboxNameInvalid("without a user there is no INBOX")
        return MailboxName.of_user(self.userid, *relative)

    def _is_own(self, name: MailboxName) -> bool:
        return self.userid is not None and name.userid == self.userid

    def _checked(self, name: MailboxName) -> MailboxName:
        # The identity of such a user would be that of a user in the domain behind the "@" (see parse_userid).
        if name.is_user and self.settings.has_domains and "@" in name.components[1]:
            raise MailboxNameInvalid("a user name holds no '@' beside the one before the domain")
        return name

    def _rank(self, name: MailboxName) -> int:
        if not name.is_user:
            return 3 if name.undeleted(self.settings.deletedprefix) is None else 4
        if self.is_admin or not self._is_own(name):
            return 2
        relative = name.components[2:]
        if not self.settings.altnamespace or not relative:
            return 0
        return 0 if relative[0] == _INBOX and len(relative) > 1 else 1

    def _split(self, external: str) -> tuple[str, ...]:
        """The components; leading, trailing and repeated separators mean nothing, as in Cyrus."""
        if not self.settings.unixhierarchysep:
            if "/" in external:
                raise MailboxNameInvalid("character '/' is not allowed in a name")
            # A dot cannot be typed here where it is the separator: "^" stands for it, as in the internal form.
            external = external.replace(".", "/").replace("^", ".")
        components = tuple([component for component in external.split("/") if component])
        if not components:
            raise MailboxNameInvalid("the name is empty")
        return components

    def _join(self, components: tuple[str, ...]) -> str:
        if self.settings.unixhierarchysep:
            return "/".join(components)
        return "/".join(components).replace(".", "^").replace("/", ".")
