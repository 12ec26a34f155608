"""What a regular expression asks of the value of a header field, as the plainest match of Sieve that asks the same.

Sieve gives the value without the blanks around it (RFC 5228 §5.7), and its matches but `:contains` and `:regex` compare
it as a whole; procmail sees the line from the colon on, and finds what it looks for anywhere in it.
"""

import enum
from dataclasses import dataclass
from typing import Final

from angarium.sievetranslate.regex import (
    ANYTHING,
    AnyChar,
    Char,
    CharSet,
    Group,
    LineEnd,
    LineStart,
    MatchStart,
    Node,
    RegexRefused,
    Repeat,
    Sequence,
    TextEdge,
    WordEdge,
    posix_regex,
)

_MAX_KEYS: Final = 80
_MAX_SET: Final = 4
_BLANKS: Final = " \t"


class Match(enum.Enum):
    """How a key is compared."""

    EXISTS = "exists"
    IS = "is"
    CONTAINS = "contains"
    MATCHES = "matches"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class Key:
    """One key and how it is compared."""

    match: Match
    text: str = ""


def value_keys(nodes: Sequence, *, folds: bool) -> list[Key]:
    """Keys of which one must match; `folds` where upper and lower case are the same. RegexRefused."""
    keys: list[Key] = []
    for branch in _without_groups_in_front(nodes):
        keys += _keys_of(branch, folds=folds)
        if len(keys) > _MAX_KEYS:
            raise RegexRefused("it has too many alternatives")
    return list(dict.fromkeys(keys))


def captured_regex(nodes: Sequence) -> tuple[str, int]:
    """A regular expression, and which of its groups holds what procmail puts into `MATCH`. RegexRefused."""
    place = nodes.index(MatchStart())
    is_start, left = _without_head(nodes[:place])
    right = nodes[place + 1 :]
    if right and right[-1] == LineEnd():
        right = right[:-1]
    before = ("^" if is_start else "") + posix_regex(left)
    return f"{before}({posix_regex(right)})", _groups(left) + 1


def is_literal(nodes: Sequence) -> bool:
    """Whether it stands for one string alone."""
    return all(isinstance(node, Char) for node in nodes)


def literal(nodes: Sequence) -> str:
    """The string that it stands for."""
    return "".join([node.char for node in nodes if isinstance(node, Char)])


def trimmed(nodes: Sequence) -> Sequence:
    """Without what matches anything at either end, where it is looked for anywhere."""
    while nodes and nodes[0] == ANYTHING:
        nodes = nodes[1:]
    while nodes and nodes[-1] == ANYTHING:
        nodes = nodes[:-1]
    return nodes


def _keys_of(nodes: Sequence, *, folds: bool) -> list[Key]:
    is_start, nodes = _without_head(nodes)
    is_end, nodes = _without_tail(nodes)
    if any(isinstance(node, LineEnd | TextEdge) for node in nodes):
        raise RegexRefused("it looks across the end of a line")
    expanded = _expanded(nodes, folds=folds)
    if expanded is None:
        return [Key(Match.REGEX, ("^" if is_start else "") + posix_regex(nodes) + ("$" if is_end else ""))]
    return [_key(tokens, is_start=is_start, is_end=is_end) for tokens in expanded]


def _key(tokens: Sequence, *, is_start: bool, is_end: bool) -> Key:
    is_start = is_start and tokens[:1] != (ANYTHING,)
    is_end = is_end and tokens[-1:] != (ANYTHING,)
    tokens = trimmed(tokens)
    if not tokens:
        return Key(Match.IS) if is_start and is_end else Key(Match.EXISTS)
    if is_literal(tokens) and is_start is is_end:
        return Key(Match.IS if is_start else Match.CONTAINS, literal(tokens))
    pattern = "".join(map(_wildcard, tokens))
    return Key(Match.MATCHES, ("" if is_start else "*") + pattern + ("" if is_end else "*"))


def _wildcard(token: Node) -> str:
    if isinstance(token, Char):
        return f"\\{token.char}" if token.char in "*?\\" else token.char
    return "?" if isinstance(token, AnyChar) else "*"


def _without_groups_in_front(nodes: Sequence) -> list[Sequence]:
    """The alternatives of a group at the beginning or behind `.*`, each with what follows the group."""
    anything = nodes[:1] if nodes[:1] == (ANYTHING,) else ()
    rest = nodes[len(anything) :]
    if not rest or not isinstance(rest[0], Group):
        return [nodes]
    found: list[Sequence] = []
    for alternative in rest[0].alternatives:
        found += _without_groups_in_front(anything + alternative + rest[1:])
        if len(found) > _MAX_KEYS:
            raise RegexRefused("it has too many alternatives")
    return found


def _without_head(nodes: Sequence) -> tuple[bool, Sequence]:
    """Whether the value must begin with what is left; the blank behind the colon is gone."""
    if nodes and nodes[0] == LineStart():
        raise RegexRefused("it looks for the beginning of a line behind the name of a field")
    if nodes and _is_boundary(nodes[0]):
        # `(.*[^a-z])?word`, as in ^TO_: at the beginning, or behind such a character.
        if nodes[1:2] == (ANYTHING,):
            return False, _behind_anything(nodes[1:])
        return False, (_boundary(nodes[0]), *nodes[1:])
    is_optional = is_taken = False
    while nodes and _is_blank(nodes[0]):
        is_optional = is_optional or _is_optional(nodes[0])
        is_taken = is_taken or not _is_optional(nodes[0])
        nodes = nodes[1:]
    if nodes and nodes[0] == ANYTHING:
        return False, trimmed(nodes) if is_taken else _behind_anything(nodes)
    if is_taken or not nodes or not _takes_blank(nodes[0]):
        return True, nodes
    # What takes the blank, or the first character behind one that was taken already.
    first, rest = nodes[0], nodes[1:]
    if isinstance(first, Repeat):
        return True, (Repeat(first.node, "?" if first.operator == "?" else "*"), *rest)
    return True, (Repeat(first, "?"), *rest) if is_optional else rest


def _behind_anything(nodes: Sequence) -> Sequence:
    """What is found anywhere in a line, in whose value the blank behind the colon is missing."""
    while nodes and (nodes[0] == ANYTHING or _is_optional(nodes[0])):
        nodes = nodes[1:]
    if not nodes or not (_takes_blank(nodes[0]) or nodes[0] == Char(" ")):
        return nodes
    first, rest = nodes[0], nodes[1:]
    if isinstance(first, Repeat):
        rest = (Repeat(first.node, "*"), *rest)
        first = first.node
    if isinstance(first, AnyChar):
        return trimmed(rest)
    return (Group(((LineStart(),), (first,))), *rest)


def _is_optional(node: Node) -> bool:
    return isinstance(node, Repeat) and node.operator != "+"


def _takes_blank(node: Node) -> bool:
    inner = node.node if isinstance(node, Repeat) else node
    return isinstance(inner, AnyChar) or (isinstance(inner, CharSet) and inner.holds(" "))


def _without_tail(nodes: Sequence) -> tuple[bool, Sequence]:
    """Whether the value must end with what is left."""
    if nodes[-1:] != (LineEnd(),):
        return False, trimmed_end(nodes)
    nodes = nodes[:-1]
    while nodes and _is_blank(nodes[-1]):
        nodes = nodes[:-1]
    if nodes[-1:] == (ANYTHING,):
        return False, trimmed_end(nodes)
    return True, nodes


def trimmed_end(nodes: Sequence) -> Sequence:
    """Without what matches anything at the end."""
    while nodes and nodes[-1] == ANYTHING:
        nodes = nodes[:-1]
    return nodes


def _is_blank(node: Node) -> bool:
    match node:
        case Char(char):
            return char in _BLANKS
        case CharSet(ranges=ranges, negated=False):
            return all(low == high and low in _BLANKS for low, high in ranges)
        case Repeat(inner, _):
            return _is_blank(inner)
        case Group(alternatives):
            return all(len(each) == 1 and _is_blank(each[0]) for each in alternatives)
        case _:
            return False


def _is_boundary(node: Node) -> bool:
    match node:
        case Repeat(Group(alternatives=((Repeat(AnyChar(), "*"), CharSet(negated=True)),)), "?"):
            return True
        case _:
            return False


def _boundary(node: Node) -> Group:
    assert isinstance(node, Repeat)
    assert isinstance(node.node, Group)
    return Group(((LineStart(),), (node.node.alternatives[0][1],)))


def _groups(nodes: Sequence) -> int:
    """How many pairs of parentheses `posix_regex` writes."""
    count = 0
    for node in nodes:
        inner = node.node if isinstance(node, Repeat) else node
        if isinstance(inner, WordEdge):
            count += 1
        elif isinstance(inner, Group):
            count += 1 + sum(map(_groups, inner.alternatives))
    return count


# Finite alternatives


def _expanded(nodes: Sequence, *, folds: bool) -> list[Sequence] | None:
    """All that it stands for, of characters and wildcards alone; None where that is not so, or too much."""
    found: list[Sequence] = [()]
    for node in nodes:
        choices = _choices(node, folds=folds)
        if choices is None or len(found) * len(choices) > _MAX_KEYS:
            return None
        found = [before + choice for before in found for choice in choices]
    return found


def _choices(node: Node, *, folds: bool) -> list[Sequence] | None:
    match node:
        case Char() | AnyChar() | Repeat(AnyChar(), "*"):
            return [(node,)]
        case Repeat(AnyChar(), "+"):
            return [(AnyChar(), ANYTHING)]
        case CharSet(ranges=ranges, negated=False):
            return _set_choices(ranges, folds=folds)
        case Group(alternatives):
            found: list[Sequence] = []
            for alternative in alternatives:
                each = _expanded(alternative, folds=folds)
                if each is None:
                    return None
                found += each
            return found
        case Repeat(inner, "?"):
            once = _choices(inner, folds=folds)
            return None if once is None else [*once, ()]
        case _:
            return None


def _set_choices(ranges: tuple[tuple[str, str], ...], *, folds: bool) -> list[Sequence] | None:
    if sum(ord(high) - ord(low) + 1 for low, high in ranges) > 2 * _MAX_SET:
        return None
    chars = [chr(code) for low, high in ranges for code in range(ord(low), ord(high) + 1)]
    chars = list(dict.fromkeys([char.lower() if folds and char.isascii() else char for char in chars]))
    return [(Char(char),) for char in chars] if len(chars) <= _MAX_SET else None
