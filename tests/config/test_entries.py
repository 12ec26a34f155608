from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.config.entries import Section, parse_entries

FILE = Path("/etc/cyrus.conf")


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("", []),
        ("# only a comment\n", []),
        ("START {\n}\n", []),
        ("START\n{\n}\n", []),
        ("START { # comment\n} # comment\n", []),
        ('START {\n a cmd="b c"\n}\n', [(Section.START, "a", [("cmd", "b c")], 2)]),
        ("start {\n a CMD=b # comment\n}\n", [(Section.START, "a", [("cmd", "b")], 2)]),
        (
            'SERVICES {\r\n\ta_1\tcmd = "b" listen="[::1]:143"  prefork=0 # x="y"\r\n}\r\n',
            [(Section.SERVICES, "a_1", [("cmd", "b"), ("listen", "[::1]:143"), ("prefork", "0")], 2)],
        ),
        ('EVENTS {\n a cmd="x # y" at=0400\n}\n', [(Section.EVENTS, "a", [("cmd", "x # y"), ("at", "0400")], 2)]),
        ("DAEMON {\n a\n}\nDAEMON {\n b\n}\n", [(Section.DAEMON, "a", [], 2), (Section.DAEMON, "b", [], 5)]),
    ],
)
def test_what_a_text_says(text: str, entries: list[tuple[Section, str, list[tuple[str, str]], int]]) -> None:
    parsed = parse_entries(text, FILE)
    assert not parsed.problems
    assert [(each.section, each.name, list(each.values), each.position.line) for each in parsed.entries] == entries


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("imap cmd=imapd\n", 1, "not the beginning of a section"),
        ("}\n", 1, "not the beginning of a section"),
        ("SERVICE {\n}\n", 1, "no section is called 'SERVICE'"),
        ("START\nx\n", 2, "begins with {"),
        ("START {\n", 1, "not closed"),
        ("START {\n a\nEVENTS {\n}\n", 3, "cannot be read"),
        ('START {\n a cmd="b\n}\n', 2, "not closed, or missing"),
        ("START {\n a cmd=\n}\n", 2, "not closed, or missing"),
        ('START {\n a cmd="b"listen="c"\n}\n', 2, "not closed, or missing"),
        ("START {\n a cmd=b cmd=c\n}\n", 2, "twice"),
        ("START {\n a b\n}\n", 2, "cannot be read"),
        ("START {\n a.b cmd=c\n}\n", 2, "not an entry"),
        ("START {\n =c\n}\n", 2, "not an entry"),
    ],
)
def test_what_is_no_entry_is_told_with_its_line(text: str, line: int, said: str) -> None:
    (problem,) = parse_entries(text, FILE).problems
    assert problem.position.line == line
    assert said in problem.text


def test_what_stands_in_an_unknown_section_is_left_out() -> None:
    parsed = parse_entries("OTHER {\n a cmd=b\n}\nSTART {\n c cmd=d\n}\n", FILE)
    assert [entry.name for entry in parsed.entries] == ["c"]
    assert len(parsed.problems) == 1


@given(
    st.lists(
        st.one_of(
            st.text(),
            st.sampled_from(["START {", "SERVICES", "{", "}", 'a cmd="b"', 'a cmd="', "a b=c d=", "# x", "a"]),
        )
    ).map("\n".join)
)
def test_any_text_gives_entries_and_problems(text: str) -> None:
    parsed = parse_entries(text, FILE)
    lines = text.count("\n") + 1
    for position in [*(entry.position for entry in parsed.entries), *(each.position for each in parsed.problems)]:
        assert 1 <= position.line <= lines
