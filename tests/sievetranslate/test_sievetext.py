import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sieve import parse_script
from angarium.sieve.lexer import TokenKind, tokens_of
from angarium.sieve.source import Source
from angarium.sievetranslate.sievetext import (
    AllOf,
    AnyOf,
    Command,
    Comment,
    Conditional,
    Leaf,
    Not,
    laid_out,
    multiline,
    quoted,
    script_text,
)


def strings_of(script: str) -> list[str]:
    return [token.text for token in tokens_of(Source(script.encode())) if token.kind is TokenKind.STRING]


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=30)


@given(TEXTS)
def test_a_string_is_read_as_it_was(text: str) -> None:
    (found,) = strings_of(f"{quoted(text)};")
    assert found.replace("\r\n", "\n") == text


@given(TEXTS)
def test_a_string_of_lines_is_read_as_it_was(text: str) -> None:
    (found,) = strings_of(f"{multiline(text)};")
    assert found.replace("\r\n", "\n") == f"{text}\n"


@given(TEXTS)
def test_a_comment_is_never_a_command(text: str) -> None:
    script = parse_script("\n".join(laid_out([Comment(text)])).encode())
    assert script.block == ()


@pytest.mark.parametrize("count", [1, 3, 40])
def test_long_tests_are_broken_and_still_the_same(count: int) -> None:
    names = tuple(f"X-Field-{number}" for number in range(count))
    leaf = Leaf("header :contains", (names, ("a", "b")))
    test = AllOf((AnyOf((leaf, Not(leaf))), Not(AnyOf((leaf, leaf)))))
    text = script_text("Title", ["fileinto"], [Conditional([(test, [Command('fileinto "x"')]), (None, [])])])
    assert all(len(line) <= 100 for line in text.splitlines())
    assert strings_of(text) == ["fileinto", *([*names, "a", "b"] * 4), "x"]
    parse_script(text.encode())


def test_a_script_begins_with_what_it_requires() -> None:
    assert script_text("Title", ["b", "a", "a"], [Command("keep")]) == '# Title\n\nrequire ["a", "b"];\n\nkeep;\n'
    assert script_text("Title", [], []) == "# Title\n"
