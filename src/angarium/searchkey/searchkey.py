"""Search keys (RFC 9051 §6.4.4, RFC 3501 §6.4.4, and those of extensions) as a tree of values.

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


@dataclass(frozen=True, slots=True)
class Younger:
    """Internal date at most that many seconds ago (RFC 5032); at least 1."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Older:
    """Internal date at least that many seconds ago (RFC 5032); at least 1."""

    seconds: int


@dataclass(frozen=True, slots=True)
class SavedBefore:
    """Date of saving earlier than that day (RFC 8514 §4.3)."""

    day: date


@dataclass(frozen=True, slots=True)
class SavedOn:
    """Date of saving on that day (RFC 8514 §4.3)."""

    day: date


@dataclass(frozen=True, slots=True)
class SavedSince:
    """Date of saving on that day or later (RFC 8514 §4.3)."""

    day: date


@dataclass(frozen=True, slots=True)
class SaveDateSupported:
    """Every message, where the mailbox keeps dates of saving, else none (RFC 8514 §4.3)."""


@dataclass(frozen=True, slots=True)
class EmailId:
    """The message with that EMAILID, compared exactly (RFC 8474 §6)."""

    object_id: str


@dataclass(frozen=True, slots=True)
class ThreadId:
    """Messages with that THREADID, compared exactly (RFC 8474 §6)."""

    object_id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Messages that match the search stored under that name (RFC 5466 §3.1)."""

    name: str


@dataclass(frozen=True, slots=True)
class AnnotationText:
    """An annotation holds the text (RFC 5257 §4.8); None is NIL: it has no value.

    `entry` may hold the wildcards `*` and `%`. `attribute` is in lower case: `value.priv`, `value.shared`, or `value`
    for either.
    """

    entry: str
    attribute: str
    text: str | None


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
    | Younger
    | Older
    | SavedBefore
    | SavedOn
    | SavedSince
    | SaveDateSupported
    | EmailId
    | ThreadId
    | Filter
    | AnnotationText
)
