"""Words and variables, as procmail takes them from the shell."""

import re
from collections.abc import Mapping
from typing import Final

_REFERENCE: Final = re.compile(
    r"\$(?:(\\?)([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-=]([^{}]*))?\}|([0-9#@?!=$_-]))"
)
_MAX_CHARACTERS: Final = 16_384
_MAX_DEPTH: Final = 10


class ValueUnknown(ValueError):
    """What depends on something that only procmail would know; `str()` says on what."""


class Variables:
    """What is known of variables at one place of a file."""

    def __init__(self, values: Mapping[str, str | None]) -> None:
        self._values = dict(values)

    @property
    def values(self) -> Mapping[str, str | None]:
        return self._values

    def copy(self) -> "Variables":
        return Variables(self._values)

    def names_changed_since(self, earlier: "Variables") -> set[str]:
        """Names whose values are other ones."""
        names = self._values.keys() | earlier.values.keys()
        return {name for name in names if self._values.get(name) != earlier.values.get(name)}

    def assign(self, name: str, value: str | None) -> None:
        """None: nobody knows from here on."""
        self._values[name] = value

    def forget(self, names: set[str]) -> None:
        """Nobody knows what these are from here on."""
        for name in names:
            self._values[name] = None

    def get(self, name: str) -> str | None:
        """None where it is not known."""
        return self._values.get(name)

    def substituted(self, text: str, *, depth: int = 0) -> str:
        """A text with the values of the variables in it. ValueUnknown."""
        if "`" in text:
            raise ValueUnknown("it holds the output of a command")
        if depth > _MAX_DEPTH:
            raise ValueUnknown("defaults of variables are nested too deeply")

        def value(found: re.Match[str]) -> str:
            name = found[2] or found[3]
            if name is None:
                raise ValueUnknown(f"nobody knows ${found[5]} here")
            known = self._values.get(name)
            if known is not None:
                return re.escape(known) if found[1] else known
            if found[4] is not None and name not in self._values:
                return self.substituted(found[4], depth=depth + 1)
            raise ValueUnknown(f"nobody knows the variable {name} here")

        result = _REFERENCE.sub(value, text)
        if len(result) > _MAX_CHARACTERS:
            raise ValueUnknown("with its variables it is too long")
        return result


def split_words(text: str, variables: Variables) -> list[str]:
    """The words of a command, without quotes and remarks, and with the values of variables. ValueUnknown."""
    words: list[str] = []
    word: str | None = None
    at = 0
    while at < len(text):
        char = text[at]
        if char in " \t\n":
            if word is not None:
                words.append(word)
            word = None
            at += 1
            continue
        if char == "#" and word is None:
            at = text.find("\n", at)
            if at < 0:
                break
            continue
        word = "" if word is None else word
        piece, at = _piece(text, at, variables)
        word += piece
    return words if word is None else [*words, word]


def _piece(text: str, at: int, variables: Variables) -> tuple[str, int]:
    """What stands at a place outside of quotes, and where it ends."""
    char = text[at]
    match char:
        case "'" | '"':
            end = _closing(text, at + 1, char)
            inner = text[at + 1 : end]
            if char == '"':
                inner = variables.substituted(re.sub(r'\\(["\\])', r"\1", inner))
            return inner, end + 1
        case "\\":
            return text[at + 1 : at + 2], at + 2
        case "`":
            raise ValueUnknown("it holds the output of a command")
        case _:
            end = at + 1
            while end < len(text) and text[end] not in " \t\n'\"\\`":
                end += 1
            return variables.substituted(text[at:end]), end


def _closing(text: str, at: int, quote: str) -> int:
    while at < len(text) and text[at] != quote:
        at += 2 if text[at] == "\\" and quote == '"' else 1
    if at >= len(text):
        raise ValueUnknown(f"a {quote} is not closed")
    return at
