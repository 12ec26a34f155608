"""Rights of RFC 4314, with `n` of RFC 5257 §4 and ten digits that a site may use, as a set and as text.

RFC 2086 knew one right `c` to create and one `d` to delete. Both live on as virtual rights, each a union (RFC 4314
§2.1.1): `c` is `k`, `d` is `t` and `e`, and the option `deleteright` names the one that `x`, deletion of a mailbox,
comes with. In what a client sends they stand for all of their members; in what is printed they appear with any of them.
"""

import enum
from dataclasses import dataclass
from typing import Literal, Self

from angarium.errors import RightUnknown

DeleteRight = Literal["a", "c", "d"]
"""The option `deleteright`: the letter of RFC 2086 that brings deletion of the mailbox."""


class Right(enum.IntEnum):
    """One right, as its bit."""

    LOOKUP = 1 << 0
    READ = 1 << 1
    SEEN = 1 << 2
    WRITE = 1 << 3
    INSERT = 1 << 4
    POST = 1 << 5
    CREATE = 1 << 6
    DELETE_MAILBOX = 1 << 7
    DELETE_MESSAGES = 1 << 8
    EXPUNGE = 1 << 9
    ADMINISTER = 1 << 10
    ANNOTATE = 1 << 11
    USER0 = 1 << 12
    USER1 = 1 << 13
    USER2 = 1 << 14
    USER3 = 1 << 15
    USER4 = 1 << 16
    USER5 = 1 << 17
    USER6 = 1 << 18
    USER7 = 1 << 19
    USER8 = 1 << 20
    USER9 = 1 << 21


@dataclass(frozen=True, slots=True)
class Rights:
    """A set of rights."""

    mask: int

    @classmethod
    def of(cls, *rights: Right) -> Self:
        """The set of these rights."""
        mask = 0
        for right in rights:
            mask |= right
        return cls(mask)

    def __contains__(self, right: Right) -> bool:
        return bool(self.mask & right)

    def __bool__(self) -> bool:
        return self.mask != 0

    def __or__(self, other: "Rights") -> "Rights":
        return Rights(self.mask | other.mask)

    def __and__(self, other: "Rights") -> "Rights":
        return Rights(self.mask & other.mask)

    def __sub__(self, other: "Rights") -> "Rights":
        return Rights(self.mask & ~other.mask)


_CREATE, _DELETE = "c", "d"
_REAL: dict[str, int] = dict(zip("lrswipkxtean0123456789", Right, strict=True))

PRINTED_ORDER = "lrswipkxtecdan0123456789"
"""The letters in the order in which Cyrus prints them."""

SHORTCUTS = {
    "none": "",
    "read": "lrs",
    "post": "lrsp",
    "append": "lrsip",
    "write": "lrswipkxte",
    "delete": "lrxte",
    "all": "lrswipkxtea",
}
"""Words for sets of rights, in cyradm and in options; SETACL knows letters only."""

NO_RIGHTS = Rights(0)
ADMIN_RIGHTS = Rights.of(Right.LOOKUP, Right.ADMINISTER)
"""What an administrator has everywhere, without an ACL that says so; all else she grants to herself first."""
OWNER_RIGHTS = Rights(Right.USER0 - 1)
"""What a user gets on her new top mailbox: all but the digits."""


def _letters(deleteright: DeleteRight) -> dict[str, int]:
    """What each letter of a client stands for."""
    letters = _REAL | {_CREATE: int(Right.CREATE), _DELETE: Right.DELETE_MESSAGES | Right.EXPUNGE}
    letters[deleteright] |= Right.DELETE_MAILBOX
    return letters


# The members of the virtual rights under any `deleteright`.
_MEMBERS = {
    _CREATE: Right.CREATE | Right.DELETE_MAILBOX,
    _DELETE: Right.DELETE_MESSAGES | Right.EXPUNGE | Right.DELETE_MAILBOX,
}
_LETTERS: dict[DeleteRight, dict[str, int]] = {"a": _letters("a"), "c": _letters("c"), "d": _letters("d")}


def parse_rights(text: str, *, deleteright: DeleteRight = "c", shortcuts: bool = False) -> Rights:
    """The rights that `text` asks for; raises RightUnknown for the first letter that is none."""
    letters = _LETTERS[deleteright]
    mask = 0
    for letter in SHORTCUTS.get(text, text) if shortcuts else text:
        if letter not in letters:
            raise RightUnknown(letter)
        mask |= letters[letter]
    return Rights(mask)


def parse_stored_rights(text: str, *, deleteright: DeleteRight = "c") -> Rights:
    """The rights in what `serialize_rights` printed, or in an ACL from the days of RFC 2086.

    There a virtual right beside one of its members tells nothing, while one alone stands for all of them. So what is
    stored keeps its meaning whatever `deleteright` is, and no right is gained by being stored.
    """
    letters = _LETTERS[deleteright]
    real = parse_rights("".join([letter for letter in text if letter not in (_CREATE, _DELETE)]))
    mask = real.mask
    for letter in (_CREATE, _DELETE):
        if letter in text and not real.mask & _MEMBERS[letter]:
            mask |= letters[letter]
    return Rights(mask)


def serialize_rights(rights: Rights, *, deleteright: DeleteRight = "c") -> str:
    """The letters of `rights` in the printed order, virtual ones among them (RFC 4314 §2.1.1)."""
    letters = _LETTERS[deleteright]
    mask = rights.mask
    return "".join(
        [letter for letter in PRINTED_ORDER if mask & (_REAL[letter] if letter in _REAL else letters[letter])]
    )


@dataclass(frozen=True, slots=True)
class SetRights:
    """Gives an identifier these rights and no others."""

    rights: Rights


@dataclass(frozen=True, slots=True)
class AddRights:
    """Gives an identifier these rights beside what it has."""

    rights: Rights


@dataclass(frozen=True, slots=True)
class RemoveRights:
    """Takes these rights from an identifier."""

    rights: Rights


Modification = SetRights | AddRights | RemoveRights


def parse_modification(text: str, *, deleteright: DeleteRight = "c", shortcuts: bool = False) -> Modification:
    """What the last argument of SETACL asks for: rights, or a change with `+` or `-` (RFC 4314 §3.1)."""
    if text.startswith(("+", "-")):
        rights = parse_rights(text[1:], deleteright=deleteright, shortcuts=shortcuts)
        return AddRights(rights) if text[0] == "+" else RemoveRights(rights)
    return SetRights(parse_rights(text, deleteright=deleteright, shortcuts=shortcuts))


@dataclass(frozen=True, slots=True)
class ListedRights:
    """The answer to LISTRIGHTS (RFC 4314 §3.7): rights always granted, then the groups granted together."""

    required: str
    optional: tuple[str, ...]


def list_rights(
    *, is_owner: bool, is_user_top: bool, implicit_owner_rights: Rights, deleteright: DeleteRight = "c"
) -> ListedRights:
    """What an identifier may be granted; each optional right by itself, since none is tied to another.

    `is_owner` says that the identifier is the owner of the mailbox. To a user's top mailbox anyone may post: mail to
    her is delivered there.
    """
    required = NO_RIGHTS
    if is_owner:
        required = implicit_owner_rights
    elif is_user_top:
        required = Rights.of(Right.POST)
    printed = serialize_rights(required, deleteright=deleteright)
    return ListedRights(printed, tuple([letter for letter in PRINTED_ORDER if letter not in printed]))
