"""Private memory of a connection that has a mailbox selected and says nothing."""

import time
from contextlib import ExitStack

from bench.bed import READER, Bed, Sample
from bench.proctime import process_tree, rss_anon_kb

_SETTLE_S = 1.0
_FIRST = 16
_COUNTED = 200
_TO_FILL_HEAP = 3_000


def stay_plain(bed: Bed) -> Sample:
    return _stay(bed, is_tls=False)


def stay_with_tls(bed: Bed) -> Sample:
    return _stay(bed, is_tls=True)


def _stay(bed: Bed, *, is_tls: bool) -> Sample:
    """What each connection adds to those that are there already.

    The first ones are not counted. Where each has a process, there are as many as processes, any of which may have been
    waiting for a connection; where not, enough to fill what the heap had left.
    """
    mailbox = bed.small_letters()
    with ExitStack() as stack:

        def stay(count: int) -> None:
            for _ in range(count):
                client = stack.enter_context(bed.log_in(READER, is_tls=is_tls))
                client.command(f"SELECT {mailbox}")
            time.sleep(_SETTLE_S)

        stay(_FIRST)
        processes = len(process_tree(bed.server.pid))
        has_process_each = processes > _FIRST
        # One with TLS takes ten times as much, and as much longer to come.
        shared = _COUNTED if is_tls else _TO_FILL_HEAP
        stay(processes if has_process_each else bed.count(shared))
        before = rss_anon_kb(bed.server.pid)
        count = bed.count(_COUNTED if has_process_each else shared)
        stay(count)
        return Sample((rss_anon_kb(bed.server.pid) - before) / count)
