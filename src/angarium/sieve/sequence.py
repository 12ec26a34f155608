"""Tests one after the other, as `anyof`, `allof` and a chain of `if` and `elsif` have them.

A sequence that is interrupted goes on where it was, so that no test is evaluated twice, and the longest one is done in
turns.
"""

from collections.abc import Callable, Sequence

from angarium.sieve.run import Interrupted, Run, Tired
from angarium.sieve.specification import Test


def first(tests: Sequence[Test], result: bool) -> Callable[[Run], int]:
    """The place of the first test that has this result; -1 where none has. Left to right, and no further (RFC 5229
    §3.2, RFC 5463 §4)."""
    key = object()
    count = len(tests)

    def find(run: Run) -> int:
        place = run.progress.pop(key, 0)
        try:
            while place < count:
                if tests[place](run) is result:
                    return place
                place += 1
                if run.steps >= run.pause_at:
                    raise Tired
        except Interrupted:
            run.progress[key] = place
            raise
        return -1

    return find
