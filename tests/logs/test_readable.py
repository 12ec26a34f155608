import json
import logging
import re
import sys

from hypothesis import given
from hypothesis import strategies as st

from angarium.logs import ReadableFormatter
from angarium.logs.readable import one_line, show_value


def record(event: str, **fields: object) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": "angarium.imap.session", "msg": event, "levelname": "INFO", "levelno": 20, "process": 7, **fields}
    )


def test_a_line_has_time_level_service_event_and_fields() -> None:
    line = ReadableFormatter().format(
        record("login", service="imaps", outcome="ok", user="ann smith", tls=True, none=None)
    )
    assert re.fullmatch(
        r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} info     imaps\[7\] login outcome=ok user="ann smith" tls=true none=',
        line,
    )


def test_a_traceback_follows() -> None:
    try:
        raise ValueError("reason")
    except ValueError:
        line = ReadableFormatter().format(record("failed", exc_info=sys.exc_info()))
    assert line.splitlines()[-1] == "ValueError: reason"


@given(st.text())
def test_no_value_breaks_the_line_or_forges_a_field(text: str) -> None:
    shown = show_value(text)
    assert shown.isprintable() or "\u00ad" in shown or not any(each in shown for each in "\r\n\x1b\x85\u2028\u2029")
    assert not any(each in shown for each in "\r\n\x1b\x85\u2028\u2029\0")
    assert shown.startswith('"') or not any(each in shown for each in ' "=')
    assert (json.loads(shown) if shown.startswith('"') else shown) == text


@given(st.text())
def test_no_event_breaks_the_line(text: str) -> None:
    assert not any(each in one_line(text) for each in "\r\n\x1b\x85\u2028\u2029\0")
