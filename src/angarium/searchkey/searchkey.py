"""Search keys (RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 7162 §3.1.5) as a tree of values.

What can be said by others is not here: UNSEEN is Not(Flag(SEEN)), UNKEYWORD is Not(Keyword(…)), OLD is Not(Recent()).
Texts are Unicode, decoded from the charset of the command.
"""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from angarium.flags import SystemFlags
from angarium.sequenceset import SequenceSet


@dataclass(frozen=True, slots=True)
class All:
    """Every message."""


@dataclass(frozen=True, slots=True)
class And:
    """Messages that match each of `keys`, of which there are at least two."""

    keys: tuple["SearchKey", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Messages that match either key."""

    left: "SearchKey"
    right: "SearchKey"


@dataclass(frozen=True, slots=True)
class Not:
    """Messages that do not match `key`."""

    key: "SearchKey"


@dataclass(frozen=True, slots=True)
class Flag:
    """Messages with that one system flag."""

    flag: SystemFlags


@dataclass(frozen=True, slots=True)
class Recent:
    """Messages that are recent to the session (RFC 3501 §2.3.2)."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """Messages with a keyword, compared in any case."""

    keyword: str


@dataclass(frozen=True, slots=True)
class Before:
    """Internal date, in its own zone, earlier than that day."""

    day: date


@dataclass(frozen=True, slots=True)
class On:
    """Internal date, in its own zone, on that day."""

    day: date


@dataclass(frozen=True, slots=True)
class Since:
    """Internal date, in its own zone, on that day or later."""

    day: date


@dataclass(frozen=True, slots=True)
class SentBefore:
    """Date field, in its own zone, earlier than that day."""

    day: date


@dataclass(frozen=True, slots=True)
class SentOn:
    """Date field, in its own zone, on that day."""

    day: date


@dataclass(frozen=True, slots=True)
class SentSince:
    """Date field, in its own zone, on that day or later."""

    day: date


@dataclass(frozen=True, slots=True)
class Larger:
    """More than that many octets."""

    size_octets: int


@dataclass(frozen=True, slots=True)
class Smaller:
    """Fewer than that many octets."""

    size_octets: int


class SearchedField(Enum):
    """Where a text is looked for; the value is the key's name."""

    BCC = "BCC"
    BODY = "BODY"
    CC = "CC"
    FROM = "FROM"
    SUBJECT = "SUBJECT"
    TEXT = "TEXT"
    TO = "TO"


@dataclass(frozen=True, slots=True)
class FieldText:
    """The text is a substring, in any case, of that field; empty text matches whatever has the field."""

    field: SearchedField
    text: str


@dataclass(frozen=True, slots=True)
class Header:
    """A header field of that name holds the text; with empty text: there is such a field."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Uids:
    """UID is in the set."""

    uids: SequenceSet


@dataclass(frozen=True, slots=True)
class SequenceNumbers:
    """Message number, as the session counts, is in the set."""

    numbers: SequenceSet


@dataclass(frozen=True, slots=True)
class ModSeq:
    """Modification sequence is at least `modseq`.

    RFC 7162 §3.1.5 also lets the client name a metadata item. One mod-sequence covers all of a message here, so that
    name is checked by the parser and means nothing more.
    """

    modseq: int


SearchKey = (
    All
    | And
    | Or
    | Not
    | Flag
    | Recent
    | Keyword
    | Before
    | On
    | Since
    | SentBefore
    | SentOn
    | SentSince
    | Larger
    | Smaller
    | FieldText
    | Header
    | Uids
    | SequenceNumbers
    | ModSeq
)
