"""Access control lists: who has which rights on a mailbox (RFC 4314 §2), and the calculation of one actor's rights.

An ACL is a list of identifiers with rights, in the order in which they were first set. An identifier is the name of a
user, `group:` and the name of a group, `anyone` (whoever asks, logged in or not) or `anonymous` (who is not logged in);
with `-` in front its rights are taken away from that identifier.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from angarium.errors import AclInvalid
from angarium.rights.rights import (
    ADMIN_RIGHTS,
    NO_RIGHTS,
    OWNER_RIGHTS,
    AddRights,
    DeleteRight,
    Modification,
    RemoveRights,
    Rights,
    SetRights,
    parse_rights,
    parse_stored_rights,
    serialize_rights,
)

ANYONE = "anyone"
ANONYMOUS = "anonymous"
_NEGATIVE = "-"
_GROUP = "group:"
_MAX_IDENTIFIER_OCTETS = 1024


@dataclass(frozen=True, slots=True)
class AclEntry:
    """What one identifier has, or with `-` in front of it is denied."""

    identifier: str
    rights: Rights


@dataclass(frozen=True, slots=True)
class Acl:
    """An ACL; no identifier stands in it twice."""

    entries: tuple[AclEntry, ...] = ()

    @classmethod
    def parse(cls, text: str, *, deleteright: DeleteRight = "c") -> Self:
        """The ACL that `serialize`, or a Cyrus server, wrote as `text`; raises AclInvalid for anything else."""
        fields = text.removesuffix("\t").split("\t") if text else []
        pairs = _pairs(fields)
        return cls._of(
            (identifier, parse_stored_rights(rights, deleteright=deleteright)) for identifier, rights in pairs
        )

    @classmethod
    def parse_setting(cls, text: str, *, deleteright: DeleteRight = "c") -> Self:
        """The ACL in an option such as `defaultacl`: pairs of identifier and rights, between spaces."""
        pairs = _pairs(text.split())
        return cls._of(
            (identifier, parse_rights(rights, deleteright=deleteright, shortcuts=True)) for identifier, rights in pairs
        )

    @classmethod
    def _of(cls, pairs: Iterable[tuple[str, Rights]]) -> Self:
        entries = tuple([AclEntry(_checked_identifier(identifier), rights) for identifier, rights in pairs])
        if len({entry.identifier for entry in entries}) < len(entries):
            raise AclInvalid("an identifier stands twice in an ACL")
        return cls(entries)

    def serialize(self, *, deleteright: DeleteRight = "c") -> str:
        """The text form in mailbox headers, dumps and events, as Cyrus has it: `id TAB rights TAB` for each entry."""
        return "".join(
            [
                f"{entry.identifier}\t{serialize_rights(entry.rights, deleteright=deleteright)}\t"
                for entry in self.entries
            ]
        )

    def rights_of(self, identifier: str) -> Rights:
        """What stands in the list for `identifier` itself."""
        identifier = _composed(identifier)
        for entry in self.entries:
            if entry.identifier == identifier:
                return entry.rights
        return NO_RIGHTS

    def set(self, identifier: str, modification: Modification, *, kept: Rights = NO_RIGHTS) -> Self:
        """The list after SETACL; an identifier left without rights goes, a new one is added at the end.

        `kept` are rights that the identifier cannot lose, the implicit ones of the owner. Raises AclInvalid where the
        identifier cannot be one.
        """
        identifier = _checked_identifier(identifier)
        match modification:
            case SetRights(rights):
                result = rights | kept
            case AddRights(rights):
                result = self.rights_of(identifier) | rights | kept
            case RemoveRights(rights):
                result = self.rights_of(identifier) - rights | kept
        return self._with(AclEntry(identifier, result))

    def without(self, identifier: str, *, kept: Rights = NO_RIGHTS) -> Self:
        """The list after DELETEACL; an identifier that is not there changes nothing but for rights `kept`."""
        return self.set(identifier, SetRights(NO_RIGHTS), kept=kept)

    def renamed(self, old: str, new: str) -> Self:
        """The list after the user `old` became `new`: her entry, and what she is denied."""
        acl = self
        for sign in ("", _NEGATIVE):
            rights = self.rights_of(sign + old)
            if rights and old != new:
                acl = acl.without(sign + old).set(sign + new, SetRights(rights))
        return acl

    def _with(self, changed: AclEntry) -> Self:
        entries = list(self.entries)
        for index, entry in enumerate(entries):
            if entry.identifier == changed.identifier:
                entries[index] = changed
                break
        else:
            entries.append(changed)
        return type(self)(tuple([entry for entry in entries if entry.rights or entry.identifier != changed.identifier]))


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose rights are asked for; `userid` is None for an anonymous session, `groups` are without `group:`."""

    userid: str | None
    groups: frozenset[str] = frozenset()
    is_admin: bool = False
    identifiers: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        own = ANONYMOUS if self.userid is None else self.userid
        groups = [_GROUP + group for group in self.groups]
        object.__setattr__(self, "identifiers", frozenset([ANYONE, own, *groups]))


def effective(acl: Acl, subject: Subject, *, is_owner: bool, implicit_owner_rights: Rights) -> Rights:
    """The rights of `subject` on a mailbox with this ACL, the one calculation that every decision rests on.

    What `anyone`, the user and her groups have is added up, then what any of these is denied is taken away. What an
    owner or an administrator has by being one is beyond the ACL, and no entry takes it away.
    """
    identifiers = subject.identifiers
    granted = denied = 0
    for entry in acl.entries:
        if entry.identifier in identifiers:
            granted |= entry.rights.mask
        elif entry.identifier[0] == _NEGATIVE and entry.identifier[1:] in identifiers:
            denied |= entry.rights.mask
    mask = granted & ~denied
    if is_owner:
        mask |= implicit_owner_rights.mask
    if subject.is_admin:
        mask |= ADMIN_RIGHTS.mask
    return Rights(mask)


def inherit(parent: Acl | None, *, owner: str | None, defaultacl: Acl) -> Acl:
    """The ACL of a new mailbox: her own for `owner`, whose top mailbox it is; else a copy of the nearest parent's.

    Without a parent it is `defaultacl`. Pass `owner` for a user's top mailbox only.
    """
    if owner is not None:
        return Acl((AclEntry(owner, OWNER_RIGHTS),))
    return defaultacl if parent is None else parent


def _pairs(fields: list[str]) -> Iterable[tuple[str, str]]:
    if len(fields) % 2:
        raise AclInvalid("an identifier stands without rights in an ACL")
    return zip(fields[::2], fields[1::2], strict=True)


def _composed(identifier: str) -> str:
    """In NFC; one that is too long in any form stays as it is, since ordering combining marks costs the square of their
    number."""
    if len(identifier) > _MAX_IDENTIFIER_OCTETS:
        return identifier
    return unicodedata.normalize("NFC", identifier)


def _checked_identifier(identifier: str) -> str:
    identifier = _composed(identifier)
    if identifier in ("", _NEGATIVE, _GROUP, _NEGATIVE + _GROUP):
        raise AclInvalid(f"{identifier!r} names nobody")
    # Control characters would break the text form; half a surrogate pair could not be written at all.
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in identifier):
        raise AclInvalid("an identifier holds no control characters")
    if len(identifier.encode()) > _MAX_IDENTIFIER_OCTETS:
        raise AclInvalid(f"an identifier has at most {_MAX_IDENTIFIER_OCTETS} octets")
    return identifier
