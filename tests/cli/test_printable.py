import pytest

from angarium.cli.printable import printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b", "a b"),
        ("a\tb", "a\tb"),
        ("é", "é"),
        ("\x1b[2J", "\ufffd[2J"),
        ("a\nb\r", "a\ufffdb\ufffd"),
        ("\udcff", "\ufffd"),
    ],
)
def test_a_terminal_is_not_told_what_to_do(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_stay_lines() -> None:
    assert printable_lines("a\r\n\x1bb\n") == "a\n\ufffdb"
