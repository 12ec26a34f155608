"""Lines and commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.pop3.commands import (
    Apop,
    Auth,
    Capa,
    Command,
    Dele,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)
from angarium.pop3.events import Problem
from angarium.pop3.grammar import NUMBER_MAX, CommandInvalid, parse_command

GOOD: list[tuple[bytes, Command]] = [
    (b"USER alice", User(b"alice")),
    (b"user a b ", User(b"a b ")),
    (b"PASS  two words ", Pass(b" two words ")),
    (b"APOP alice c4c9334bac560ecc979e58001b3e22fb", Apop(b"alice", b"c4c9334bac560ecc979e58001b3e22fb")),
    (b"APOP a b d", Apop(b"a b", b"d")),
    (b"AUTH", Auth("")),
    (b"AUTH PLAIN", Auth("PLAIN")),
    (b"AUTH PLAIN ", Auth("PLAIN")),
    (b"auth plain =", Auth("plain", b"=")),
    (b"AUTH PLAIN AGE= x", Auth("PLAIN", b"AGE= x")),
    (b"STLS", Stls()),
    (b"CAPA", Capa()),
    (b"UTF8", Utf8()),
    (b"LANG", Lang()),
    (b"LANG *", Lang("*")),
    (b"STAT", Stat()),
    (b"STAT ", Stat()),
    (b"LIST", List()),
    (b"list 17", List(17)),
    (b"UIDL", Uidl()),
    (b"UIDL 007", Uidl(7)),
    (b"RETR 1", Retr(1)),
    (b"RETR  1 ", Retr(1)),
    (b"RETR 99999999999999999999", Retr(NUMBER_MAX)),
    (b"TOP 1 10", Top(1, 10)),
    (b"TOP  1  0 ", Top(1, 0)),
    (b"DELE 2", Dele(2)),
    (b"RSET", Rset()),
    (b"NOOP", Noop()),
    (b"QuIt", Quit()),
]


@pytest.mark.parametrize(("line", "command"), GOOD)
def test_commands(line: bytes, command: Command) -> None:
    assert parse_command(line) == command


@pytest.mark.parametrize(
    ("line", "problem", "kind"),
    [
        (b"", Problem.UNKNOWN, None),
        (b" STAT", Problem.UNKNOWN, None),
        (b"LAST", Problem.UNKNOWN, None),
        (b"XTND XMIT", Problem.UNKNOWN, None),
        (b"STAT\t1", Problem.UNKNOWN, None),
        (b"\xff\x00", Problem.UNKNOWN, None),
        (b"GET / HTTP/1.1", Problem.HTTP, None),
        (b"USER", Problem.ARGUMENT_MISSING, User),
        (b"USER ", Problem.ARGUMENT_MISSING, User),
        (b"PASS", Problem.ARGUMENT_MISSING, Pass),
        (b"APOP alice", Problem.ARGUMENT_MISSING, Apop),
        (b"APOP alice ", Problem.ARGUMENT_MISSING, Apop),
        (b"RETR", Problem.ARGUMENT_MISSING, Retr),
        (b"TOP 3", Problem.ARGUMENT_MISSING, Top),
        (b"TOP", Problem.ARGUMENT_MISSING, Top),
        (b"STLS x", Problem.ARGUMENT_EXTRA, Stls),
        (b"QUIT x", Problem.ARGUMENT_EXTRA, Quit),
        (b"LIST 1 2", Problem.ARGUMENT_EXTRA, List),
        (b"TOP 1 2 3", Problem.ARGUMENT_EXTRA, Top),
        (b"LIST x", Problem.NOT_A_NUMBER, List),
        (b"LIST -1", Problem.NOT_A_NUMBER, List),
        (b"LIST \xd9\xa3", Problem.NOT_A_NUMBER, List),
        (b"DELE 1x", Problem.NOT_A_NUMBER, Dele),
        (b"RETR 999999999999999999999", Problem.NOT_A_NUMBER, Retr),
        (b"AUTH \xc3\xa4", Problem.NOT_A_WORD, Auth),
        (b"LANG \x01", Problem.NOT_A_WORD, Lang),
    ],
)
def test_what_is_no_command(line: bytes, problem: Problem, kind: type[Command] | None) -> None:
    with pytest.raises(CommandInvalid) as refused:
        parse_command(line)
    assert (refused.value.problem, refused.value.command) == (problem, kind)


_WORDS = st.sampled_from([line.split(b" ")[0] for line, _ in GOOD] + [b"", b"1", b"x", b"=", b"\xff"])


@given(st.one_of(st.binary(max_size=40), st.lists(_WORDS, max_size=5).map(b" ".join)))
def test_any_line_is_a_command_or_refused_as_none(line: bytes) -> None:
    try:
        assert isinstance(parse_command(line), Command)
    except CommandInvalid:
        pass


def test_no_repr_shows_a_password() -> None:
    shown = repr([parse_command(line) for line in (b"PASS sesame", b"APOP a sesame", b"AUTH PLAIN sesame")])
    assert "sesame" not in shown
