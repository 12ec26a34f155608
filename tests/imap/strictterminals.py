"""The terminals of responses as a strict client reads them (RFC 9051 §9)."""

import re
from collections.abc import Callable
from typing import Final

_ATOM: Final = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_ASTRING_ATOM: Final = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\]+")
_NUMBER: Final = re.compile(rb"0|[1-9][0-9]{0,18}")
_QUOTED: Final = re.compile(rb'"((?:[^"\\\x00\r\n\x80-\xff]|\\["\\])*)"')
_QUOTED_UTF8: Final = re.compile(rb'"((?:[^"\\\x00\r\n]|\\["\\])*)"')
_LITERAL: Final = re.compile(rb"(~?)\{(0|[1-9][0-9]*)\}\r\n")
_FLAG: Final = re.compile(rb"\\?[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_OBJECT_ID: Final = re.compile(rb"[A-Za-z0-9_-]{1,255}")

Value = object


class Unreadable(AssertionError):
    """No client that goes by the standards can read this."""


class StrictTerminals:
    """A position in what a server has sent; every method reads from it and moves it, or raises Unreadable."""

    def __init__(self, octets: bytes, *, is_utf8: bool = False) -> None:
        self._octets = octets
        self._at = 0
        self._is_utf8 = is_utf8

    def _wrong(self, wanted: str, *, at: int | None = None) -> Unreadable:
        at = self._at if at is None else at
        return Unreadable(
            f"{wanted} is missing at {self._octets[at : at + 60]!r}, behind {self._octets[max(0, at - 200) : at]!r}"
        )

    def _take(self, octets: bytes) -> bool:
        if self._octets.startswith(octets, self._at):
            self._at += len(octets)
            return True
        return False

    def _expect(self, octets: bytes) -> None:
        if not self._take(octets):
            raise self._wrong(repr(octets))

    def _space(self) -> None:
        self._expect(b" ")

    def _end(self) -> None:
        self._expect(b"\r\n")

    def _match(self, pattern: re.Pattern[bytes], wanted: str) -> bytes:
        match = pattern.match(self._octets, self._at)
        if match is None:
            raise self._wrong(wanted)
        self._at = match.end()
        return match[0]

    def _atom(self) -> bytes:
        return self._match(_ATOM, "an atom")

    def _number(self) -> int:
        return int(self._match(_NUMBER, "a number"))

    def _nz_number(self) -> int:
        number = self._number()
        if not number:
            raise self._wrong("a number above 0")
        return number

    def _object_id(self) -> bytes:
        return self._match(_OBJECT_ID, "an object id")

    def _string(self, *, may_be_binary: bool = False) -> bytes:
        if self._octets[self._at : self._at + 1] == b'"':
            quoted = self._match(_QUOTED_UTF8 if self._is_utf8 else _QUOTED, "a quoted string")
            if self._is_utf8:
                quoted.decode()
            return re.sub(rb"\\(.)", rb"\1", quoted[1:-1])
        match = _LITERAL.match(self._octets, self._at)
        if match is None or (match[1] and not may_be_binary):
            raise self._wrong("a string")
        octets = self._octets[match.end() : match.end() + int(match[2])]
        if len(octets) < int(match[2]) or (b"\0" in octets and not match[1]):
            raise self._wrong("a whole literal without NUL")
        self._at = match.end() + int(match[2])
        return octets

    def _string_or_nil8(self) -> bytes | None:
        return None if self._take(b"NIL") else self._string(may_be_binary=True)

    def _nstring(self) -> bytes | None:
        return None if self._take(b"NIL") else self._string()

    def _astring(self, *, may_be_nil: bool = False) -> bytes:
        if self._octets[self._at : self._at + 1] in (b'"', b"{"):
            return self._string()
        atom = self._match(_ASTRING_ATOM, "an astring")
        if atom.upper() == b"NIL" and not may_be_nil:
            raise self._wrong("an astring that nobody takes for nil")
        return atom

    def _in_parentheses(self, read: Callable[[], Value]) -> list[Value]:
        self._expect(b"(")
        value = read()
        self._expect(b")")
        return [value]

    def _elements(self, read: Callable[[], Value], *, least: int = 1) -> list[Value]:
        """`(` element *(SP element) `)`."""
        self._expect(b"(")
        values: list[Value] = []
        while not (len(values) >= least and self._take(b")")):
            if values:
                self._space()
            values.append(read())
        return values

    def _flags(self) -> list[Value]:
        return self._elements(lambda: self._match(_FLAG, "a flag"), least=0)

    def _pair(self, first: Callable[[], Value], second: Callable[[], Value]) -> Value:
        value = first()
        self._space()
        return value, second()
