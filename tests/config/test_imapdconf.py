from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.config.imapdconf import MAX_INCLUDES, parse_imapd_conf, read_imapd_conf
from angarium.config.source import MAX_FILE_SIZE

FILE = Path("/etc/imapd.conf")


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("", []),
        ("# a comment\n\n   # another\n", []),
        ("umask: 077\n", [("umask", "077", 1)]),
        ("umask:077", [("umask", "077", 1)]),
        ("  umask : 077  \r\n", [("umask", "077", 1)]),
        ("Partition-Default: /Spool\n", [("partition-default", "/Spool", 1)]),
        ("admins:\n", [("admins", "", 1)]),
        ("admins: a # b\n", [("admins", "a # b", 1)]),
        ("url: http://host:80/\n", [("url", "http://host:80/", 1)]),
        ("admins: a \\\n  b\\\nc\numask: 1\n", [("admins", "a   bc", 1), ("umask", "1", 4)]),
        ("# comment \\\numask: 1\n", [("umask", "1", 2)]),
        ("admins: a \\", [("admins", "a", 1)]),
        ("a: 1\n\n\nb: ünïcode\n", [("a", "1", 1), ("b", "ünïcode", 4)]),
    ],
)
def test_what_a_text_says(text: str, entries: list[tuple[str, str, int]]) -> None:
    parsed = parse_imapd_conf(text, FILE)
    assert not parsed.problems
    assert [(entry.key, entry.value, entry.position.line) for entry in parsed.entries] == entries
    assert all(entry.position.file == FILE for entry in parsed.entries)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("no colon\n", 1),
        ("a: 1\n: value\n", 2),
        ("two words: x\n", 1),
        ("a: \x00\n", 1),
        ("a: \x1b[0m\n", 1),
        ("@exclude: x\n", 1),
        ("@include:\n", 1),
        ("@include: /there/is/no/such/file\n", 1),
        ("\\\n\\\nnonsense\n", 1),
    ],
)
def test_what_is_no_setting_is_told_with_its_line(text: str, line: int) -> None:
    problems = parse_imapd_conf(text, FILE).problems
    assert [(problem.position.file, problem.position.line) for problem in problems] == [(FILE, line)]


def test_an_included_file_stands_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "main").write_text("a: 1\n@include: sub/more\nd: 4\n")
    (tmp_path / "sub" / "more").write_text("b: 2\n@INCLUDE: third\n")
    (tmp_path / "sub" / "third").write_text("\nc: 3\n")
    parsed = read_imapd_conf(tmp_path / "main")
    assert not parsed.problems
    assert [(entry.key, entry.position.file.name, entry.position.line) for entry in parsed.entries] == [
        ("a", "main", 1),
        ("b", "more", 1),
        ("c", "third", 2),
        ("d", "main", 3),
    ]


def test_a_file_that_includes_itself_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "main").write_text("@include: other\na: 1\n")
    (tmp_path / "other").write_text("b: 2\n@include: main\n")
    (tmp_path / "alias").symlink_to("main")
    for name in ("main", "alias"):
        parsed = read_imapd_conf(tmp_path / name)
        assert [entry.key for entry in parsed.entries] == ["b", "a"]
        (problem,) = parsed.problems
        assert (problem.position.file.name, problem.position.line) == ("other", 2)
        assert "includes itself" in str(problem)


def test_a_loop_of_links_is_a_problem_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (problem,) = read_imapd_conf(tmp_path / "loop").problems
    assert "cannot be read" in str(problem)


def test_includes_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "leaf").write_text("")
    (tmp_path / "main").write_text("@include: leaf\n" * (MAX_INCLUDES + 1))
    (problem,) = read_imapd_conf(tmp_path / "main").problems
    assert problem.position.line == MAX_INCLUDES + 1


def test_a_missing_file_names_itself_or_the_line_that_wants_it(tmp_path: Path) -> None:
    (problem,) = read_imapd_conf(tmp_path / "none").problems
    assert str(problem) == f"{tmp_path / 'none'}: cannot be read: No such file or directory"
    (tmp_path / "main").write_text("\n@include: none\n")
    (problem,) = read_imapd_conf(tmp_path / "main").problems
    assert str(problem).startswith(f"{tmp_path / 'main'}:2: @include: ")


def test_what_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "main").write_bytes(b"a: 1\nb: \xff\n")
    (problem,) = read_imapd_conf(tmp_path / "main").problems
    assert str(problem) == f"{tmp_path / 'main'}:2: not UTF-8"


def test_a_byte_order_mark_is_no_part_of_a_key(tmp_path: Path) -> None:
    (tmp_path / "main").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert [entry.key for entry in read_imapd_conf(tmp_path / "main").entries] == ["a"]


def test_a_file_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "main").open("wb") as file:
        file.truncate(MAX_FILE_SIZE + 1)
    (problem,) = read_imapd_conf(tmp_path / "main").problems
    assert "larger than" in str(problem)


@given(st.text())
def test_any_text_gives_entries_and_problems(text: str) -> None:
    parsed = parse_imapd_conf(text, FILE)
    lines = text.count("\n") + 1
    for position in [*(entry.position for entry in parsed.entries), *(each.position for each in parsed.problems)]:
        assert 1 <= position.line <= lines


KEYS = st.from_regex(r"[a-z][a-z0-9_-]{0,20}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=30).filter(lambda text: not text.endswith("\\"))


@given(st.lists(st.tuples(KEYS, VALUES)))
def test_settings_survive_their_text(settings: list[tuple[str, str]]) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in settings)
    parsed = parse_imapd_conf(text, FILE)
    assert [(entry.key, entry.value) for entry in parsed.entries] == settings
