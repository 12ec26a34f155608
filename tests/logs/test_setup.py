import json
import logging
from collections.abc import Iterator

import pytest

from angarium.config import LogFormat, LogSettings
from angarium.logs import Destination, SyslogHandler, configure_logging


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, factory = root.handlers[:], root.level, logging.getLogRecordFactory()
    root.handlers.clear()
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.setLogRecordFactory(factory)


def test_a_server_in_the_foreground_writes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(log_format=LogFormat.JSON), Destination.STDOUT)
    logging.getLogger("angarium.imap").info("seen", extra={"a": 1})
    logging.getLogger("angarium.imap").debug("unseen")
    out, err = capsys.readouterr()
    assert err == ""
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["seen"]


def test_a_tool_writes_to_stderr_and_debug_shows_more(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(debug=True), Destination.STDERR)
    logging.getLogger("angarium.imap").debug("seen")
    out, err = capsys.readouterr()
    assert (out, err.split()[-1]) == ("", "seen")


def test_what_libraries_log_goes_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(), Destination.STDOUT)
    logging.getLogger("asyncio").warning("Executing %s took %.3f seconds", "<Task>", 0.25)
    assert capsys.readouterr().out.endswith("] Executing <Task> took 0.250 seconds\n")


def test_a_second_call_replaces_the_first() -> None:
    configure_logging(LogSettings(), Destination.STDOUT)
    configure_logging(LogSettings(), Destination.SYSLOG)
    assert [type(handler) for handler in logging.getLogger().handlers] == [SyslogHandler]
