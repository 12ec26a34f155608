"""Code that is timed in a process of its own."""

import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bench.alone import measure_alone
from bench.bed import Bed
from bench.errors import BenchError
from bench.rows.filtering import time_script
from bench.rows.scanning import time_scans
from bench.servers import Server


@contextmanager
def served_by(python: Path, directory: Path) -> Iterator[Bed]:
    with subprocess.Popen(["true"]) as process:
        yield Bed(Server("angarium", "0", process, directory, 0, 0, 0, passwords={}, python=python), share=1)


def test_the_figure_is_what_the_function_gives_over_there(tmp_path: Path) -> None:
    with served_by(Path(sys.executable), tmp_path) as bed:
        assert measure_alone(bed, math.sqrt, 16).value == 4


def test_the_interpreter_is_that_of_the_server(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 7\n")
    python.chmod(0o755)
    with served_by(python, tmp_path) as bed:
        assert measure_alone(bed, math.sqrt, 16).value == 7


def test_a_function_that_fails_is_told(tmp_path: Path) -> None:
    with served_by(Path(sys.executable), tmp_path) as bed, pytest.raises(BenchError, match="math domain error"):
        measure_alone(bed, math.sqrt, -1)


@pytest.mark.parametrize("take", [time_scans, time_script])
def test_rows_without_a_server_are_timed_over_there(tmp_path: Path, take: Callable[[int], float]) -> None:
    with served_by(Path(sys.executable), tmp_path) as bed:
        assert 0 < measure_alone(bed, take, 1).value < 1000
