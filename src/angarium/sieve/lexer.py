"""Tokens of a script (RFC 5228 §8.1)."""

import enum
import re
from collections.abc import Sequence
from typing import NamedTuple

from angarium.sieve.facts import Mistake, ScriptInvalid
from angarium.sieve.position import Position
from angarium.sieve.source import Source


class TokenKind(enum.Enum):
    """What a token is; separators are kinds of their own, by their character."""

    IDENTIFIER = "a name"
    TAG = "a tag"
    NUMBER = "a number"
    STRING = "a string"
    SEMICOLON = ";"
    COMMA = ","
    OPENING_BRACE = "{"
    CLOSING_BRACE = "}"
    OPENING_BRACKET = "["
    CLOSING_BRACKET = "]"
    OPENING_PARENTHESIS = "("
    CLOSING_PARENTHESIS = ")"
    END = "the end of the script"


class Token(NamedTuple):
    """One token and where it begins."""

    kind: TokenKind
    position: Position
    text: str = ""
    """Names and tags in lower case, tags without their colon; of a string its value."""
    number: int = 0
    spans_lines: bool = False
    """A quoted string that ends in another line, perhaps because a quote was forgotten."""


MAX_NUMBER = 2**63 - 1
"""RFC 5228 §2.4.1 asks for 2**31 - 1."""

_TOKEN = re.compile(
    r"((?:[ \t\n]++|#[^\n]*+)*+)"
    r"(?:(?P<comment>/\*)"
    r"|(?P<multiline>text:[ \t]*(?:#[^\n]*)?\n)"
    r"|(?P<name>[a-z_][a-z0-9_]*)"
    r"|:(?P<tag>[a-z_][a-z0-9_]*)"
    r"|(?P<digits>[0-9]+)(?P<quantifier>[a-z0-9_]*)"
    r'|"(?P<quoted>(?:[^"\\]++|\\.)*+)(?P<quote>")?'
    r"|(?P<separator>[;,{}\[\]()])"
    r"|(?P<end>\Z))",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_BLANK = re.compile(r"(?:[ \t\n]++|#[^\n]*+)*+")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_DOT_STUFFED = re.compile(r"^\.\.", re.MULTILINE)
_QUANTIFIERS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_SEPARATORS = {kind.value: kind for kind in TokenKind if len(kind.value) == 1}


def tokens_of(source: Source) -> list[Token]:
    """All tokens, an END behind them; raises ScriptInvalid at the first that is none."""
    text = source.text
    tokens: list[Token] = []
    add = tokens.append
    offset = 0
    line, line_start = 1, 0
    while True:
        match = _TOKEN.match(text, offset)
        if match is None:
            blank = _BLANK.match(text, offset)
            offset = blank.end() if blank else offset
            raise _invalid(source, offset, f"{_shown(text[offset])} has no meaning here{forgotten_quote(tokens)}")
        start = match.end(1)
        newline = text.rfind("\n", offset, start)
        if newline >= 0:
            line += text.count("\n", offset, start)
            line_start = newline + 1
        position = Position(line, start - line_start + 1)
        before, offset = start, match.end()
        match match.lastgroup:
            case "name":
                add(Token(TokenKind.IDENTIFIER, position, match["name"].lower()))
            case "quote":
                value = match["quoted"]
                if "\\" in value:
                    value = _ESCAPE.sub(r"\1", value)
                if "\n" in value:
                    add(Token(TokenKind.STRING, position, value.replace("\n", "\r\n"), spans_lines=True))
                else:
                    add(Token(TokenKind.STRING, position, value))
            case "separator":
                add(Token(_SEPARATORS[match["separator"]], position))
            case "tag":
                add(Token(TokenKind.TAG, position, match["tag"].lower()))
            case "quantifier":
                add(_number(source, start, match, position))
            case "multiline":
                value, offset = _read_multiline(source, start, offset)
                add(Token(TokenKind.STRING, position, value))
            case "comment":
                offset = text.find("*/", offset) + 2
                if offset < 2:
                    raise _invalid(source, start, 'a comment that begins here is not closed by "*/"')
            case "end":
                add(Token(TokenKind.END, position))
                return tokens
            case _:
                text = "a string that begins here is not closed by a double quote"
                raise _invalid(source, start, text + forgotten_quote(tokens))
        newline = text.rfind("\n", before, offset)
        if newline >= 0:
            line += text.count("\n", before, offset)
            line_start = newline + 1


def forgotten_quote(tokens: Sequence[Token]) -> str:
    """A hint at the last string that goes over several lines, to be put behind a message; or nothing."""
    suspect = next((token for token in reversed(tokens) if token.spans_lines), None)
    return "" if suspect is None else over_several_lines(suspect.position)


def over_several_lines(position: Position) -> str:
    """The hint at one string."""
    return f" (the string at {position} goes over several lines: is its end meant?)"


def _number(source: Source, start: int, match: re.Match[str], position: Position) -> Token:
    digits, quantifier = match["digits"], match["quantifier"].lower()
    factor = _QUANTIFIERS.get(quantifier)
    if factor is None:
        raise _invalid(source, start, f"a number can end in K, M or G, but not in {_shown(match['quantifier'])}")
    number = int(digits) * factor if len(digits) <= len(str(MAX_NUMBER)) else MAX_NUMBER + 1
    if number > MAX_NUMBER:
        raise _invalid(source, start, f"a number can be {MAX_NUMBER} at most")
    return Token(TokenKind.NUMBER, position, number=number)


def _read_multiline(source: Source, start: int, offset: int) -> tuple[str, int]:
    """The value of the text that follows the line of `text:`, and where it ends."""
    text = source.text
    if text.startswith(".\n", offset) or text[offset:] == ".":
        return "", min(offset + 2, len(text))
    end = text.find("\n.\n", offset)
    if end < 0 and text.endswith("\n."):
        end = max(len(text) - 2, offset - 1)
    if end < 0:
        raise _invalid(source, start, 'a text that begins here is not closed by a line with a "." alone')
    value = _DOT_STUFFED.sub(".", text[offset : end + 1])
    return value.replace("\n", "\r\n"), min(end + 3, len(text))


def _invalid(source: Source, offset: int, text: str) -> ScriptInvalid:
    return ScriptInvalid((Mistake(source.position(offset), text),))


def _shown(char: str) -> str:
    return f'"{char[:20]}"' if char.isprintable() else "U+" + format(ord(char[0]), "04X")
