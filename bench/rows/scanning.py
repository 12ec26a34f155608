"""The MIME scanner alone: one message of 10 KB in several parts."""

import timeit

from angarium.mime import scan
from bench.bed import Bed, Sample
from bench.mime_scan import sample_message


def scan_message(bed: Bed) -> Sample:
    message, count = sample_message(), bed.count(500)
    return Sample(timeit.timeit(lambda: scan(message), number=count) / count * 1000)
