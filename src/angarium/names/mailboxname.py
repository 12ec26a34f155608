"""The internal name of a mailbox: one for each mailbox, the same for whoever looks.

The text of the internal form is Cyrus's: `user.smith.work`, in another domain `example.com!user.smith.work`, and a dot
inside a component is `^`. It stands in logs, dumps and headers; `angarium.names.namespace` makes what people see of it.
Names are kept as given and compared by `key`, that is in NFC and by whole components.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from angarium.errors import MailboxNameInvalid
from angarium.names.rules import MAX_INTERNAL_OCTETS, check_characters, is_domain, is_inbox, nfc
from angarium.names.userid import UserId

KEY_SEPARATOR = "\x01"
"""Stands between the components of a key: lower than any character that a component may hold."""

_USER = "user"
_STAMP = re.compile("[0-9A-F]{8,9}")
_STAMP_ROOM_OCTETS = 64  # what a deleted form may add to a name of the greatest length


@dataclass(frozen=True, slots=True)
class MailboxName:
    """A valid internal name; making one raises MailboxNameInvalid for what breaks a rule of names.

    Equality is of the spelling; two names are the same mailbox where their `key`s are equal.
    """

    components: tuple[str, ...]
    domain: str | None = None

    def __post_init__(self) -> None:
        components = self.components
        if not components or "" in components:
            raise MailboxNameInvalid("a name has components, and none of them empty")
        if components == (_USER,) or is_inbox(components[0]):
            raise MailboxNameInvalid(f"the top-level name {components[0]!r} is reserved")
        check_characters("".join(components))
        if self.domain is not None and not is_domain(self.domain):
            raise MailboxNameInvalid(f"{self.domain!r} is not a domain")
        self._check_length()

    def _check_length(self) -> None:
        octets = len(self.internal.encode())
        # Deleting must not fail on a name of the greatest length, so a stamped one has room for what that adds.
        room = _STAMP_ROOM_OCTETS if _STAMP.fullmatch(self.components[-1]) else 0
        if octets > MAX_INTERNAL_OCTETS + room:
            raise MailboxNameInvalid(f"the name has {octets} octets, more than {MAX_INTERNAL_OCTETS}")

    @classmethod
    def from_internal(cls, text: str) -> Self:
        """The name whose `internal` is `text`."""
        domain, bang, path = text.rpartition("!")
        components = path.split(".")
        if "^" in path:
            components = [component.replace("^", ".") for component in components]
        return cls(tuple(components), domain if bang else None)

    @classmethod
    def of_user(cls, userid: UserId, *below: str) -> Self:
        """The top mailbox of a user, or one below it."""
        return cls((_USER, userid.localpart, *below), userid.domain)

    @property
    def internal(self) -> str:
        """The text of the internal form."""
        path = ".".join(self.components)
        if path.count(".") >= len(self.components):
            path = ".".join([component.replace(".", "^") for component in self.components])
        return path if self.domain is None else f"{self.domain}!{path}"

    @property
    def key(self) -> str:
        """What names are compared and sorted by; a mailbox's key is followed by KEY_SEPARATOR in those below it."""
        path = nfc(KEY_SEPARATOR.join(self.components))
        return path if self.domain is None else f"{self.domain}!{path}"

    @property
    def is_user(self) -> bool:
        """Whether this is a user's mailbox, the top one or one below it."""
        return self.components[0] == _USER

    @property
    def is_inbox(self) -> bool:
        """Whether this is a user's top mailbox."""
        return len(self.components) == 2 and self.is_user

    @property
    def userid(self) -> UserId | None:
        """The user whose mailbox this is, None for a shared one."""
        return UserId(nfc(self.components[1]), self.domain) if self.is_user else None

    @property
    def parent(self) -> Self | None:
        """The name one level up; None at the top of a hierarchy, which for users is their own top mailbox."""
        if len(self.components) == 1 or self.is_inbox:
            return None
        return type(self)(self.components[:-1], self.domain)

    @property
    def ancestors(self) -> Iterator[Self]:
        """The names above this one, the nearest first."""
        name = self.parent
        while name is not None:
            yield name
            name = name.parent

    def child(self, *components: str) -> Self:
        """A name below this one."""
        return type(self)(self.components + components, self.domain)

    def is_below(self, other: "MailboxName") -> bool:
        """Whether `other` is an ancestor; `user.anna` is not below `user.ann`, nor is a name below itself."""
        return self.key.startswith(other.key + KEY_SEPARATOR)

    def moved(self, source: "MailboxName", target: "MailboxName") -> Self:
        """What this name becomes where `source`, which is this name or above it, is renamed to `target`."""
        return type(self)(target.components + self.components[len(source.components) :], target.domain)

    def deleted_form(self, deletedprefix: str, unix_time: int) -> Self:
        """The name under which this mailbox waits for its expiry, `DELETED.user.a.b.6B010774`.

        Two mailboxes of one name deleted in one second need different times.
        """
        return type(self)((deletedprefix, *self.components, f"{unix_time:08X}"), self.domain)

    def undeleted(self, deletedprefix: str) -> "DeletedName | None":
        """What this name was before it got its deleted form; None for any other name."""
        if len(self.components) < 3 or self.components[0] != deletedprefix:
            return None
        *inner, stamp = self.components[1:]
        if not _STAMP.fullmatch(stamp):
            return None
        unix_time = int(stamp, 16)
        if f"{unix_time:08X}" != stamp:
            return None
        try:
            return DeletedName(MailboxName(tuple(inner), self.domain), unix_time)
        except MailboxNameInvalid:
            return None

    def account_path(self, deletedprefix: str) -> "AccountPath":
        """The account that this name belongs to and the place in it; a deleted name stays in its account."""
        deleted = self.undeleted(deletedprefix)
        name = self if deleted is None else deleted.name
        depth = 2 if name.is_user else 1
        account = _account_name(name.components[:depth], name.domain)
        return AccountPath(account, name.components[depth:], None if deleted is None else deleted.unix_time)


@lru_cache(maxsize=4096)
def _account_name(components: tuple[str, ...], domain: str | None) -> MailboxName:
    """Asked for whenever a mailbox is found, and checked once."""
    return MailboxName(components, domain)


@dataclass(frozen=True, slots=True)
class DeletedName:
    """The name that a deleted mailbox had, and when it was deleted in seconds since 1970."""

    name: MailboxName
    unix_time: int


@dataclass(frozen=True, slots=True)
class AccountPath:
    """A mailbox's name as an account (a user or a top-level shared hierarchy) and the components below its top."""

    account: MailboxName
    relative: tuple[str, ...]
    deleted_at: int | None = None

    @property
    def account_name(self) -> str:
        """The internal name of the account: `user.alice`, `example.com!user.alice`, `board`."""
        return self.account.internal

    def mailbox_name(self, deletedprefix: str) -> MailboxName:
        """The name that this is the path of."""
        name = self.account.child(*self.relative)
        return name if self.deleted_at is None else name.deleted_form(deletedprefix, self.deleted_at)
