"""Mail that a script looks at."""

import time
import timeit
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import cycle
from typing import Final

from angarium.mime import scan
from angarium.sieve import Envelope, Environment, Message, interpret, parse_script
from bench.alone import measure_alone
from bench.bed import FILTERED, RECIPIENTS, Bed, Sample, expect
from bench.letters import DELIVERED_OCTETS, SMALL_OCTETS, letter
from bench.script import PROBE_OFFSET, SCRIPT

_SMALL_LETTERS: Final = 500
"""Of what a script adds to each the processor time is told in ticks of ten milliseconds for all."""


def deliver_by_script(bed: Bed) -> Sample:
    """As the row without a script, to a user who has one of twenty rules; it is seen to run."""
    numbers = bed.numbers(bed.count(200))
    return _filter(
        bed, [letter(number, octets) for number, octets in zip(numbers, cycle(DELIVERED_OCTETS), strict=False)]
    )


def deliver_small_by_script(bed: Bed) -> Sample:
    """Letters in which the script has as much to look at, and the disk has little to do."""
    return _filter(bed, _small_letters(bed))


def deliver_small(bed: Bed) -> Sample:
    """The same to a user without a script."""
    messages = _small_letters(bed)
    with bed.post() as client:

        def work() -> None:
            for message in messages:
                client.deliver(message, RECIPIENTS[:1])

        return bed.cost(len(messages), work)


def _small_letters(bed: Bed) -> list[bytes]:
    return [letter(number, SMALL_OCTETS) for number in bed.numbers(bed.count(_SMALL_LETTERS))]


def _filter(bed: Bed, messages: Sequence[bytes]) -> Sample:
    probe = letter(PROBE_OFFSET + bed.numbers(1)[0], SMALL_OCTETS)
    before = _count(bed)
    with bed.post() as client:
        client.deliver(probe, [FILTERED])

        def work() -> None:
            for message in messages:
                client.deliver(message, [FILTERED])

        sample = bed.cost(len(messages), work)
    expect(_count(bed) - before, len(messages), f"{bed.server.name}: messages that the script keeps")
    return sample


def run_script(bed: Bed) -> Sample:
    """The interpreter alone, over a message that is parsed already."""
    return measure_alone(bed, time_script, bed.count(5_000))


def time_script(count: int) -> float:
    """CPU milliseconds of one run; the first is not counted."""
    octets = letter(1, SMALL_OCTETS)
    view, scanned = memoryview(octets), scan(octets)
    script = parse_script(SCRIPT.encode())
    envelope = Envelope("katrin@post.example", FILTERED)
    environment = Environment(datetime(2024, 1, 1, tzinfo=UTC))

    def run() -> None:
        for question in interpret(script, Message(view, scanned), envelope, environment):
            assert question is None

    run()
    return timeit.timeit(run, timer=time.process_time, number=count) / count * 1000


def _count(bed: Bed) -> int:
    with bed.log_in(FILTERED) as client:
        answer = client.command("STATUS INBOX (MESSAGES)")
    return int(answer.partition(b"MESSAGES ")[2].partition(b")")[0])
