from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.operations.outgoing.dotstuffing import stuffed


def received(data: bytes) -> bytes:
    """What a server makes of DATA (RFC 5321 §4.5.2)."""
    lines = data.split(b"\r\n")
    assert lines[-1] == b""
    end = lines.index(b".")
    assert end == len(lines) - 2, "the message ends before its end"
    return b"".join([(line[1:] if line.startswith(b".") else line) + b"\r\n" for line in lines[:end]])


@pytest.mark.parametrize(
    ("chunks", "data"),
    [
        ([b"a\r\n"], b"a\r\n.\r\n"),
        ([b"a"], b"a\r\n.\r\n"),
        ([], b".\r\n"),
        ([b".\r\n"], b"..\r\n.\r\n"),
        ([b"a\r\n", b".b\r\n"], b"a\r\n..b\r\n.\r\n"),
        ([b"a\r", b"\n", b"", b"."], b"a\r\n..\r\n.\r\n"),
        ([b"a\n.\nb\r\n"], b"a\n..\nb\r\n.\r\n"),
    ],
)
def test_lines_that_begin_with_a_dot_get_another(chunks: list[bytes], data: bytes) -> None:
    assert b"".join(stuffed(chunks)) == data


@given(st.lists(st.sampled_from([b".", b"a", b"\r\n", b"..", b""]), max_size=30), st.data())
def test_a_server_gets_what_was_sent_however_it_is_cut(pieces: list[bytes], data: st.DataObject) -> None:
    message = b"".join(pieces)
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(message)), max_size=6)))
    chunks = [message[start:end] for start, end in pairwise([0, *cuts, len(message)])]
    assert received(b"".join(stuffed(chunks))) == message
