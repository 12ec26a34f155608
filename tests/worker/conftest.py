import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.worker import SharedState


@pytest.fixture
def run_directory() -> Iterator[Path]:
    # Short, as the paths of sockets must be.
    with tempfile.TemporaryDirectory(prefix="angarium-") as directory:
        yield Path(directory)


@pytest.fixture
def state(run_directory: Path) -> Iterator[SharedState]:
    made = SharedState.create(run_directory / "state", segments=3, sessions_max=64)
    for segment in (1, 2, 3):
        made.take_segment(segment, 1000 + segment)
    yield made
    made.close()
