import logging
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.config import SyslogFacility
from angarium.logs import SyslogHandler


@pytest.fixture
def listening() -> Iterator[tuple[socket.socket, Path]]:
    with (
        tempfile.TemporaryDirectory(prefix="angarium-") as directory,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made,
    ):
        made.bind(f"{directory}/log")
        made.settimeout(10)
        yield made, Path(directory, "log")


def record(event: str, level: int, **fields: object) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "angarium.imap.x", "msg": event, "levelno": level, "process": 7, **fields})


@pytest.mark.parametrize(
    ("event", "level", "priority"),
    [
        ("event", logging.DEBUG, 22 * 8 + 7),
        ("event", logging.INFO, 22 * 8 + 6),
        ("event", logging.WARNING, 22 * 8 + 4),
        ("event", logging.ERROR, 22 * 8 + 3),
        ("event", logging.CRITICAL, 22 * 8 + 2),
        ("login", logging.INFO, 4 * 8 + 5),
    ],
)
def test_a_datagram_has_priority_time_identity_and_text(
    listening: tuple[socket.socket, Path], event: str, level: int, priority: int
) -> None:
    made, path = listening
    handler = SyslogHandler("cyrus", SyslogFacility.LOCAL6, path=path)
    handler.handle(record(event, level))
    text = made.recv(9000).decode()
    assert re.match(rf"<{priority}>[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d cyrus/imap\[7\]: ", text)
    handler.close()


def test_without_a_prefix_the_service_stands_alone() -> None:
    handler = SyslogHandler("", SyslogFacility.MAIL)
    assert b" imap[7]: event" in handler.datagram(record("event", logging.INFO))
    handler.close()


def test_control_characters_are_escaped_and_long_lines_cut() -> None:
    handler = SyslogHandler("cyrus", SyslogFacility.LOCAL6)
    assert b"a#012b#033" in handler.datagram(record("a\nb\x1b", logging.INFO))
    assert len(handler.datagram(record("x" * 20_000, logging.INFO))) == 8000
    handler.close()


def test_an_absent_syslog_harms_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handler = SyslogHandler("cyrus", SyslogFacility.LOCAL6, path=tmp_path / "absent")
    handler.handle(record("event", logging.INFO))
    handler.close()
    assert capsys.readouterr() == ("", "")
