import json
import logging
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.logs import ReadableFormatter
from angarium.logs.readable import one_line, show_value


def record(event: str, **fields: object) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "angarium.imap.session", "msg": event, "levelno": 20, "process": 7, **fields})


def test_a_line_has_time_level_service_event_and_fields() -> None:
    line = ReadableFormatter().format(
        record("login", service="imaps", outcome="ok", user="ann smith", tls=True, none=None, empty="", n=-3, s=0.25)
    )
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} info     "
        r'imaps\[7\] login outcome=ok user="ann smith" tls=true none= empty="" n=-3 s=0\.25',
        line,
    )


@pytest.mark.parametrize(("created", "shown"), [(10.0, "000"), (10.25, "250"), (10.0009, "000"), (10.9999, "999")])
def test_times_are_cut_at_milliseconds(created: float, shown: str) -> None:
    assert ReadableFormatter().format(record("event", created=created)).split()[1].endswith(f":10.{shown}")


def test_no_traceback_follows_where_none_was() -> None:
    assert ReadableFormatter().format(record("failed", exc_info=(None, None, None))).endswith(" failed")


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
