"""Flags that are set and taken away again."""

from bench.bed import Bed, Sample


def store_one(bed: Bed) -> Sample:
    """A command for each message, and each command changes it."""
    count = bed.count(200)
    with bed.open(bed.small_letters()) as client:

        def work() -> None:
            for sign in "+-":
                for number in range(1, count + 1):
                    client.command(f"STORE {number} {sign}FLAGS.SILENT (\\Flagged)")

        return bed.cost(2 * count, work)


def store_all(bed: Bed) -> Sample:
    """One command for all messages; what one of them costs."""
    pairs = 3
    with bed.open(bed.small_letters()) as client:

        def work() -> None:
            for _ in range(pairs):
                for sign in "+-":
                    client.command(f"STORE 1:* {sign}FLAGS.SILENT (\\Answered)")

        return bed.cost(2 * pairs * bed.count(10_000), work)
