import logging

import pytest
from bench.storm import Stall, parse_stalls

from angarium.logs.readable import ReadableFormatter
from angarium.worker.watchdog import StallReports


def test_stalls_are_those_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    reports = StallReports()
    reports.report(0.0071, "a.py:1 in a > b.py:2 in b", cpu_s=0.0034, now_s=1.0)
    logging.getLogger("angarium.imap").warning("login", extra={"user": "loop_stalled duration_ms=9 cpu_ms=9"})
    reports.report(0.02, "c.py:3 in c", cpu_s=0.0, now_s=1.1)
    formatter = ReadableFormatter()
    log = "\n".join(map(formatter.format, caplog.records))
    assert list(parse_stalls(log)) == [Stall(7.1, 3.4), Stall(20.0, 0.0)]
