"""What may be annotated with what: entries of the server, of mailboxes and of messages, and the values they take.

Entries are named as in RFC 5257, without the `/shared` or `/private` that METADATA (RFC 5464) puts in front: the first
is the value that all share, the second each user's own. Which entries there are, their types and who may set them is
as in Cyrus; what some of them tell, or what they switch, is in `operations.metadata`.
"""

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from angarium.errors import AnnotationInvalid, AnnotationTooLarge
from angarium.rights import NO_RIGHTS, Right, Rights
from angarium.store.annotationdates import parse_date

VENDOR: Final = "/vendor/cmu/cyrus-imapd"
SCRIPT_OF_EVENTS: Final = "/imapsieve/script"
"""The script that is run where something is done in a mailbox (RFC 6785 §2.3.1)."""


class AnnotationScope(enum.Enum):
    """What is annotated; the value is the word of Cyrus's files."""

    SERVER = "server"
    MAILBOX = "mailbox"
    MESSAGE = "message"


class ValueType(enum.Enum):
    """What a value may be; the value is the word of Cyrus's files."""

    STRING = "string"
    BOOLEAN = "boolean"
    UINT = "uint"
    INT = "int"


@dataclass(frozen=True, slots=True)
class AnnotationEntry:
    """An entry that something may be annotated with."""

    name: str
    scope: AnnotationScope
    type: ValueType = ValueType.STRING
    is_shared: bool = True
    """Whether it has a value that all share, and ..."""
    is_private: bool = True
    """... whether it has each user's own."""
    is_fact: bool = False
    """The server says what it is; nobody sets it."""
    is_administrators: bool = False
    """Only administrators set it."""
    needed: Rights = NO_RIGHTS
    """To set it, beyond what is needed for any."""
    default: bytes | None = None
    """What it says where nothing is set."""

    def has(self, *, shared: bool) -> bool:
        """Whether it has such a value."""
        return self.is_shared if shared else self.is_private

    def checked(self, value: bytes | None) -> bytes | None:
        """A value as it is kept; AnnotationInvalid for one of another type."""
        if value is None:
            return None
        match self.type:
            case ValueType.BOOLEAN:
                value = value.lower()
                is_valid = value in (b"true", b"false")
            case ValueType.UINT:
                is_valid = _UINT.fullmatch(value) is not None
            case ValueType.INT:
                is_valid = _INT.fullmatch(value) is not None
            case ValueType.STRING:
                is_valid = True
        if not is_valid:
            raise AnnotationInvalid(f"{self.name} takes a value of type {self.type.value}")
        return value


_UINT: Final = re.compile(rb"[0-9]{1,19}")
_INT: Final = re.compile(rb"-?[0-9]{1,19}")
_ADMINISTER: Final = Rights.of(Right.ADMINISTER)
_SERVER, _MAILBOX, _MESSAGE = AnnotationScope.SERVER, AnnotationScope.MAILBOX, AnnotationScope.MESSAGE


def _fact(name: str, kind: ValueType = ValueType.STRING, scope: AnnotationScope = _MAILBOX) -> AnnotationEntry:
    return AnnotationEntry(f"{VENDOR}/{name}", scope, kind, is_private=False, is_fact=True)


def _setting(
    name: str, kind: ValueType, scope: AnnotationScope = _MAILBOX, *, needed: Rights = NO_RIGHTS
) -> AnnotationEntry:
    return AnnotationEntry(f"{VENDOR}/{name}", scope, kind, needed=needed)


def _switch(name: str, default: bytes) -> AnnotationEntry:
    return AnnotationEntry(f"{VENDOR}/{name}", _MAILBOX, ValueType.BOOLEAN, is_private=False, default=default)


@dataclass(frozen=True, slots=True)
class _Date(AnnotationEntry):
    def checked(self, value: bytes | None) -> bytes | None:
        if value is not None and parse_date(value) is None:
            raise AnnotationInvalid(f"{self.name} takes a date such as 21-Nov-2026 10:00:00 +0000")
        return value


LAST_POP: Final = f"{VENDOR}/lastpop"
"""When a user last came over POP3; set by `operations.maildrop`."""
POP3_SHOW_AFTER: Final = f"{VENDOR}/pop3showafter"
POP3_NEW_UIDL: Final = f"{VENDOR}/pop3newuidl"

BUILT_IN: Final = (
    AnnotationEntry("/admin", _SERVER, is_private=False, is_administrators=True),
    AnnotationEntry("/comment", _SERVER),
    AnnotationEntry("/motd", _SERVER, is_private=False, is_administrators=True),
    AnnotationEntry(f"{VENDOR}/usermodseq", _SERVER, ValueType.UINT, is_shared=False, is_fact=True),
    _setting("expire", ValueType.UINT, _SERVER),
    _fact("freespace", scope=_SERVER),
    _fact("freespace/total", scope=_SERVER),
    _fact("freespace/percent/most", scope=_SERVER),
    AnnotationEntry(f"{VENDOR}/shutdown", _SERVER, is_private=False, is_administrators=True),
    _setting("squat", ValueType.BOOLEAN, _SERVER),
    AnnotationEntry("/check", _MAILBOX, ValueType.BOOLEAN),
    AnnotationEntry("/checkperiod", _MAILBOX, ValueType.UINT),
    AnnotationEntry("/comment", _MAILBOX),
    AnnotationEntry("/sort", _MAILBOX),
    AnnotationEntry("/specialuse", _MAILBOX),
    AnnotationEntry("/thread", _MAILBOX),
    _fact("annotsize", ValueType.UINT),
    _setting("archive", ValueType.UINT, needed=_ADMINISTER),
    _setting("delete", ValueType.UINT, needed=_ADMINISTER),
    _switch("duplicatedeliver", b"false"),
    _setting("expire", ValueType.UINT, needed=_ADMINISTER),
    _fact("lastpop"),
    _fact("hasalarms", ValueType.BOOLEAN),
    _fact("foldermodseq", ValueType.UINT),
    _fact("lastupdate"),
    _setting("news2mail", ValueType.STRING, needed=_ADMINISTER),
    _fact("partition"),
    _switch("pop3newuidl", b"true"),
    _Date(POP3_SHOW_AFTER, _MAILBOX, is_private=False),
    _setting("search-fuzzy-always", ValueType.BOOLEAN, needed=_ADMINISTER),
    AnnotationEntry(f"{VENDOR}/sharedseen", _MAILBOX, ValueType.BOOLEAN, is_private=False),
    _setting("sieve", ValueType.STRING, needed=_ADMINISTER),
    _fact("size", ValueType.UINT),
    _setting("sortorder", ValueType.UINT),
    _setting("squat", ValueType.BOOLEAN, needed=_ADMINISTER),
    _fact("uniqueid"),
    AnnotationEntry("/altsubject", _MESSAGE),
    AnnotationEntry("/comment", _MESSAGE),
)
"""In the order of Cyrus, which tells them from the last to the first."""

# RFC 5257 §3.2.1: the same of parts of a message
_OF_A_PART: Final = re.compile(
    r"/(?:0|[1-9][0-9]*(?:\.[1-9][0-9]*)*)/(comment|flags/(?:seen|answered|flagged|forwarded))"
)
_PART_FLAG: Final = (b"0", b"1")

# RFC 5466 §3.2, §4: the name of a filter is an atom without a slash
_OF_A_FILTER: Final = re.compile(r"/filters/(?:values|descriptions)/[^\x00-\x20\x7f-\U0010ffff(){%*\"\\\]/]+")


@dataclass(frozen=True, slots=True)
class _PartFlag(AnnotationEntry):
    def checked(self, value: bytes | None) -> bytes | None:
        if value is not None and value not in _PART_FLAG:
            raise AnnotationInvalid(f"{self.name} is 1, 0 or not there")
        return value


@dataclass(frozen=True, slots=True)
class _Text(AnnotationEntry):
    """UTF-8: of a filter the search, which the front end understands, or what it is for (RFC 5466 §3.2); the name of a
    script (RFC 6785 §7.4, §7.5)."""

    def checked(self, value: bytes | None) -> bytes | None:
        if value is not None:
            try:
                value.decode()
            except UnicodeDecodeError as error:
                raise AnnotationInvalid(f"{self.name} is not UTF-8") from error
        return value


_SCRIPTS_OF_EVENTS: Final = {
    _SERVER: _Text(SCRIPT_OF_EVENTS, _SERVER, is_private=False, is_administrators=True),
    # It runs for its owner, whoever does something in the mailbox.
    _MAILBOX: _Text(SCRIPT_OF_EVENTS, _MAILBOX, is_private=False, needed=_ADMINISTER),
}
"""Not in the table of Cyrus, which is told to whoever asks for all entries; where they are set, they are told."""


def _by_name(entries: Iterable[AnnotationEntry]) -> dict[tuple[AnnotationScope, str], AnnotationEntry]:
    return {(entry.scope, entry.name): entry for entry in entries}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationPolicy:
    """The options about annotations."""

    defined: tuple[AnnotationEntry, ...] = ()
    """Of the file `annotation_definitions`."""
    allow_undefined: bool = False
    """Whether any entry may be set, as a string."""
    value_octets: int = 65536
    """The largest value."""
    count: int = 100
    """Annotations that one user, or all in common, may have of one thing."""
    known: Mapping[tuple[AnnotationScope, str], AnnotationEntry] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", _by_name((*self.defined, *BUILT_IN)))

    def entries(self, scope: AnnotationScope) -> list[AnnotationEntry]:
        """Those of the table, in its order."""
        return [entry for (of, _), entry in self.known.items() if of is scope]

    def find(self, scope: AnnotationScope, name: str) -> AnnotationEntry | None:
        """The entry of this name, in lower case; None where there is none."""
        entry = self.known.get((scope, name))
        if entry is None and scope is _MESSAGE and (part := _OF_A_PART.fullmatch(name)):
            return AnnotationEntry(name, scope) if part[1] == "comment" else _PartFlag(name, scope)
        if entry is None and scope is _SERVER and _OF_A_FILTER.fullmatch(name):
            return _Text(name, scope)
        if entry is None and name == SCRIPT_OF_EVENTS:
            return _SCRIPTS_OF_EVENTS.get(scope)
        if entry is None and self.allow_undefined and not name.startswith((f"{VENDOR}/", "/flags")):
            return AnnotationEntry(name, scope)
        return entry

    def check_size(self, value: bytes | None) -> None:
        """AnnotationTooLarge."""
        if value is not None and len(value) > self.value_octets:
            raise AnnotationTooLarge(self.value_octets)
