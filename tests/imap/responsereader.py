"""Responses as a strict client reads them: by the grammar of RFC 9051 §9 and of the extensions, and nothing beside it.

It shares no code with the server. What no standard lets a server send is `Unreadable`: a response or code nobody
knows, two spaces for one, a string that should be a literal, a list with an end missing.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.imap.strictterminals import StrictTerminals, Value

_TAG: Final = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\+]+")
_NUMBER: Final = re.compile(rb"0|[1-9][0-9]{0,18}")
_FLAG: Final = re.compile(rb"\\?[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_SET: Final = re.compile(rb"[1-9][0-9]{0,9}(?::[1-9][0-9]{0,9})?(?:,[1-9][0-9]{0,9}(?::[1-9][0-9]{0,9})?)*")
_TEXT: Final = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]+")
_TEXT_UTF8: Final = re.compile(rb"[\x20-\x5a\x5c-\x7e\x80-\xff][\x20-\x7e\x80-\xff]*")
_DATE: Final = re.compile(
    rb'"[ 0-9][0-9]-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{4} \d\d:\d\d:\d\d [+-]\d{4}"'
)
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_PARTS: Final = re.compile(rb"[1-9][0-9]*(?:\.[1-9][0-9]*)*")
_SECTION_TEXT: Final = re.compile(rb"HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|TEXT|MIME")
_ORIGIN: Final = re.compile(rb"<(?:0|[1-9][0-9]*)>")
_URL: Final = re.compile(rb'"[!#-\[^-~]*"')

_N: Final = rb"[1-9][0-9]*"
_PLAIN_CODES: Final = """
    ALERT ALREADYEXISTS AUTHENTICATIONFAILED AUTHORIZATIONFAILED BADCOMPARATOR CANNOT CLIENTBUG CLOSED
    COMPRESSIONACTIVE CONTACTADMIN CORRUPTION EXPIRED EXPUNGEISSUED HASCHILDREN INUSE LIMIT NOMODSEQ NONEXISTENT
    NOPERM NOTIFICATIONOVERFLOW NOTSAVED OVERQUOTA PARSE PRIVACYREQUIRED READ-ONLY READ-WRITE TOOBIG TRYCREATE
    UIDNOTSTICKY UIDREQUIRED UNAVAILABLE UNKNOWN-CTE USEATTR
"""
_CODES: Final = {
    **dict.fromkeys(_PLAIN_CODES.split(), b""),
    "ANNOTATE": rb" (?:TOOBIG|TOOMANY)",
    "ANNOTATIONS": rb" (?:READ-ONLY|" + _N + rb")(?: NOPRIVATE)?",
    "APPENDUID": rb" " + _N + rb" " + _SET.pattern,
    "BADCHARSET": rb" \([^ ()]+(?: [^ ()]+)*\)",
    "BADEVENT": rb" \([A-Za-z]+(?: [A-Za-z]+)*\)",
    "BADURL": rb" " + _URL.pattern,
    "CAPABILITY": rb"(?: [A-Za-z0-9+=-]+)+",
    "COPYUID": rb" " + _N + rb" " + _SET.pattern + rb" " + _SET.pattern,
    "HIGHESTMODSEQ": rb" " + _N,
    "INPROGRESS": rb' \((?:NIL|"[^"\\]*") (?:NIL NIL|[0-9]+ [0-9]+)\)',
    "MAILBOXID": rb" \([A-Za-z0-9_-]{1,255}\)",
    "MESSAGELIMIT": rb" " + _N + rb"(?: " + _N + rb")?",
    "METADATA": rb" (?:LONGENTRIES [0-9]+|MAXSIZE [0-9]+|TOOMANY|NOPRIVATE)",
    "MODIFIED": rb" " + _SET.pattern,
    "NOUPDATE": rb' "[^"\\]*"',
    "PERMANENTFLAGS": rb" \((?:(?:\\\*|" + _FLAG.pattern + rb")(?: (?:\\\*|" + _FLAG.pattern + rb"))*)?\)",
    "UIDNEXT": rb" " + _N,
    "UIDVALIDITY": rb" " + _N,
    "UNDEFINED-FILTER": rb" [^ \]]+",
    "UNSEEN": rb" " + _N,
}
_CODE: Final = re.compile(rb"\[([A-Z0-9-]+)")


@dataclass(frozen=True, slots=True)
class Line:
    """One response."""

    tag: str
    """`*`, `+`, or that of a command."""
    name: str = ""
    """What it is: OK, FETCH, LIST and so on."""
    number: int = 0
    """Before EXISTS, EXPUNGE and FETCH; that of UIDFETCH is a UID."""
    code: str = ""
    """Of a status response."""
    items: dict[str, Value] = field(default_factory=dict)
    """Of FETCH."""
    numbers: tuple[int, ...] = ()
    """Of SEARCH, SORT and VANISHED."""
    is_earlier: bool = False
    """VANISHED (EARLIER)."""
    octets: bytes = b""


def read_responses(octets: bytes, *, is_utf8: bool = False, has_utf8_texts: bool = False) -> list[Line]:
    """All responses, the last of which must be whole; `is_utf8`: strings between quotes may be UTF-8; `has_utf8_texts`:
    texts may be (RFC 5255 §3.5, RFC 9051 §9)."""
    reader = ResponseReader(octets, is_utf8=is_utf8, has_utf8_texts=has_utf8_texts)
    return list(reader.responses())


class ResponseReader(StrictTerminals):
    """A position in what a server has sent."""

    def __init__(self, octets: bytes, *, is_utf8: bool = False, has_utf8_texts: bool = False) -> None:
        super().__init__(octets, is_utf8=is_utf8)
        self._has_utf8_texts = has_utf8_texts
        self._responses: dict[bytes, Callable[[], dict[str, object]]] = {
            b"ACL": lambda: self._astrings(least=1, pairs_behind=1),
            b"ANNOTATION": self._annotation_legacy,
            b"CAPABILITY": lambda: self._repeated(self._atom, least=1),
            b"COMPARATOR": self._comparator,
            b"ENABLED": lambda: self._repeated(self._atom, least=0),
            b"ESEARCH": self._esearch,
            b"FLAGS": self._flags_response,
            b"ID": self._id,
            b"LANGUAGE": self._language,
            b"LIST": self._list,
            b"LISTRIGHTS": lambda: self._astrings(least=3),
            b"LSUB": self._list,
            b"METADATA": self._metadata,
            b"MYRIGHTS": lambda: self._astrings(least=2, most=2),
            b"NAMESPACE": self._namespace,
            b"QUOTA": self._quota,
            b"QUOTAROOT": lambda: self._astrings(least=1),
            b"SEARCH": self._numbers,
            b"SORT": self._numbers,
            b"STATUS": self._status,
            b"THREAD": self._threads,
            b"VANISHED": self._vanished,
            b"XLIST": self._list,
        }
        self._numbered: dict[bytes, Callable[[], dict[str, object]]] = {
            b"EXISTS": dict,
            b"EXPUNGE": dict,
            b"FETCH": self._fetch,
            b"RECENT": dict,
            b"UIDFETCH": self._fetch,
        }
        self._items: dict[bytes, Callable[[], Value]] = {
            b"ANNOTATION": self._annotation_item,
            b"BINARY": self._string_or_nil8,
            b"BINARY.SIZE": self._number,
            b"BODYSTRUCTURE": self._bodystructure,
            b"DIGEST.SHA1": lambda: self._match(re.compile(rb"[0-9a-f]{40}"), "a digest"),
            b"EMAILID": lambda: self._in_parentheses(self._object_id),
            b"ENVELOPE": self._envelope,
            b"FLAGS": self._flags,
            b"INTERNALDATE": lambda: self._match(_DATE, "a date-time"),
            b"MODSEQ": lambda: self._in_parentheses(self._number),
            b"PREVIEW": self._nstring,
            b"RFC822": self._nstring,
            b"RFC822.HEADER": self._nstring,
            b"RFC822.SIZE": self._number,
            b"RFC822.TEXT": self._nstring,
            b"SAVEDATE": lambda: None if self._take(b"NIL") else self._match(_DATE, "a date-time"),
            b"THREADID": lambda: None if self._take(b"NIL") else self._in_parentheses(self._object_id),
            b"UID": self._nz_number,
        }

    def responses(self) -> Iterator[Line]:
        while self._at < len(self._octets):
            yield self._response()

    def _response(self) -> Line:
        start = self._at
        if self._take(b"+ "):
            self._match(re.compile(rb"[^\x00\r\n]*"), "a continuation")
            self._end()
            return Line("+", octets=self._octets[start : self._at])
        tag = "*" if self._take(b"*") else self._match(_TAG, "a tag").decode()
        self._space()
        status = re.compile(rb"(?:OK|NO|BAD" + (rb"|BYE|PREAUTH" if tag == "*" else b"") + rb")(?= )").match(
            self._octets, self._at
        )
        if status is not None:
            self._at = status.end()
            code = self._text()
            self._end()
            return Line(tag, status[0].decode(), code=code, octets=self._octets[start : self._at])
        if tag != "*":
            raise self._wrong("a status")
        number = 0
        responses = self._responses
        if (match := _NUMBER.match(self._octets, self._at)) is not None:
            self._at, number, responses = match.end(), int(match[0]), self._numbered
            self._space()
        name = self._atom()
        if name not in responses:
            raise self._wrong("a response that somebody knows", at=start)
        if name in (b"EXPUNGE", b"FETCH", b"UIDFETCH") and not number:
            raise self._wrong("a number above 0", at=start)
        told = responses[name]()
        self._end()
        return Line(tag, name.decode(), number, octets=self._octets[start : self._at], **told)  # type: ignore[arg-type]  # by name

    # Status responses

    def _text(self) -> str:
        """`SP ["[" code "]" SP] text`; gives the code's name."""
        self._space()
        name = ""
        if (match := _CODE.match(self._octets, self._at)) is not None:
            name = match[1].decode()
            if name not in _CODES:
                raise self._wrong("a code that somebody knows")
            self._at = match.end()
            self._match(re.compile(_CODES[name]), f"the arguments of {name}")
            self._expect(b"] ")
        if self._has_utf8_texts:
            try:
                self._match(_TEXT_UTF8, "a text of UTF-8").decode()
            except UnicodeDecodeError as error:
                raise self._wrong("a text of UTF-8") from error
        else:
            self._match(_TEXT, "a text of ASCII")
        return name

    # Data

    def _repeated(self, read: Callable[[], Value], *, least: int) -> dict[str, object]:
        count = 0
        while count < least or self._octets.startswith(b" ", self._at):
            self._space()
            read()
            count += 1
        return {}

    def _astrings(self, *, least: int, most: int = 1_000_000, pairs_behind: int | None = None) -> dict[str, object]:
        count = 0
        while count < least or (count < most and self._octets.startswith(b" ", self._at)):
            self._space()
            self._astring()
            count += 1
        if pairs_behind is not None and (count - pairs_behind) % 2:
            raise self._wrong("the rights of an identifier")
        return {}

    def _flags_response(self) -> dict[str, object]:
        self._space()
        self._flags()
        return {}

    def _comparator(self) -> dict[str, object]:
        self._space()
        self._astring()
        if self._take(b" "):
            self._elements(self._astring)
        return {}

    def _language(self) -> dict[str, object]:
        self._space()
        self._elements(self._astring)
        return {}

    def _id(self) -> dict[str, object]:
        self._space()
        if not self._take(b"NIL"):
            self._elements(lambda: self._pair(self._string, self._nstring))
        return {}

    def _list(self) -> dict[str, object]:
        self._space()
        self._elements(lambda: self._match(re.compile(rb"\\[A-Za-z0-9]+"), "an attribute"), least=0)
        self._space()
        if not self._take(b"NIL"):
            delimiter = self._string()
            if len(delimiter) != 1:
                raise self._wrong("a delimiter of one character")
        self._space()
        self._astring()
        if self._take(b" "):
            self._elements(self._list_extended)
        return {}

    def _list_extended(self) -> None:
        name = self._astring().upper()
        self._space()
        if name not in (b"CHILDINFO", b"OLDNAME"):
            raise self._wrong("extended data that somebody knows")
        self._elements(self._astring)

    def _status(self) -> dict[str, object]:
        self._space()
        self._astring()
        self._space()
        self._elements(self._status_item, least=0)
        return {}

    def _status_item(self) -> None:
        name = self._atom()
        self._space()
        if name == b"MAILBOXID":
            self._in_parentheses(self._object_id)
        elif not (name == b"APPENDLIMIT" and self._take(b"NIL")):
            self._number()

    def _namespace(self) -> dict[str, object]:
        for _ in range(3):
            self._space()
            if self._take(b"NIL"):
                continue
            self._expect(b"(")
            while True:
                self._expect(b"(")
                self._string()
                self._space()
                self._nstring()
                if self._take(b' "TRANSLATION" ('):
                    self._string()
                    self._expect(b")")
                self._expect(b")")
                if self._take(b")"):
                    break
        return {}

    def _numbers(self) -> dict[str, object]:
        numbers = []
        while self._take(b" "):
            if self._take(b"(MODSEQ "):
                self._nz_number()
                self._expect(b")")
                break
            numbers.append(self._nz_number())
        return {"numbers": tuple(numbers)}

    def _set(self) -> tuple[int, ...]:
        found: list[int] = []
        for part in self._match(_SET, "a set").split(b","):
            first, _, last = part.partition(b":")
            found += range(int(first), min(int(last or first), int(first) + 100_000) + 1)
        return tuple(found)

    def _vanished(self) -> dict[str, object]:
        is_earlier = self._take(b" (EARLIER)")
        self._space()
        return {"numbers": self._set(), "is_earlier": is_earlier}

    def _esearch(self) -> dict[str, object]:
        if self._take(b" ("):
            names = []
            while True:
                names.append(self._atom())
                self._space()
                _ = self._nz_number() if names[-1] == b"UIDVALIDITY" else self._astring()
                if self._take(b")"):
                    break
                self._space()
            if names not in ([b"TAG"], [b"TAG", b"MAILBOX", b"UIDVALIDITY"]):
                raise self._wrong(f"a correlator, not {names}")
        self._take(b" UID")
        while self._take(b" "):
            self._esearch_data()
        return {}

    def _esearch_data(self) -> None:
        name = self._atom()
        self._space()
        match name:
            case b"COUNT":
                self._number()
            case b"MIN" | b"MAX" | b"MODSEQ":
                self._nz_number()
            case b"ALL":
                self._set()
            case b"PARTIAL":
                self._expect(b"(")
                self._match(re.compile(rb"-?[1-9][0-9]*:-?[1-9][0-9]*"), "a range")
                self._space()
                if not self._take(b"NIL"):
                    self._set()
                self._expect(b")")
            case b"ADDTO" | b"REMOVEFROM":
                self._elements(lambda: self._pair(self._number, self._set))
            case _:
                raise self._wrong("search data that somebody knows")

    def _threads(self) -> dict[str, object]:
        if self._take(b" "):
            while True:
                self._thread()
                if not self._octets.startswith(b"(", self._at):
                    break
        return {}

    def _thread(self) -> None:
        """`"(" (thread-members / thread-nested) ")"` (RFC 5256 §5), without a stack of our own for its depth."""
        self._expect(b"(")
        depth, may_begin, has_member = 1, True, False
        while depth:
            if self._take(b"("):
                depth, may_begin, has_member = depth + 1, True, False
            elif self._take(b")"):
                if may_begin and not has_member:
                    raise self._wrong("a member")
                depth, may_begin, has_member = depth - 1, False, True
            elif self._take(b" "):
                if not has_member:
                    raise self._wrong("a member before the space")
                may_begin = True
                if self._octets.startswith(b")", self._at):
                    raise self._wrong("a member behind the space")
            else:
                if not may_begin:
                    raise self._wrong("a space before a member")
                self._nz_number()
                may_begin, has_member = False, True

    def _metadata(self) -> dict[str, object]:
        self._space()
        self._astring()
        self._space()
        if self._octets.startswith(b"(", self._at):
            self._elements(lambda: self._pair(self._astring, self._string_or_nil8))
            return {}
        self._astring()
        return self._repeated(self._astring, least=0)

    def _annotation_legacy(self) -> dict[str, object]:
        self._space()
        self._astring()
        self._space()
        self._string()
        self._space()
        self._elements(lambda: self._pair(self._string, self._nstring))
        return {}

    def _quota(self) -> dict[str, object]:
        self._space()
        self._astring()
        self._space()
        self._elements(lambda: self._pair(self._atom, lambda: self._pair(self._number, self._number)), least=0)
        return {}

    # FETCH

    def _fetch(self) -> dict[str, object]:
        self._space()
        items: dict[str, Value] = {}

        def read() -> None:
            name = self._item_name()
            self._space()
            # Two parts of one section have one label, and an item of annotations has none for what it was asked for.
            if name in items and not name.startswith(("BODY[", "BINARY[", "ANNOTATION")):
                raise self._wrong(f"an item other than {name}, which was told already")
            items[name] = self._item(name)

        self._elements(read)
        return {"items": items}

    def _item_name(self) -> str:
        start = self._at
        name = self._match(re.compile(rb"[A-Z0-9.]+"), "an item")
        if self._take(b"["):
            self._section(name)
            self._expect(b"]")
            if self._octets.startswith(b"<", self._at):
                self._match(_ORIGIN, "an origin octet")
        return self._octets[start : self._at].decode("latin-1")

    def _section(self, name: bytes) -> None:
        if name not in (b"BODY", b"BINARY", b"BINARY.SIZE"):
            raise self._wrong("an item that has sections")
        parts = _PARTS.match(self._octets, self._at)
        if parts is not None:
            self._at = parts.end()
        if name != b"BODY" or self._octets.startswith(b"]", self._at):
            return
        if parts is not None:
            self._expect(b".")
        if self._match(_SECTION_TEXT, "a section").startswith(b"HEADER.FIELDS"):
            self._space()
            self._elements(lambda: self._astring(may_be_nil=True))

    def _item(self, name: str) -> Value:
        plain, bracket, _ = name.partition("[")
        if plain == "BODY":
            if bracket:
                return self._nstring()
            self._body(is_extended=False)
            return None
        read = self._items.get(plain.encode("latin-1"))
        if read is None:
            raise self._wrong("an item that somebody knows")
        return read()

    def _annotation_item(self) -> Value:
        def entry() -> None:
            self._astring()
            self._space()
            self._elements(lambda: self._pair(self._astring, self._string_or_nil8))

        # The standard has no form for entries that match nothing; Cyrus sends an empty list.
        return self._elements(entry, least=0)

    def _envelope(self) -> None:
        self._expect(b"(")
        for place in range(10):
            if place:
                self._space()
            if 2 <= place <= 7:
                self._addresses()
            else:
                self._nstring()
        self._expect(b")")

    def _addresses(self) -> None:
        if self._take(b"NIL"):
            return
        self._expect(b"(")
        while True:
            self._expect(b"(")
            for place in range(4):
                if place:
                    self._space()
                self._nstring()
            self._expect(b")")
            if self._take(b")"):
                return

    def _bodystructure(self) -> None:
        self._body(is_extended=True)

    def _body(self, *, is_extended: bool) -> None:
        self._expect(b"(")
        if self._octets.startswith(b"(", self._at):
            while self._octets.startswith(b"(", self._at):
                self._body(is_extended=is_extended)
            self._space()
            self._string()
            if is_extended and self._take(b" "):
                self._parameters()
                self._body_extension()
        else:
            self._one_part(is_extended=is_extended)
        self._expect(b")")

    def _one_part(self, *, is_extended: bool) -> None:
        kind = self._string().upper()
        self._space()
        subtype = self._string().upper()
        self._space()
        self._parameters()
        for read in (self._nstring, self._nstring, self._string, self._number):
            self._space()
            read()
        if (kind, subtype) in ((b"MESSAGE", b"RFC822"), (b"MESSAGE", b"GLOBAL")):
            self._space()
            self._envelope()
            self._space()
            self._body(is_extended=is_extended)
            self._space()
            self._number()
        elif kind == b"TEXT":
            self._space()
            self._number()
        if is_extended and self._take(b" "):
            self._nstring()
            self._body_extension()

    def _parameters(self) -> None:
        if not self._take(b"NIL"):
            self._elements(lambda: self._pair(self._string, self._string))

    def _body_extension(self) -> None:
        """`[SP dsp [SP lang [SP loc]]]`; nothing else is defined."""
        if self._take(b" ") and not self._take(b"NIL"):
            self._expect(b"(")
            self._string()
            self._space()
            self._parameters()
            self._expect(b")")
        if self._take(b" "):
            if self._octets.startswith(b"(", self._at):
                self._elements(self._string)
            else:
                self._nstring()
        if self._take(b" "):
            self._nstring()
