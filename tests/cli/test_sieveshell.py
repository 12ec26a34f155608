"""What is said of a server's words; real servers are in tests/integration."""

import os
from pathlib import Path

import pytest
from tests.cli.dialogue.scriptedserver import scripted_server
from tests.cli.stores import CommandLine

SCRIPT = (b'"SASL" "PLAIN"\r\nOK\r\n', b"", b"OK\r\n")
"""Up to the login."""


@pytest.mark.parametrize(
    "words", [("sieveshell", "-a", "u", "-p", "p", "-e", "list"), ("installsieve", "-u", "u", "-w", "p", "-l")]
)
def test_names_do_nothing_to_the_terminal(angarium: CommandLine, tmp_path: Path, words: tuple[str, ...]) -> None:
    listed = b'"a\x1b[2J"\r\n{3}\r\nb\nc ACTIVE\r\nOK\r\n'
    with scripted_server(tmp_path, *SCRIPT, listed) as (address, _):
        answer = angarium(*words, str(address))
    assert answer.status == os.EX_OK
    assert answer.out.splitlines()[-2:] == ["a\ufffd[2J", "b\ufffdc  <- active script"]


@pytest.mark.parametrize("words", [("sieveshell", "-a"), ("installsieve", "-u")])
def test_a_refusal_does_nothing_to_the_terminal(angarium: CommandLine, tmp_path: Path, words: tuple[str, ...]) -> None:
    with scripted_server(tmp_path, *SCRIPT[:-1], b'NO "\x1bno"\r\n') as (address, _):
        answer = angarium(*words, "u", "--password", "p", str(address))
    assert (answer.status, answer.err) == (os.EX_NOPERM, "angarium: the login is refused: \ufffdno\n")
