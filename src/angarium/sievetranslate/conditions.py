"""Conditions of a recipe, as tests."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from angarium.sievetranslate.headertests import Translated, body_test, header_test
from angarium.sievetranslate.programs import FindsDuplicates, program_of
from angarium.sievetranslate.recipes import Line
from angarium.sievetranslate.regex import RegexRefused
from angarium.sievetranslate.shellwords import ValueUnknown, Variables, split_words
from angarium.sievetranslate.sievetext import Leaf, Not, Test, any_of

_SIZE: Final = re.compile(r"([<>])\s*([0-9]{1,15})")
_WEIGHT: Final = re.compile(r"-?[0-9.]+\^-?[0-9.]+")
_OTHER_TEXT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\?\?\s*(.*)", re.DOTALL)
_AREAS: Final = {"H": "H", "B": "B", "HB": "HB", "BH": "HB"}


class NotTranslatable(Exception):
    """What Sieve has nothing for; `str()` says why."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(slots=True)
class Conditions:
    """All that a recipe asks."""

    tests: list[Test] = field(default_factory=list)
    requires: set[str] = field(default_factory=set)
    remarks: list[tuple[int, str]] = field(default_factory=list)
    capture: int | None = None
    """The match variable that has what `MATCH` gets; its test is the last of all."""


def translate_conditions(lines: Iterable[Line], flags: str, variables: Variables) -> Conditions:
    """The tests of a recipe, all of which must be true. NotTranslatable."""
    found = Conditions()
    last: list[Test] = []
    for line in lines:
        try:
            each = _condition(line.text, flags, variables)
        except (RegexRefused, ValueUnknown, NotTranslatable) as refused:
            raise NotTranslatable(f"{refused}, in the condition {_shown(line.text)}", line.number) from refused
        found.requires |= each.requires
        found.remarks += [(line.number, remark) for remark in each.remarks]
        if each.capture is not None:
            if found.capture is not None:
                raise NotTranslatable('"\\/" stands in two conditions', line.number)
            found.capture = each.capture
        if each.test is not None:
            (found.tests if each.capture is None else last).append(each.test)
    found.tests += last
    return found


def _condition(text: str, flags: str, variables: Variables) -> Translated:
    is_negated = False
    while text[:1] in ("!", "$"):
        if text[0] == "!":
            is_negated = not is_negated
            text = text[1:].lstrip()
        else:
            text = variables.substituted(text[1:].lstrip())
    found = _plain(text, flags, variables)
    if is_negated:
        if found.capture is not None:
            raise NotTranslatable('"\\/" stands behind "!"')
        found.test = Leaf("false") if found.test is None else Not(found.test)
    return found


def _plain(text: str, flags: str, variables: Variables) -> Translated:
    """A condition without what stands before it."""
    if _WEIGHT.match(text):
        raise NotTranslatable("Sieve has no scores")
    if text.startswith("?"):
        return _program(text[1:], variables)
    size = _SIZE.fullmatch(text)
    if size is not None:
        return Translated(Leaf(f"size {':over' if size[1] == '>' else ':under'} {size[2]}"))
    if text.startswith(("<", ">")):
        raise NotTranslatable("this is no size")
    area = "".join([flag for flag in "HB" if flag in flags]) or "H"
    other = _OTHER_TEXT.fullmatch(text)
    if other is not None:
        if other[1] not in _AREAS:
            raise NotTranslatable(f"Sieve does not look at the variable {other[1]}")
        area, text = _AREAS[other[1]], other[2]
        if text.startswith(("<", ">")):
            raise NotTranslatable("Sieve knows the size of the whole message alone")
    return _pattern(text, area, folds="D" not in flags)


def _program(command: str, variables: Variables) -> Translated:
    if isinstance(program_of(split_words(command, variables), command.strip()), FindsDuplicates):
        return Translated(Leaf("duplicate"), {"duplicate"})
    raise NotTranslatable("Sieve runs no programs")


def _pattern(text: str, area: str, *, folds: bool) -> Translated:
    if area == "H":
        return header_test(text, folds=folds)
    body = body_test(text, folds=folds)
    if area == "B" or body.test is None:
        return body
    try:
        header = header_test(text, folds=folds)
    except RegexRefused as refused:
        body.remarks.append(f"the body alone is looked at, and not the header: {refused}")
        return body
    assert header.test is not None, "what is always true of the header is so of the body"
    if header.capture is not None:
        raise NotTranslatable('"\\/" is looked for in the body, too')
    header.test = any_of([header.test, body.test])
    header.requires |= body.requires
    return header


def _shown(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
