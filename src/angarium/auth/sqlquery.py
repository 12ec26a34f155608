"""The queries of the configuration, with the placeholders of Cyrus SASL: what stands for a value becomes a parameter.

`%u` is the user without a domain, `%r` her domain, or the server's name where she has none, and `%p` the property that
is looked for, `userPassword`. A literal with placeholders in it, as `'%u@%r'`, is one parameter as a whole. So nothing
that a client says is ever read as SQL.
"""

from dataclasses import dataclass
from typing import Final

PROPERTY: Final = "userPassword"
_VALUES: Final = frozenset("ur")


@dataclass(frozen=True, slots=True)
class SqlQuery:
    """A query for a driver, and what its parameters are made of, in their order."""

    text: str
    templates: tuple[str, ...]

    def parameters(self, user: str, realm: str) -> tuple[str, ...]:
        """The values for one user."""
        return tuple([_fill(template, user, realm) for template in self.templates])


def parse_query(text: str, *, marker: str, string_quotes: str = "'", backslash_escapes: bool = False) -> SqlQuery:
    """`marker` is the driver's sign of a parameter; where it begins with a percent sign, those of the text are doubled.

    ValueError for a placeholder where no value can stand.
    """
    doubled = marker.startswith("%")
    pieces: list[str] = []
    templates: list[str] = []

    def keep(piece: str) -> None:
        pieces.append(piece.replace("%", "%%") if doubled else piece)

    def bind(template: str) -> None:
        pieces.append(marker)
        templates.append(template)

    place = 0
    while place < len(text):
        character = text[place]
        if character in "'\"`":
            end = _end_of_quoted(text, place, backslash_escapes=backslash_escapes and character in string_quotes)
            quoted = text[place:end]
            inner = quoted[1:-1]
            if not _has_value(inner):
                keep(_fill(quoted, "", ""))
            elif character not in string_quotes:
                raise ValueError(f"a placeholder stands in a name: {quoted}")
            elif backslash_escapes and "\\" in inner:
                raise ValueError(f"a placeholder stands beside a backslash: {quoted}")
            else:
                bind(inner.replace(2 * character, character))
            place = end
        elif character == "%" and text[place + 1 : place + 2] in _VALUES:
            bind(text[place : place + 2])
            place += 2
        elif character == "%" and text[place + 1 : place + 2] in ("p", "%"):
            keep(_fill(text[place : place + 2], "", ""))
            place += 2
        else:
            keep(character)
            place += 1
    return SqlQuery("".join(pieces), tuple(templates))


def _end_of_quoted(text: str, start: int, *, backslash_escapes: bool) -> int:
    """Behind the quote that ends it. A doubled one stands for itself."""
    quote, place = text[start], start + 1
    while place < len(text):
        if text[place] == "\\" and backslash_escapes:
            place += 2
        elif text[place] != quote:
            place += 1
        elif text[place + 1 : place + 2] == quote:
            place += 2
        else:
            return place + 1
    raise ValueError("a quote is never closed")


def _has_value(text: str) -> bool:
    place = text.find("%")
    while 0 <= place < len(text) - 1:
        if text[place + 1] in _VALUES:
            return True
        place = text.find("%", place + 2)
    return False


def _fill(template: str, user: str, realm: str) -> str:
    """In one pass, so that a value with a percent sign stays as it is; other letters behind one stay, too."""
    values = {"u": user, "r": realm, "p": PROPERTY, "%": "%"}
    filled, place = [], 0
    while place < len(template):
        letter = template[place + 1 : place + 2] if template[place] == "%" else ""
        if letter in values:
            filled.append(values[letter])
            place += 2
        else:
            filled.append(template[place])
            place += 1
    return "".join(filled)
