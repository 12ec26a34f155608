"""Keeps the garbage collector from holding up the loop (DESIGN §2).

A full collection looks through all that lives, again whenever a quarter more does: 50 ms where 100,000 mailboxes are
remembered. What outlived a long one is therefore left out of those that follow. It is still freed as soon as nothing
refers to it; only cycles that are made of it later would stay, and sessions leave none behind.
"""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_LONG_S: Final = 0.002
_FULL: Final = 2
"""The oldest generation."""


@contextmanager
def short_collections(*, long_s: float = _LONG_S) -> Iterator[None]:
    """Within, what outlived a full collection of more than `long_s` is not looked at again."""
    began_s = 0.0

    # Any: what the collector tells, numbers by name.
    def collecting(phase: str, told: dict[str, Any]) -> None:
        nonlocal began_s
        if told["generation"] != _FULL:
            return
        if phase == "start":
            began_s = time.perf_counter()
        elif time.perf_counter() - began_s > long_s:
            gc.freeze()

    gc.callbacks.append(collecting)
    try:
        yield
    finally:
        gc.callbacks.remove(collecting)
