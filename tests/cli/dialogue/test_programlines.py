import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.cli.dialogue.programlines import ImapLineReader, LineReader, LmtpLineReader, ProgramLines


@pytest.mark.parametrize(
    ("reader", "said", "sent", "is_over", "is_whole"),
    [
        (ImapLineReader, b"a NOOP\nb NOOP\r\n", b"a NOOP\r\nb NOOP\r\n", False, True),
        (ImapLineReader, b"a NOOP\r\nb logout\r\nc NOOP\r\n", b"a NOOP\r\n", True, True),
        (ImapLineReader, b"a NO", b"", False, False),
        (
            ImapLineReader,
            b"a LOGIN {9}\r\na LOGOUT\n {2+}\nxy\n",
            b"a LOGIN {9}\r\na LOGOUT\n {2+}\r\nxy\r\n",
            False,
            True,
        ),
        (ImapLineReader, b"a APPEND x {9}\r\na LOGOUT", b"a APPEND x {9}\r\na LOGOUT", False, False),
        (ImapLineReader, b"a x}\r\nb {z}\r\nc {99999999999}\r\n", b"a x}\r\nb {z}\r\nc {99999999999}\r\n", False, True),
        (LmtpLineReader, b"RSET\nquit\n", b"RSET\r\n", True, True),
        (LmtpLineReader, b"DATA\r\nQUIT\r\n..\r\n.\r\n", b"DATA\r\nQUIT\r\n..\r\n.\r\n", False, True),
        (LmtpLineReader, b"DATA\r\nQUIT\r\n", b"DATA\r\nQUIT\r\n", False, False),
        (LmtpLineReader, b"BDAT 6 LAST\r\nQUIT\r\nQUIT\r\n", b"BDAT 6 LAST\r\nQUIT\r\n", True, True),
        (LmtpLineReader, b"BDAT\r\nBDAT x\r\n", b"BDAT\r\nBDAT x\r\n", False, True),
    ],
)
def test_what_the_server_gets_of_it(
    reader: type[LineReader], said: bytes, sent: bytes, is_over: bool, is_whole: bool
) -> None:
    for size in (len(said), 1):
        lines = ProgramLines(reader())
        chunks = [said[at : at + size] for at in range(0, len(said), size)]
        assert b"".join([lines.take(chunk) for chunk in chunks]) == sent
        assert (lines.is_over, lines.is_whole) == (is_over, is_whole)


def test_what_never_ends_is_not_held() -> None:
    lines = ProgramLines(ImapLineReader())
    sent = sum([len(lines.take(b"x" * 65_536)) for _ in range(40)])
    assert sent >= 20 * 65_536


@pytest.mark.parametrize("reader", [ImapLineReader, LmtpLineReader])
@given(chunks=st.lists(st.text("ab {}3+\r\nDATLOGUQI.", max_size=12).map(str.encode), max_size=8))
def test_chunks_do_not_matter(reader: type[LineReader], chunks: list[bytes]) -> None:
    parts, whole = ProgramLines(reader()), ProgramLines(reader())
    assert b"".join([parts.take(chunk) for chunk in chunks]) == whole.take(b"".join(chunks))
    assert (parts.is_over, parts.is_whole) == (whole.is_over, whole.is_whole)
