import io
import logging
import threading
from pathlib import Path

import pytest

from angarium.logs import ReadableFormatter
from angarium.logs.lines import LineHandler


class Failing(logging.Formatter):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def format(self, record: logging.LogRecord) -> str:
        raise self.error


def record(event: str) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "angarium.imap.x", "msg": event, "levelno": 20, "process": 7})


def test_a_line_is_written_before_whoever_logs_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w") as stream:
        handler = LineHandler(stream)
        handler.setFormatter(ReadableFormatter())
        assert handler.handle(record("event"))
        assert path.read_text().endswith(" info     imap[7] event\n")


def test_filters_keep_records_back() -> None:
    stream = io.StringIO()
    handler = LineHandler(stream)
    handler.addFilter(lambda each: each.msg != "kept back")
    assert [handler.handle(record(event)) for event in ("kept back", "shown")] == [False, True]
    assert stream.getvalue() == "shown\n"


def test_lines_of_several_threads_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w") as stream:
        handler = LineHandler(stream)

        def log(letter: str) -> None:
            for _ in range(200):
                handler.handle(record(letter * 500))

        threads = [threading.Thread(target=log, args=(letter,)) for letter in "abcd"]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert sorted(path.read_text().splitlines()) == [letter * 500 for letter in "abcd" for _ in range(200)]


def test_a_record_that_cannot_be_written_harms_nobody(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = LineHandler(io.StringIO())
    handler.setFormatter(Failing(ValueError("reason")))
    handler.handle(record("event"))
    assert "ValueError: reason" in capsys.readouterr().err
    monkeypatch.setattr(logging, "raiseExceptions", False)
    handler.handle(record("event"))
    assert capsys.readouterr().err == ""


def test_a_failed_record_keeps_none_from_the_next() -> None:
    stream = io.StringIO()
    handler = LineHandler(stream)
    handler.setFormatter(Failing(RecursionError()))
    with pytest.raises(RecursionError):
        handler.handle(record("event"))
    handler.setFormatter(None)
    other = threading.Thread(target=handler.handle, args=(record("event"),), daemon=True)
    other.start()
    other.join(10)
    assert stream.getvalue() == "event\n"
