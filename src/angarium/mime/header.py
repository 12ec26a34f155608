"""Header blocks: their fields, where these stand, and subsets of them for BODY[HEADER.FIELDS (...)].

A block is cut into runs, each a field with its continuation lines or a line that is none; together they are the whole
block, so the ends of the runs are all that must be kept to find a field again. With each goes a code: the place of the
field's name in a fixed table, so that selecting usual fields compares no text.
"""

import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

_RUN = re.compile(rb"((?:[!-9;-~]++[ \t]*+:)?)([^\n]*+\n?+(?:[ \t][^\n]*+\n?+)*+)")
"""Name and colon, or nothing in a line that is no field; then the rest, with all its lines."""
_NEWLINE = re.compile(rb"\n")

_OTHER = 0
_NO_FIELD = 255

# Stored in databases: a new name goes to the end.
_KNOWN_NAMES = (
    b"return-path", b"received", b"x-sieve", b"delivered-to", b"date", b"from", b"sender", b"reply-to", b"to", b"cc",
    b"bcc", b"subject", b"message-id", b"in-reply-to", b"references", b"mime-version", b"content-type",
    b"content-transfer-encoding", b"content-disposition", b"content-id", b"content-description", b"content-language",
    b"content-location", b"content-md5", b"resent-date", b"resent-from", b"resent-sender", b"resent-to", b"resent-cc",
    b"resent-bcc", b"resent-message-id", b"comments", b"keywords", b"organization", b"user-agent", b"x-mailer",
    b"x-priority", b"priority", b"importance", b"precedence", b"list-id", b"list-post", b"list-help",
    b"list-subscribe", b"list-unsubscribe", b"list-archive", b"list-owner", b"list-unsubscribe-post",
    b"mailing-list", b"dkim-signature", b"arc-seal", b"arc-message-signature", b"arc-authentication-results",
    b"authentication-results", b"received-spf", b"x-spam-flag", b"x-spam-status", b"x-spam-score", b"x-spam-level",
    b"x-spam-checker-version", b"x-virus-scanned", b"x-originating-ip", b"x-original-to", b"newsgroups", b"lines",
    b"auto-submitted", b"disposition-notification-to", b"mail-followup-to", b"mail-reply-to", b"thread-index",
    b"thread-topic", b"x-uid", b"status", b"x-status", b"envelope-to", b"feedback-id", b"autocrypt", b"face",
    b"x-face", b"errors-to", b"followup-to", b"path", b"xref", b"x-loop", b"x-beenthere", b"x-mailman-version",
    b"content-class", b"x-google-smtp-source", b"x-gm-message-state", b"x-received", b"sensitivity",
    b"x-auto-response-suppress", b"delivery-date", b"archived-at", b"original-message-id",
)  # fmt: skip
_CODES = {name: code for code, name in enumerate(_KNOWN_NAMES, start=1)}
_ACRONYMS = frozenset({b"arc", b"dkim", b"id", b"ip", b"md5", b"mime", b"spf"})


def _usual_spellings(name: bytes) -> tuple[bytes, ...]:
    words = name.split(b"-")
    standard = [word.upper() if word in _ACRONYMS else word.capitalize() for word in words]
    return b"-".join(standard), name.title(), name


_USUAL_STARTS = {
    b"%b:" % spelling: (name, code) for name, code in _CODES.items() for spelling in _usual_spellings(name)
}
"""Name and code by what a field begins with, so that most are looked up as they stand."""


def _name_and_code(start: bytes) -> tuple[bytes, int]:
    name = start[:-1].rstrip(b" \t").lower()
    return name, _CODES.get(name, _OTHER)


@dataclass(frozen=True, slots=True)
class HeaderFields:
    """Where the fields of a header block stand, from its start: run `i` ends at `ends[i]`, and starts where the one
    before it ends. `codes[i]` tells its name."""

    codes: bytes
    ends: tuple[int, ...]


class HeaderBlock:
    """The fields of one header block by name, as the scanner reads them; values raw, with their line breaks."""

    __slots__ = ("_codes", "_ends", "_repeated", "first")

    first: Callable[[bytes], bytes | None]
    """The value of the first field of this lower-case name."""

    def __init__(self, block: bytes, max_lines: int) -> None:
        first: dict[bytes, bytes] = {}
        repeated: dict[bytes, list[bytes]] = {}
        codes = bytearray()
        ends: list[int] = []
        end = 0
        for field_start, value in _runs(block, max_lines):
            end += len(field_start) + len(value)
            ends.append(end)
            if not field_start:
                codes.append(_NO_FIELD)
                continue
            name, code = _USUAL_STARTS.get(field_start) or _name_and_code(field_start)
            codes.append(code)
            if name not in first:
                first[name] = value
            else:
                repeated.setdefault(name, [first[name]]).append(value)
        self._repeated = repeated
        self.first = first.get  # the method itself: it is called dozens of times a message
        self._codes = codes
        self._ends = ends

    @property
    def fields(self) -> HeaderFields:
        """Where they stand."""
        return HeaderFields(bytes(self._codes), tuple(self._ends))

    def all(self, name: bytes) -> list[bytes]:
        """The values of all fields of this lower-case name, in order."""
        if name in self._repeated:
            return self._repeated[name]
        value = self.first(name)
        return [] if value is None else [value]


def _runs(block: bytes, max_lines: int) -> list[tuple[bytes, bytes]]:
    """What `_RUN` finds: each run in two pieces."""
    if len(block) > max_lines:
        last = next(islice(_NEWLINE.finditer(block), max_lines - 1, None), None)
        if last is not None:
            block = block[: last.end()]
    runs: list[tuple[bytes, bytes]] = _RUN.findall(block)
    # The pattern matches nothing once more at the end; before it may stand the blank line that ends the header.
    while runs and not runs[-1][0] and runs[-1][1] in (b"", b"\n", b"\r\n", b"\r"):
        runs.pop()
    return runs


@dataclass(frozen=True, slots=True)
class FieldSelection:
    """Which fields HEADER.FIELDS or, with `exclude`, HEADER.FIELDS.NOT asks for (RFC 9051 §6.4.5.1)."""

    names: frozenset[bytes]
    codes: frozenset[int]
    has_other: bool
    exclude: bool


def field_selection(names: Iterable[str | bytes], *, exclude: bool = False) -> FieldSelection:
    """The selection of these names, in any case; kept, since clients ask for the same ones again and again."""
    return _field_selection(
        frozenset(n.encode("latin-1", "replace") if isinstance(n, str) else n for n in names), exclude
    )


@lru_cache(maxsize=512)
def _field_selection(names: frozenset[bytes], exclude: bool) -> FieldSelection:
    lowered = frozenset(name.lower() for name in names)
    codes = frozenset(_CODES[name] for name in lowered if name in _CODES)
    return FieldSelection(lowered, codes, len(codes) < len(lowered), exclude)


def select_fields(block: bytes, selection: FieldSelection) -> bytes:
    """The selected fields of a header block as they stand there, in its order, and the empty line."""
    names = selection.names
    exclude = selection.exclude
    chosen = [
        start + value
        for start, value in _RUN.findall(block)
        if start and ((_USUAL_STARTS.get(start) or _name_and_code(start))[0] in names) is not exclude
    ]
    return _joined(chosen)


def select_stored_fields(stored: bytes, block: bytes, selection: FieldSelection) -> bytes:
    """`select_fields` of the top header, by what `encode_parts` stored of it; `block` is the header's octets."""
    count: int = _COUNT.unpack_from(stored, 1)[0]
    codes = stored[5 : 5 + count]
    ends: tuple[int, ...] = struct.unpack_from(b"<%dI" % (count + 1), stored, 5 + count)
    if len(block) - ends[-1] > 2:
        return select_fields(block, selection)  # the header has more lines than were located
    wanted = selection.codes
    if not selection.exclude and not selection.has_other:
        chosen = [block[start:end] for code, start, end in zip(codes, ends, ends[1:], strict=False) if code in wanted]
        return _joined(chosen)
    names = selection.names
    exclude = selection.exclude
    chosen = []
    for code, start, end in zip(codes, ends, ends[1:], strict=False):
        if code == _NO_FIELD:
            continue
        run = block[start:end]
        is_named = code in wanted if code else run.partition(b":")[0].rstrip(b" \t").lower() in names
        if is_named is not exclude:
            chosen.append(run)
    return _joined(chosen)


def _joined(runs: list[bytes]) -> bytes:
    """A field at the very end of a message may lack its line break."""
    if runs and not runs[-1].endswith(b"\n"):
        runs.append(b"\r\n")
    runs.append(b"\r\n")
    return b"".join(runs)


_COUNT = struct.Struct("<I")


def encode_fields(fields: HeaderFields) -> bytes:
    """Count, codes and 0 with the ends, as `select_stored_fields` reads them; see `parts` for the whole form."""
    count = len(fields.codes)
    return _COUNT.pack(count) + fields.codes + struct.pack(b"<%dI" % (count + 1), 0, *fields.ends)
