"""What `deliver` says to the server; what it hears is in test_deliver.py."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.cli.lmtpclient import _BLOCK_OCTETS, _as_data, _without_session
from angarium.lmtp.transparency import DataDecoder


def sent(message: bytes) -> bytes:
    return b"".join(_as_data(io.BytesIO(message)))


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (b"", b".\r\n"),
        (b"a\nb\n", b"a\r\nb\r\n.\r\n"),
        (b"a\r\nb", b"a\r\nb\r\n.\r\n"),
        (b".\n..\n.a", b"..\r\n...\r\n..a\r\n.\r\n"),
        (b"a.\n", b"a.\r\n.\r\n"),
    ],
)
def test_a_message_as_data(message: bytes, data: bytes) -> None:
    assert sent(message) == data


@given(st.one_of(st.binary(max_size=200), st.text(".a\r\n", max_size=60).map(str.encode)))
def test_the_server_reads_the_lines_that_were_there(message: bytes) -> None:
    data = sent(message)
    content, end = DataDecoder().decode(data)
    assert end == len(data)
    lines = message.replace(b"\r\n", b"\n").split(b"\n")
    assert content.removesuffix(b"\r\n") == b"\r\n".join(lines).removesuffix(b"\r\n")


def test_a_line_that_is_longer_than_what_is_read_at_once_gets_no_dots_of_its_own() -> None:
    message = b"x" * _BLOCK_OCTETS + b"." * _BLOCK_OCTETS + b"\n"
    assert sent(message) == message[:-1] + b"\r\n.\r\n"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("2.1.5 Ok SESSIONID=<a-1>", "2.1.5 Ok"),
        ("Ok SESSIONID=<>", "Ok"),
        ("Ok SESSIONID=<a> and more", "Ok SESSIONID=<a> and more"),
        ("Ok SESSIONID=<a>b>", "Ok SESSIONID=<a>b>"),
        ("Ok SESSIONID=<a", "Ok SESSIONID=<a"),
        ("Ok SESSIONID=<", "Ok SESSIONID=<"),
        ("Ok>", "Ok>"),
        ("", ""),
    ],
)
def test_the_id_of_a_session_is_for_nobody(said: str, text: str) -> None:
    assert _without_session(said) == text
