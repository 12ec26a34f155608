"""What the server has to say is in tests/integration/test_tools.py."""

from pathlib import Path

import pytest
from tests.cli.dialogue.scriptedserver import scripted_server

from angarium.cli.dialogue import Address, SieveWords, Wire
from angarium.cli.managesieveclient import ListedScript, ManageSieveClient, ScriptRefused, parse_address
from angarium.cli.serverunavailable import ServerUnavailable


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("mail.test", Address("mail.test", "4190")),
        ("mail.test:2000", Address("mail.test", "2000")),
        ("mail.test:sieve", Address("mail.test", "sieve")),
        ("mail.test:", Address("mail.test", "4190")),
        ("[::1]:2000", Address("::1", "2000")),
        ("[::1]", Address("::1", "4190")),
        ("::1", Address("::1", "4190")),
        ("/run/sieve", Address("/run/sieve", "4190")),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address


def test_scripts_are_listed_in_any_form_of_their_names(tmp_path: Path) -> None:
    answer = b'"a\\"b" ACTIVE\r\n{3}\r\nc d\r\nOK\r\n'
    with scripted_server(tmp_path, b"", answer) as (address, lines), Wire(address, show=print) as wire:
        scripts = ManageSieveClient(wire, SieveWords(wire)).scripts()
    assert scripts == [ListedScript('a"b', is_active=True), ListedScript("c d", is_active=False)]
    assert lines == [b"LISTSCRIPTS"]


def test_warnings_are_no_refusal(tmp_path: Path) -> None:
    answer = b'OK (WARNINGS) "line 1: odd"\r\n'
    with scripted_server(tmp_path, b"", b"", answer) as (address, lines), Wire(address, show=print) as wire:
        assert ManageSieveClient(wire, SieveWords(wire)).put('n"', b"keep;\r\n") == "line 1: odd"
    assert lines == [b'PUTSCRIPT "n\\"" {7+}', b"keep;", b""]


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (b'NO (NONEXISTENT) "no such"\r\n', ScriptRefused, "no such"),
        (b"NO\r\n", ScriptRefused, "unknown error"),
        (b"OK\r\n", ServerUnavailable, "without a script"),
        (b'BYE "going"\r\n', ServerUnavailable, "going"),
        (b"junk\r\n", ServerUnavailable, "no ManageSieve server"),
        (b"{9}\r\nabc", ServerUnavailable, "closed the connection"),
    ],
)
def test_what_is_no_script(tmp_path: Path, answer: bytes, error: type[Exception], text: str) -> None:
    with (
        scripted_server(tmp_path, b"", answer) as (address, _),
        Wire(address, show=print) as wire,
        pytest.raises(error, match=text),
    ):
        ManageSieveClient(wire, SieveWords(wire)).get("x")
