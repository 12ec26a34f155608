"""Code of Angarium without a server, in a process of its own, so that the interpreter that serves runs it too."""

from collections.abc import Callable

from bench.bed import Bed, Sample
from bench.interpreter import ROOT, run


def measure_alone(bed: Bed, take: Callable[[int], float], count: int) -> Sample:
    """`take`, a function of a module, is called with the count over there, and gives milliseconds of one operation."""
    code = f"from {take.__module__} import {take.__name__}; print({take.__name__}({count}))"
    return Sample(float(run(bed.python, "-c", code, directory=ROOT)))
