"""Words and commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.managesieve import commands as c
from angarium.managesieve.grammar import (
    Announced,
    CommandInvalid,
    Line,
    Problem,
    Word,
    announced_at_end,
    parse_command,
    split_line,
)


def atom(octets: bytes) -> Word:
    return Word(octets, is_string=False)


def string(octets: bytes) -> Word:
    return Word(octets, is_string=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"NOOP", Line((atom(b"NOOP"),))),
        (b"", Line(())),
        (b"  NOOP  ", Line((atom(b"NOOP"),))),
        (b'NOOP "a b"', Line((atom(b"NOOP"), string(b"a b")))),
        (b'NOOP ""', Line((atom(b"NOOP"), string(b"")))),
        (rb'NOOP "a\"b\\"', Line((atom(b"NOOP"), string(rb'a"b' + b"\\")))),
        (b'NOOP "\xc3\xbc\xff\t"', Line((atom(b"NOOP"), string(b"\xc3\xbc\xff\t")))),
        (b'HAVESPACE "x"  0', Line((atom(b"HAVESPACE"), string(b"x"), atom(b"0")))),
        (b"NOOP {3+}", Line((atom(b"NOOP"),), Announced(3, synchronising=False))),
        (b"NOOP {3}", Line((atom(b"NOOP"),), Announced(3, synchronising=True))),
        (b"{0+}", Line((), Announced(0, synchronising=False))),
        (b' "x" {9999999999+}', Line((string(b"x"),), Announced(9999999999, synchronising=False))),
    ],
)
def test_a_line_is_words(line: bytes, expected: Line) -> None:
    assert split_line(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        b'NOOP "a',
        b'NOOP a"',
        b'NOOP "a"b',
        b'NOOP "a""b"',
        rb'NOOP "\a"',
        b'NOOP "a\rb"',
        b'NOOP "a\0b"',
        b"NOOP\r",
        b"NOOP (a)",
        b"NOOP {3+} x",
        b"NOOP {-3+}",
        b"NOOP {+}",
        b"NOOP {99999999999+}",
        b"NOOP \xc3\xbc",
        b"NOOP\t",
        b"\\",
    ],
)
def test_what_is_no_line_of_words_is_refused(line: bytes) -> None:
    with pytest.raises(CommandInvalid) as refused:
        split_line(line)
    assert refused.value.problem is Problem.SYNTAX


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ((atom(b"authenticate"), string(b"plain")), c.Authenticate("plain")),
        ((atom(b"AUTHENTICATE"), string(b"PLAIN"), string(b"")), c.Authenticate("PLAIN", b"")),
        ((atom(b"StartTls"),), c.StartTls()),
        ((atom(b"LOGOUT"),), c.Logout()),
        ((atom(b"CAPABILITY"),), c.Capability()),
        ((atom(b"NOOP"),), c.Noop()),
        ((atom(b"NOOP"), string(b"\xff")), c.Noop(b"\xff")),
        ((atom(b"HAVESPACE"), string(b"x"), atom(b"4294967295")), c.HaveSpace("x", 4294967295)),
        ((atom(b"PUTSCRIPT"), string(b"x"), string(b"keep;")), c.PutScript("x", b"keep;")),
        ((atom(b"CHECKSCRIPT"), string(b"\xff")), c.CheckScript(b"\xff")),
        ((atom(b"LISTSCRIPTS"),), c.ListScripts()),
        ((atom(b"SETACTIVE"), string(b"")), c.SetActive("")),
        ((atom(b"GETSCRIPT"), string("ü".encode())), c.GetScript("ü")),
        ((atom(b"DELETESCRIPT"), string(b"x")), c.DeleteScript("x")),
        ((atom(b"RENAMESCRIPT"), string(b"x"), string(b"y")), c.RenameScript("x", "y")),
        ((atom(b"UNAUTHENTICATE"),), c.Unauthenticate()),
        ((), Problem.COMMAND_UNKNOWN),
        ((atom(b"FOO"),), Problem.COMMAND_UNKNOWN),
        ((string(b"NOOP"),), Problem.COMMAND_UNKNOWN),
        ((atom(b"GET"), atom(b"/")), Problem.HTTP),
        ((atom(b"get"), atom(b"/")), Problem.COMMAND_UNKNOWN),
        ((atom(b"LOGOUT"), string(b"x")), Problem.SYNTAX),
        ((atom(b"GETSCRIPT"),), Problem.SYNTAX),
        ((atom(b"GETSCRIPT"), atom(b"x")), Problem.SYNTAX),
        ((atom(b"GETSCRIPT"), string(b"\xff")), Problem.NAME),
        ((atom(b"HAVESPACE"), string(b"x"), string(b"1")), Problem.SYNTAX),
        ((atom(b"HAVESPACE"), string(b"x"), atom(b"01")), Problem.SYNTAX),
        ((atom(b"HAVESPACE"), string(b"x"), atom(b"4294967296")), Problem.SYNTAX),
        ((atom(b"HAVESPACE"), string(b"x"), atom(b"-1")), Problem.SYNTAX),
        ((atom(b"NOOP"), string(b"x"), string(b"y")), Problem.SYNTAX),
        ((atom(b"AUTHENTICATE"), atom(b"PLAIN")), Problem.SYNTAX),
    ],
)
def test_words_are_a_command_or_not(words: tuple[Word, ...], command: object) -> None:
    if isinstance(command, Problem):
        with pytest.raises(CommandInvalid) as refused:
            parse_command(words)
        assert refused.value.problem is command
    else:
        assert parse_command(words) == command


@pytest.mark.parametrize(
    ("line", "octets"),
    [(b"x {12+}", 12), (b"{0+} ", 0), (b'"{1+}"', None), (b"x {1}", None), (b"{1+} x", None), (b"", None)],
)
def test_a_literal_is_found_behind_what_is_no_command(line: bytes, octets: int | None) -> None:
    assert announced_at_end(line) == octets


@given(st.lists(st.binary().filter(lambda octets: not {0, 10, 13} & set(octets))))
def test_what_is_quoted_is_read_back(strings: list[bytes]) -> None:
    quoted = [b'"' + each.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"' for each in strings]
    assert split_line(b" ".join(quoted)).words == tuple(map(string, strings))


@given(st.binary())
def test_any_line_is_words_or_refused(line: bytes) -> None:
    try:
        words = split_line(line).words
        parse_command(words)
    except CommandInvalid:
        pass


def test_words_without_end_are_not_all_looked_at() -> None:
    assert len(split_line(b"a " * 30_000).words) == 1000
