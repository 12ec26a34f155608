"""Extended regular expressions of POSIX (draft-murchison-sieve-regex §3), run in linear time by RE2.

RE2's own syntax is a wider one, and takes a backslash in brackets for an escape; so a pattern is read here, as POSIX
has it and no further, and written anew. What POSIX leaves undefined is refused, but for a backslash before
punctuation. With variables $0 is what matched, $1 and so on the groups: the leftmost match and the longest of these.
"""

import re
from dataclasses import dataclass

import re2

_MAX_MEMORY = 512 * 1024
"""Of a pattern and what is remembered of its searches."""
_MAX_CHARACTERS = 4096
_MAX_REPEATS = 255
"""RE_DUP_MAX."""

_SPECIAL = frozenset(".[]()*+?{}|^$\\")
_INTERVAL = re.compile(r"\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\}", re.ASCII)
_ITEM = re.compile(r"\[(?::(?P<name>[^:\]]*):|=(?P<equal>.[^=\]]*)=|\.(?P<symbol>.[^.\]]*)\.)\]", re.DOTALL)

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r"\x{9}\x{20}",
    "cntrl": r"\x{0}-\x{1f}\x{7f}",
    "digit": "0-9",
    "graph": r"\x{21}-\x{7e}",
    "lower": "a-z",
    "print": r"\x{20}-\x{7e}",
    "punct": r"\x{21}-\x{2f}\x{3a}-\x{40}\x{5b}-\x{60}\x{7b}-\x{7e}",
    "space": r"\x{9}-\x{d}\x{20}",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}

_SYMBOLS = {
    "NUL": "\0", "alert": "\a", "backspace": "\b", "tab": "\t", "newline": "\n", "vertical-tab": "\v",
    "form-feed": "\f", "carriage-return": "\r", "space": " ", "exclamation-mark": "!", "quotation-mark": '"',
    "number-sign": "#", "dollar-sign": "$", "percent-sign": "%", "ampersand": "&", "apostrophe": "'",
    "left-parenthesis": "(", "right-parenthesis": ")", "asterisk": "*", "plus-sign": "+", "comma": ",",
    "hyphen": "-", "hyphen-minus": "-", "period": ".", "full-stop": ".", "slash": "/", "solidus": "/", "zero": "0",
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "colon": ":", "semicolon": ";", "less-than-sign": "<", "equals-sign": "=",
    "greater-than-sign": ">", "question-mark": "?", "commercial-at": "@", "left-square-bracket": "[",
    "backslash": "\\", "reverse-solidus": "\\", "right-square-bracket": "]", "circumflex": "^",
    "circumflex-accent": "^", "underscore": "_", "low-line": "_", "grave-accent": "`", "left-brace": "{",
    "left-curly-bracket": "{", "vertical-line": "|", "right-brace": "}", "right-curly-bracket": "}", "tilde": "~",
}  # fmt: skip
"""Characters by the names that the portable character set of POSIX gives them, as `[.hyphen.]`."""

_HINTS = {
    "w": "[[:alnum:]_]",
    "W": "[^[:alnum:]_]",
    "d": "[[:digit:]]",
    "D": "[^[:digit:]]",
    "s": "[[:space:]]",
    "S": "[^[:space:]]",
}


class RegexInvalid(ValueError):
    """Not an extended regular expression; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Regex:
    """A pattern that is ready to search with."""

    _compiled: "re2._Regexp"
    size: int
    """Instructions of its program: what an octet costs in the worst case is in proportion."""

    def search(self, text: str) -> tuple[str, ...] | None:
        """The first match and its groups, empty where a group took no part; None where nothing matches. Lines end in
        LF or CRLF alike."""
        octets = text.encode("utf-8", "surrogateescape").replace(b"\r\n", b"\n")
        found = self._compiled.search(octets)
        if found is None:
            return None
        groups: tuple[bytes, ...] = (found.group(), *found.groups(default=b""))
        return tuple([group.decode("utf-8", "surrogateescape") for group in groups])


def compile_regex(pattern: str, *, fold_ascii: bool = False, fold_all: bool = False) -> Regex:
    """The regular expression of `pattern`, with the letters of ASCII or of all alphabets in any case; raises
    RegexInvalid."""
    if len(pattern) > _MAX_CHARACTERS:
        raise RegexInvalid(f"it has more than {_MAX_CHARACTERS} characters")
    options = re2.Options()
    options.posix_syntax = True
    options.longest_match = True
    options.case_sensitive = not fold_all
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        translated = _Translator(pattern, fold_ascii=fold_ascii).translate().encode()
    except UnicodeEncodeError as error:
        raise RegexInvalid("it is not UTF-8") from error
    try:
        compiled = re2.compile(translated, options)
    except re2.error as error:
        raise RegexInvalid(_reason(error)) from error
    return Regex(compiled, compiled.programsize)


def quote_regex(text: str) -> str:
    """The pattern that `text` alone matches."""
    return "".join([f"\\{char}" if char in _SPECIAL else char for char in text])


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else b""
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    if text.startswith("pattern too large"):
        return "it is too complicated"
    if text.startswith("missing )"):
        return 'a "(" is not closed'
    if text.startswith("unexpected )"):
        return 'a ")" has no "("'
    if text.startswith("no argument for repetition operator"):
        return f'there is nothing that "{text[-1]}" could repeat'
    return text


class _Translator:
    """Writes a pattern in the syntax of RE2."""

    __slots__ = ("_fold", "_offset", "_pattern")

    def __init__(self, pattern: str, *, fold_ascii: bool) -> None:
        self._pattern = pattern
        self._fold = fold_ascii
        self._offset = 0

    def translate(self) -> str:
        """The whole pattern."""
        pattern = self._pattern
        pieces: list[str] = []
        while self._offset < len(pattern):
            char = pattern[self._offset]
            self._offset += 1
            match char:
                case "\\":
                    pieces.append(self._escaped())
                case "[":
                    pieces.append(self._bracket())
                case "{":
                    pieces.append(self._interval())
                case "." | "^" | "$" | "(" | ")" | "|" | "*" | "+" | "?":
                    pieces.append(char)
                case _:
                    pieces.append(self._literal(char))
        return "".join(pieces)

    def _literal(self, char: str) -> str:
        if self._fold and char.isascii() and char.isalpha():
            return f"[{char.upper()}{char.lower()}]"
        return _code(char)

    def _escaped(self) -> str:
        if self._offset == len(self._pattern):
            raise RegexInvalid('there is nothing behind the last "\\"')
        char = self._pattern[self._offset]
        self._offset += 1
        if char.isascii() and char.isalnum():
            hint = f"; write {_HINTS[char]}" if char in _HINTS else ""
            raise RegexInvalid(f'"\\{char}" has no meaning{hint}')
        return _code(char)

    def _interval(self) -> str:
        interval = _INTERVAL.match(self._pattern, self._offset - 1)
        if interval is None:
            raise RegexInvalid('a "{" begins no count like {2}, {2,} or {2,5}; it is written "\\{" for itself')
        self._offset = interval.end()
        least, most = int(interval[1]), int(interval[3] or interval[1])
        if least > most:
            raise RegexInvalid(f"{interval[0]} counts downwards")
        if most > _MAX_REPEATS:
            raise RegexInvalid(f"{interval[0]} counts further than {_MAX_REPEATS}")
        return interval[0]

    def _bracket(self) -> str:
        """A bracket expression; `[` was read. `]` right behind it stands for itself, and a backslash everywhere."""
        negated = self._pattern.startswith("^", self._offset)
        self._offset += negated
        pieces: list[str] = []
        start = self._offset
        while True:
            if self._offset >= len(self._pattern):
                raise RegexInvalid('a "[" is not closed')
            if self._pattern[self._offset] == "]" and self._offset > start:
                self._offset += 1
                break
            pieces.append(self._bracket_item())
        return f"[{'^' if negated else ''}{''.join(pieces)}]"

    def _bracket_item(self) -> str:
        """A class, or a character, or a range of them."""
        first = self._bracket_element()
        if len(first) > 1:
            return self._class(first)
        pattern = self._pattern
        if not pattern.startswith("-", self._offset) or pattern.startswith("-]", self._offset):
            return self._range(first, first)
        self._offset += 1
        if self._offset >= len(pattern):
            raise RegexInvalid('a "[" is not closed')
        last = self._bracket_element()
        if len(last) > 1:
            raise RegexInvalid(f"[:{last}:] cannot end a range")
        if last < first:
            raise RegexInvalid(f"the range {first}-{last} goes downwards")
        return self._range(first, last)

    def _bracket_element(self) -> str:
        """One character, or the name of a class, which is longer."""
        item = _ITEM.match(self._pattern, self._offset)
        if item is None:
            self._offset += 1
            return self._pattern[self._offset - 1]
        self._offset = item.end()
        if item["name"] is not None:
            if item["name"] not in _CLASSES:
                raise RegexInvalid(f"there is no class [:{item['name']}:]")
            return item["name"]
        symbol = item["equal"] or item["symbol"]
        if len(symbol) > 1 and symbol not in _SYMBOLS:
            raise RegexInvalid(f"there is no character of the name {symbol}")
        return _SYMBOLS.get(symbol, symbol)

    def _class(self, name: str) -> str:
        return _CLASSES["alpha" if self._fold and name in ("lower", "upper") else name]

    def _range(self, first: str, last: str) -> str:
        """The range, and of the letters of ASCII in it also those in the other case."""
        pieces = [f"{_code(first)}-{_code(last)}"]
        if self._fold:
            for low, high, distance in (("A", "Z", 32), ("a", "z", -32)):
                low, high = max(first, low), min(last, high)
                if low <= high:
                    pieces.append(f"{_code(chr(ord(low) + distance))}-{_code(chr(ord(high) + distance))}")
        return "".join(pieces)


def _code(char: str) -> str:
    """A character that stands for itself, inside and outside of brackets."""
    if char.isascii() and char.isalnum():
        return char
    if "\ud800" <= char <= "\udfff":
        return char  # which cannot be encoded, and so is refused
    return rf"\x{{{ord(char):x}}}"
