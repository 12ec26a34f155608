"""The MIME scanner alone: one message of 10 KB in several parts."""

import time
import timeit

from angarium.mime import scan
from bench.alone import measure_alone
from bench.bed import Bed, Sample
from bench.mime_scan import sample_message


def scan_message(bed: Bed) -> Sample:
    return measure_alone(bed, time_scans, bed.count(500))


def time_scans(count: int) -> float:
    """CPU milliseconds of one; the first is not counted."""
    message = sample_message()
    scan(message)
    return timeit.timeit(lambda: scan(message), timer=time.process_time, number=count) / count * 1000
