"""Quoting for regular expressions, beside the modifiers that `set` is tested with."""

from collections.abc import Callable
from typing import Protocol

import pytest


class Decide(Protocol):
    def __call__(self, text: str) -> list[str]: ...


@pytest.mark.parametrize(
    ("modifiers", "text", "value"),
    [
        (":quoteregex", "a.b*(c)[d]{e}", r"a\.b\*\(c\)\[d\]\{e\}"),
        (":quoteregex", "^a|b$?+", r"\^a\|b\$\?\+"),
        (":quoteregex :upper", "a.b", r"A\.B"),
        (":length :quoteregex", "a.b", "4"),
    ],
)
def test_a_text_is_quoted_for_regular_expressions(decide: Decide, modifiers: str, text: str, value: str) -> None:
    script = f'require ["variables", "regex", "fileinto"]; set {modifiers} "a" "{text}"; fileinto "${{a}}";'
    assert decide(script) == [f"fileinto {value}"]


def test_one_quoting_is_enough(mistakes: Callable[[str], list[str]]) -> None:
    (mistake,) = mistakes('require ["variables", "regex"]; set :quotewildcard :quoteregex "a" "b";')
    assert "cannot be given together" in mistake
    (mistake,) = mistakes('require "variables"; set :quoteregex "a" "b";')
    assert '":quoteregex" needs' in mistake
