"""Address lists of header fields (RFC 5322 §3.4 and the obsolete forms of §4.4), groups and broken ones included.

One compiled pattern reads the usual forms in one step; whatever it refuses goes through the tokens, one address at a
time. Nothing is refused: what is no address becomes one without a domain, as Cyrus has it.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import NamedTuple

from .limits import DEFAULT_LIMITS
from .octets import BACKSLASH, TAB

UNSPECIFIED_DOMAIN = b"unspecified-domain"
"""Host of an address that has none; NIL would say that it is a group (RFC 9051 §7.5.2)."""


class Address(NamedTuple):
    """One address, or the start or end of a group as ENVELOPE marks it (RFC 9051 §7.5.2).

    `name` is as the message has it, without quotes, encoded words undecoded. A group starts with `host` None and its
    name in `mailbox`, and ends with both None.
    """

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


END_OF_GROUP = Address(None, None, None, None)

_USUAL = re.compile(
    rb'[ \t,]*+(?:(?:"((?:[^"\\]|\\.)*+)"[ \t]*+|([^<>"(),:;@\\\[\]]*+))'
    rb'<([^<>"(),:;@\\\[\] \t]++)@([^<>"(),:;@\\\[\] \t]++)>'
    rb'|([^<>"(),:;@\\\[\] \t]++)@([^<>"(),:;@\\\[\] \t]++))[ \t]*+(?:,|\Z)',
    re.DOTALL,
)
"""An address with a name, or none before its angle bracket; or one without brackets."""
_TOKEN = re.compile(
    rb'"((?:[^"\\]|\\.)*+)(?:"|\\?\Z)'  # 1: quoted string, which may lack its end
    rb"|(\[[^\]\[,;>]*+\]?)"  # 2: domain literal
    rb"|(\()"  # 3: comment
    rb"|([<>,:;@])"  # 4: separator
    rb'|([^<>"(),:;@\[ \t\r\n]++)'  # 5: atom, dots and 8-bit text included
    rb"|[ \t\r\n]++",
    re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT_MARK = re.compile(rb"\\.|[()]", re.DOTALL)
_SLICE_OCTETS = 4096
_MAX_TOKENS = 500
"""Of one address; a name of more is cut into several, so that a slice stays short."""

_SEPARATORS = re.compile(rb"[ \t,]++")
_SPACES = re.compile(rb"[ \t]{2,}|\t")


def parse_addresses(value: bytes, max_addresses: int = DEFAULT_LIMITS.addresses) -> list[Address]:
    """The first addresses of an unfolded field, in order; a group that is cut off is closed."""
    reader = _AddressReader(value, max_addresses)
    reader.read_to(len(value))
    return reader.addresses


def parse_addresses_in_slices(value: bytes, max_addresses: int) -> Generator[None, None, list[Address]]:
    """`parse_addresses` that yields after every few kilobytes."""
    reader = _AddressReader(value, max_addresses)
    while reader.read_to(reader.position + _SLICE_OCTETS):
        yield
    return reader.addresses


class _AddressReader:
    """Reads addresses, and starts and ends of groups, one after another."""

    __slots__ = ("_in_group", "_max_addresses", "_value", "addresses", "position")

    def __init__(self, value: bytes, max_addresses: int) -> None:
        self._value = value
        self._max_addresses = max_addresses
        self._in_group = False
        self.addresses: list[Address] = []
        self.position = 0

    def read_to(self, end: int) -> bool:
        """Reads what begins before `end`; whether more is left. Closes the last group when all was read."""
        value = self._value
        end = min(end, len(value))
        addresses = self.addresses
        while self.position < end and len(addresses) < self._max_addresses:
            usual = _USUAL.match(value, self.position)
            if usual is None:
                self._read_tokens()
                continue
            quoted, phrase, mailbox, host, bare_mailbox, bare_host = usual.groups()
            if bare_mailbox is not None:
                addresses.append(Address(None, None, bare_mailbox, bare_host))
            else:
                name = _unquote(quoted) if phrase is None else _phrase(phrase)
                addresses.append(Address(name, None, mailbox, host))
            self.position = usual.end()
        if self.position < len(value) and len(addresses) < self._max_addresses:
            return True
        self._end_group()
        return False

    def _read_tokens(self) -> None:
        """Reads an address of an unusual form, or the start or end of a group, up to the separator that ends it."""
        separators = _SEPARATORS.match(self._value, self.position)
        if separators:
            self.position = separators.end()
        draft = _Draft()
        for _ in range(_MAX_TOKENS):
            token = _TOKEN.match(self._value, self.position)
            if token is None:
                if self.position >= len(self._value):
                    break
                self.position += 1  # a stray backslash or bracket
                continue
            self.position = token.end()
            match token.lastindex:
                case 1:
                    draft.words.append(_unquote(token[1]))
                case 2 | 5:
                    draft.words.append(token[token.lastindex])
                case 3:
                    comment, self.position = _read_comment(self._value, self.position)
                    draft.comment = comment or draft.comment
                case 4:
                    separator = token[4]
                    if separator == b":" and not draft.in_angle:
                        self._start_group(draft)
                        return
                    if separator in b",;" and not (draft.in_angle and separator == b","):
                        self._finish(draft)
                        if separator == b";":
                            self._end_group()
                        return
                    draft.take(separator)
                case _:
                    pass
        self._finish(draft)

    def _start_group(self, draft: "_Draft") -> None:
        self._end_group()  # groups do not nest
        self.addresses.append(Address(None, None, b" ".join(draft.words), None))
        self._in_group = True

    def _end_group(self) -> None:
        if self._in_group:
            self.addresses.append(END_OF_GROUP)
            self._in_group = False

    def _finish(self, draft: "_Draft") -> None:
        address = draft.address()
        if address is not None:
            self.addresses.append(address)


def _unquote(text: bytes) -> bytes:
    return _ESCAPED.sub(rb"\1", text) if BACKSLASH in text else text


def _phrase(text: bytes) -> bytes | None:
    text = text.strip(b" \t")
    if TAB in text or text.find(b"  ") >= 0:
        text = _SPACES.sub(b" ", text)
    return text or None


_AT = b"@"


@dataclass(slots=True)
class _Draft:
    """What was read of one address: the phrase before an angle bracket, and words and `@`."""

    words: list[bytes] = field(default_factory=list)
    phrase: list[bytes] = field(default_factory=list)
    route: bytes | None = None
    comment: bytes | None = None
    has_angle: bool = False
    in_angle: bool = False

    def take(self, separator: bytes) -> None:
        """Brackets and `@`; in an angle bracket also comma and colon, which belong to a route there."""
        match separator:
            case b"<":
                if not self.has_angle:
                    self.phrase, self.words = self.words, []
                self.has_angle = self.in_angle = True
            case b">":
                self.in_angle = False
            case b":":
                self.route = b"".join(self.words)  # RFC 5322 §4.4, obs-route
                self.words = []
            case _:
                self.words.append(separator)

    def address(self) -> Address | None:
        """None where there was nothing but comments and white space."""
        if self.has_angle:
            mailbox, host = _split_at(self.words)
            name = b" ".join(self.phrase).strip() or self.comment
            return Address(name or None, self.route, mailbox, host or UNSPECIFIED_DOMAIN)
        if not self.words:
            return None
        if _AT not in self.words:  # words alone: the name of somebody without an address
            return Address(self.comment, None, b" ".join(self.words), UNSPECIFIED_DOMAIN)
        mailbox, host = _split_at(self.words)
        return Address(self.comment, None, mailbox, host or UNSPECIFIED_DOMAIN)


def _split_at(words: list[bytes]) -> tuple[bytes, bytes]:
    """Local part and domain around the last `@`, which a broken local part may hold as well."""
    if _AT not in words:
        return b"".join(words), b""
    last = len(words) - 1 - words[::-1].index(_AT)
    return b"".join(words[:last]), b"".join(words[last + 1 :])


def _read_comment(value: bytes, position: int) -> tuple[bytes, int]:
    """The text of the comment whose parenthesis was read, and what follows it; nested ones stay inside."""
    start = position
    depth = 1
    for mark in _COMMENT_MARK.finditer(value, position):
        if mark[0] == b"(":
            depth += 1
        elif mark[0] == b")":
            depth -= 1
            if depth == 0:
                return _unquote(value[start : mark.start()]).strip(), mark.end()
    return _unquote(value[start:]).strip(), len(value)
