"""Tokens (RFC 5228 §8.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sieve import ScriptInvalid
from angarium.sieve.lexer import MAX_NUMBER, TokenKind, tokens_of
from angarium.sieve.source import Source


def kinds(text: str) -> list[TokenKind]:
    return [token.kind for token in tokens_of(Source(text.encode()))]


def only(text: str) -> tuple[TokenKind, str, int]:
    token, end = tokens_of(Source(text.encode()))
    assert end.kind is TokenKind.END
    return token.kind, token.text, token.number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"plain"', "plain"),
        ('""', ""),
        (r'"a \"quoted\" word"', 'a "quoted" word'),
        (r'"back\\slash"', r"back\slash"),
        (r'"\a\b"', "ab"),  # what has no meaning stands without its backslash (RFC 5228 §2.4.2)
        ('"two\r\nlines"', "two\r\nlines"),
        ('"two\nlines"', "two\r\nlines"),  # as files of this system have them
        ('"tab\there"', "tab\there"),
        ('"grüße"', "grüße"),
        ("text:\r\nHello\r\nyou\r\n.\r\n", "Hello\r\nyou\r\n"),
        ("text:\nHello\n.\n", "Hello\r\n"),
        ("text: # a comment\nHello\n.\n", "Hello\r\n"),
        ("TEXT: \t\nHello\n.\n", "Hello\r\n"),
        ("text:\n.\n", ""),
        ("text:\n..\n..x\n.y\n.\n", ".\r\n.x\r\n.y\r\n"),
        ("text:\nno end of line\n.", "no end of line\r\n"),
        ("text:\n# no comment\n/* none */\n.\n", "# no comment\r\n/* none */\r\n"),
    ],
)
def test_strings(text: str, value: str) -> None:
    assert only(text) == (TokenKind.STRING, value, 0)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("100", 100),
        ("1K", 1024),
        ("2k", 2048),
        ("3M", 3 << 20),
        ("4g", 4 << 30),
        ("2147483647", 2147483647),
        (str(MAX_NUMBER), MAX_NUMBER),
    ],
)
def test_numbers(text: str, number: int) -> None:
    assert only(text) == (TokenKind.NUMBER, "", number)


def test_names_and_tags_are_equal_in_any_case() -> None:
    assert only("FileInto") == (TokenKind.IDENTIFIER, "fileinto", 0)
    assert only(":Contains") == (TokenKind.TAG, "contains", 0)
    assert only("_a1") == (TokenKind.IDENTIFIER, "_a1", 0)


def test_comments_separate_tokens_as_blanks_do() -> None:
    text = "keep/* a\n* comment **/;# another ; keep\n\tstop ; #"
    assert kinds(text) == [
        TokenKind.IDENTIFIER,
        TokenKind.SEMICOLON,
        TokenKind.IDENTIFIER,
        TokenKind.SEMICOLON,
        TokenKind.END,
    ]


def test_positions_count_lines_and_characters() -> None:
    tokens = tokens_of(Source('keep;\r\n"é" /* \n */ stop\n;'.encode()))
    assert [tuple(token.position) for token in tokens] == [(1, 1), (1, 5), (2, 1), (3, 5), (4, 1), (4, 2)]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert kinds("\ufeffkeep;") == [TokenKind.IDENTIFIER, TokenKind.SEMICOLON, TokenKind.END]


@pytest.mark.parametrize(
    ("octets", "mistake"),
    [
        (b'keep;\n"abc', "line 2, column 1: a string that begins here is not closed by a double quote"),
        (b'"abc\\"', "line 1, column 1: a string that begins here is not closed by a double quote"),
        (b"/* abc", 'line 1, column 1: a comment that begins here is not closed by "*/"'),
        (b"text:\nabc\n..\n", 'line 1, column 1: a text that begins here is not closed by a line with a "." alone'),
        (b"text:\n", 'line 1, column 1: a text that begins here is not closed by a line with a "." alone'),
        (b"keep\n  !;", 'line 2, column 3: "!" has no meaning here'),
        (b": keep", 'line 1, column 1: ":" has no meaning here'),
        (b"keep \x0b;", "line 1, column 6: U+000B has no meaning here"),
        (b"size :over 100KB", 'line 1, column 12: a number can end in K, M or G, but not in "KB"'),
        (b"9223372036854775808", "line 1, column 1: a number can be 9223372036854775807 at most"),
        (b"9" * 5000, "line 1, column 1: a number can be 9223372036854775807 at most"),
        (b"8589934592G", "line 1, column 1: a number can be 9223372036854775807 at most"),
        (b"keep;\r\n \xff", "line 2, column 2: the script is not UTF-8"),
        (b'"\xc3', "line 1, column 2: the script is not UTF-8"),
        (b"keep;\n\0", "line 2, column 1: a script cannot hold NUL"),
        (b"keep;\rstop;", "line 1, column 6: a script cannot hold a CR without a LF"),
    ],
)
def test_what_is_no_token(octets: bytes, mistake: str) -> None:
    with pytest.raises(ScriptInvalid) as caught:
        tokens_of(Source(octets))
    assert [str(each) for each in caught.value.mistakes] == [mistake]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r")))
def test_a_string_that_is_quoted_comes_back(value: str) -> None:
    quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert only(quoted)[1] == value.replace("\n", "\r\n")


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"))))
def test_a_text_that_is_stuffed_comes_back(lines: list[str]) -> None:
    stuffed = "".join(f".{line}\n" if line.startswith(".") else f"{line}\n" for line in lines)
    assert only(f"text:\n{stuffed}.\n")[1] == "".join(f"{line}\r\n" for line in lines)
