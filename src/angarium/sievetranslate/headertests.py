"""Conditions of procmail on the header and on the body, as tests of Sieve."""

import re
from dataclasses import dataclass, field
from typing import Final

from angarium.sievetranslate.regex import (
    ANYTHING,
    AnyChar,
    Char,
    CharSet,
    Group,
    LineStart,
    MatchStart,
    RegexRefused,
    Repeat,
    Sequence,
    parse_regex,
    posix_regex,
)
from angarium.sievetranslate.sievetext import Leaf, Test, any_of
from angarium.sievetranslate.valuekeys import Key, Match, captured_regex, is_literal, literal, trimmed, value_keys

_MAX_NAMES: Final = 64
_MAX_SET: Final = 8
_FIELD_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,70}")

_TO_FIELDS: Final = "^((Original-)?(Resent-)?(To|Cc|Bcc)|(X-Envelope|Apparently(-Resent)?)-To):"
_DAEMON_FIELDS: Final = "(((Resent-)?(From|Sender)|X-Envelope-From):|>?From )"
_DAEMON_END: Final = "(([^).!:a-z0-9][-_a-z0-9]*)?[%@>\t ][^<)]*(\\(.*\\).*)?)?"

# As procmailrc(5) has them, but for what they ask of the line behind the one that they match.
_MACROS: Final = {
    "^TO_": rf"({_TO_FIELDS}(.*[^-a-zA-Z0-9_.])?)",
    "^TO": rf"({_TO_FIELDS}(.*[^a-zA-Z])?)",
    "^FROM_DAEMON": rf"(^(Mailing-List:|Precedence:.*(junk|bulk|list)|To: Multiple recipients of |{_DAEMON_FIELDS}"
    r"([^>]*[^(.%@a-z0-9])?(Post(ma?(st(e?r)?|n)|office)|(send)?Mail(er)?|daemon|m(mdf|ajordomo)|n?uucp|"
    r"LIST(SERV|proc)|NETSERV|o(wner|ps)|r(e(quest|sponse)|oot)|b(ounce|bs\.smtp)|echo|mirror|"
    r"s(erv(ices?|er)|mtp(error)?|ystem)|A(dmin(istrator)?|MMGR|utoanswer))" + _DAEMON_END + "$))",
    "^FROM_MAILER": rf"(^{_DAEMON_FIELDS}"
    r"([^>]*[^(.%@a-z0-9])?(Post(ma(st(er)?|n)|office)|(send)?Mail(er)?|daemon|mmdf|n?uucp|ops|r(esponse|oot)|"
    r"(bbs\.)?smtp(error)?|s(erv(ices?|er)|ystem)|A(dmin(istrator)?|MMGR))" + _DAEMON_END + "$)",
}
_MACRO: Final = re.compile(r"\^(?:TO_|TO|FROM_DAEMON|FROM_MAILER)")
_DAEMONS: Final = frozenset({"^FROM_DAEMON", "^FROM_MAILER"})

_ALWAYS: Final = frozenset({"", "^", ".", ".*", "^.", "^.*"})

_COMMON_FIELDS: Final = frozenset({
    "apparently-to", "bcc", "cc", "content-type", "date", "delivered-to", "errors-to", "from", "list-id", "list-post",
    "list-unsubscribe", "mailing-list", "message-id", "organization", "precedence", "received", "reply-to", "resent-cc",
    "resent-from", "resent-sender", "resent-to", "return-path", "sender", "subject", "to", "user-agent",
    "x-been-there", "x-loop", "x-mailer", "x-mailing-list", "x-original-to", "x-spam-flag", "x-spam-level",
    "x-spam-score", "x-spam-status",
})  # fmt: skip
"""Names that are whole, where a pattern goes on with anything before any colon."""


@dataclass(slots=True)
class Translated:
    """A condition as a test."""

    test: Test | None
    """None: it is always true."""
    requires: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    """What is not quite the same."""
    capture: int | None = None
    """The match variable that has what procmail puts into `MATCH`."""


@dataclass(frozen=True, slots=True)
class _Branch:
    """A field, and what its line has behind its name."""

    name: str
    """Empty: the envelope's sender, from the line that begins with `From `."""
    rest: Sequence


def header_test(pattern: str, *, folds: bool) -> Translated:
    """A condition on the header. RegexRefused."""
    found = Translated(None)
    if pattern in _ALWAYS:
        return found
    tests: list[Test] = []
    for names, rest in _by_rest(_Fields(found).branches(_with_macros(pattern))):
        tests += _rest_tests(names, rest, found, folds=folds)
    if pattern in _DAEMONS:
        # A bounce's line has MAILER-DAEMON; its envelope has nothing.
        tests.append(Leaf("envelope :is", (("from",), ("",))))
    if found.capture is not None and len(tests) > 1:
        raise RegexRefused('"\\/" stands in one of several alternatives')
    found.test = any_of(tests)
    return found


def body_test(pattern: str, *, folds: bool) -> Translated:
    """A condition on the body. RegexRefused."""
    found = Translated(None, {"body"})
    if pattern in _ALWAYS:
        return Translated(None)
    literals: list[str] = []
    expressions: list[str] = []
    for alternative in parse_regex(pattern):
        nodes = trimmed(alternative)
        if is_literal(nodes) and nodes:
            literals.append(literal(nodes))
        else:
            expressions.append(posix_regex(nodes))
    comparator = "" if folds else ' :comparator "i;octet"'
    tests: list[Test] = []
    if literals:
        tests.append(Leaf(f"body :raw :contains{comparator}", (tuple(literals),)))
    if expressions:
        found.requires.add("regex")
        tests.append(Leaf(f"body :raw :regex{comparator}", (tuple(expressions),)))
    found.test = any_of(tests)
    return found


def _with_macros(pattern: str) -> str:
    return _MACRO.sub(lambda found: _MACROS[found[0]], pattern)


def _by_rest(branches: list[_Branch]) -> list[tuple[list[str], Sequence]]:
    """Fields of which the same is asked together."""
    grouped: dict[Sequence, dict[str, str]] = {}
    for branch in branches:
        grouped.setdefault(branch.rest, {}).setdefault(branch.name.lower(), branch.name)
    return [(list(names.values()), rest) for rest, names in grouped.items()]


def _rest_tests(names: list[str], rest: Sequence, found: Translated, *, folds: bool) -> list[Test]:
    comparator = "" if folds else ' :comparator "i;octet"'
    fields = tuple(name for name in names if name)
    if MatchStart() in rest:
        if len(fields) < len(names):
            raise RegexRefused('"\\/" stands in what is asked of the line that begins with "From "')
        expression, found.capture = captured_regex(rest)
        found.requires |= {"regex", "variables"}
        return [Leaf(f"header :regex{comparator}", (fields, (expression,)))]
    keys = value_keys(rest, folds=folds)
    tests: list[Test] = []
    if fields:
        tests += _tests_of(keys, "header", fields, comparator, found)
    if len(fields) < len(names):
        # Behind the address stands a date, so its end is the end of nothing there.
        found.requires.add("envelope")
        tests += _tests_of(_of_envelope(rest, keys, folds=folds), "envelope", ("from",), comparator, found)
    return tests


def _of_envelope(rest: Sequence, keys: list[Key], *, folds: bool) -> list[Key]:
    if rest[-1:] == (Char(" "),):
        return value_keys((*rest[:-1], *parse_regex("$")[0]), folds=folds)
    return keys


def _tests_of(keys: list[Key], test: str, names: tuple[str, ...], comparator: str, found: Translated) -> list[Test]:
    tests: list[Test] = []
    for match in Match:
        texts = tuple(key.text for key in keys if key.match is match)
        if not texts:
            continue
        if match is Match.REGEX:
            found.requires.add("regex")
        if match is not Match.EXISTS:
            tests.append(Leaf(f"{test} :{match.value}{comparator}", (names, texts)))
        elif len(names) == 1 and test == "header":
            tests.append(Leaf("exists", (names,)))
        else:
            tests.append(Leaf(f"{test} :matches", (names, ("*",))))
    return tests


class _Fields:
    """Finds the names of the fields at the beginning of a pattern."""

    def __init__(self, found: Translated) -> None:
        self._found = found
        self._branches: list[_Branch] = []

    def branches(self, pattern: str) -> list[_Branch]:
        """RegexRefused."""
        waiting = [("", False, alternative) for alternative in reversed(parse_regex(pattern))]
        steps = 0
        while waiting:
            steps += 1
            if len(waiting) + len(self._branches) > _MAX_NAMES or steps > 100 * _MAX_NAMES:
                raise RegexRefused("it has too many alternatives")
            waiting += reversed(self._step(*waiting.pop()))
        return self._branches

    def _step(self, prefix: str, is_start: bool, nodes: Sequence) -> list[tuple[str, bool, Sequence]]:
        """Takes one node from the front; what is to be gone on with."""
        node, rest = nodes[0] if nodes else None, nodes[1:]
        match node:
            case LineStart() if not prefix:
                return [(prefix, True, rest)]
            case Char(char):
                return self._char(prefix, is_start, char, rest)
            case CharSet(ranges=ranges, negated=False) if prefix or is_start:
                chars = _chars(ranges)
                return [(prefix, is_start, (Char(char), *rest)) for char in chars]
            case Group(alternatives):
                return [(prefix, is_start, alternative + rest) for alternative in alternatives]
            case Repeat(Group() | Char() as inner, "?") if prefix or is_start or isinstance(inner, Group):
                return [(prefix, is_start, (inner, *rest)), (prefix, is_start, rest)]
            case Repeat(AnyChar(), "*" | "+") | AnyChar() if prefix:
                self._open_name(prefix, (ANYTHING, *rest))
                return []
            case MatchStart():
                raise RegexRefused('"\\/" stands before the name of the field')
            case _:
                raise _nameless(prefix)

    def _char(self, prefix: str, is_start: bool, char: str, rest: Sequence) -> list[tuple[str, bool, Sequence]]:
        if char == ":":
            self._add(prefix, rest, is_start=is_start)
            return []
        if char == " " and prefix.lower() in ("from", ">from"):
            self._branches.append(_Branch("", rest))
            return []
        return [(prefix + char, is_start, rest)]

    def _add(self, name: str, rest: Sequence, *, is_start: bool) -> None:
        if not _FIELD_NAME.fullmatch(name):
            raise _nameless(name)
        if not is_start:
            self._remark(f'"{name}:" was looked for anywhere in the header, and is now the name of the field')
        self._branches.append(_Branch(name, rest))

    def _open_name(self, prefix: str, rest: Sequence) -> None:
        """`^Subject.*x` means the fields whose names begin so."""
        if prefix.lower() not in _COMMON_FIELDS:
            raise _nameless(prefix)
        self._branches.append(_Branch(prefix, rest))
        if prefix.lower() == "from":
            self._branches.append(_Branch("", rest))
        else:
            self._remark(f'of fields whose names begin with "{prefix}", "{prefix}" alone is looked at')

    def _remark(self, text: str) -> None:
        if text not in self._found.remarks:
            self._found.remarks.append(text)


def _nameless(prefix: str) -> RegexRefused:
    if prefix:
        return RegexRefused(f'Sieve has to know the name of the field, and "{prefix}" is none that ends in a colon')
    return RegexRefused("it looks at the whole header, and Sieve has to know the name of the field")


def _chars(ranges: tuple[tuple[str, str], ...]) -> list[str]:
    if sum(ord(high) - ord(low) + 1 for low, high in ranges) > _MAX_SET:
        raise RegexRefused("it has too many alternatives")
    chars = [chr(code) for low, high in ranges for code in range(ord(low), ord(high) + 1)]
    # Names of fields are the same in either case.
    return list(dict.fromkeys([char.lower() for char in chars]))
