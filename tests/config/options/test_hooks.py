"""Who is asked about messages, as administrators write it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.config.kinds import ValueRefused
from angarium.config.options import ClamdHost, ClamdSocket, ScanCommand, Scanner
from angarium.config.options.hooks import ScannerAddress


@pytest.mark.parametrize(
    ("text", "scanner"),
    [
        ("clamd:/run/clamav/clamd.ctl", ClamdSocket(Path("/run/clamav/clamd.ctl"))),
        ("clamd:127.0.0.1:3310", ClamdHost("127.0.0.1", 3310)),
        ("clamd:scanner.example.org", ClamdHost("scanner.example.org", 3310)),
        ("clamd:[::1]:4000", ClamdHost("::1", 4000)),
        ("CLAMD:[::1]", ClamdHost("::1", 3310)),
        ("command:/usr/bin/clamscan --no-summary {file}", ScanCommand(("/usr/bin/clamscan", "--no-summary", "{file}"))),
        ("command:/usr/bin/scan 'with space'", ScanCommand(("/usr/bin/scan", "with space"))),
    ],
)
def test_a_scanner_is_a_clamd_or_a_command(text: str, scanner: Scanner) -> None:
    assert ScannerAddress().parse(text) == scanner


@pytest.mark.parametrize(
    "text",
    [
        "",
        "clamd",
        "clamd:",
        "clamd:host:0",
        "clamd:host:70000",
        "clamd:host:name",
        "clamd:a b",
        "command:",
        "command:clamscan",
        "command:/usr/bin/scan 'x",
        "/run/clamav/clamd.ctl",
        "spamd:/run/spamd",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        ScannerAddress().parse(text)


@given(st.text())
def test_no_text_gives_another_error(text: str) -> None:
    try:
        ScannerAddress().parse(text)
    except ValueError:
        pass


def test_the_file_stands_where_the_command_says_or_is_its_input() -> None:
    command = ScanCommand(("/scan", "--in={file}", "-q"))
    assert command.names_file
    assert command.for_file("/m 1") == ("/scan", "--in=/m 1", "-q")
    command = ScanCommand(("/scan", "-"))
    assert not command.names_file
    assert command.for_file("/m") == ("/scan", "-")
