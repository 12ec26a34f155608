"""Real servers for real clients."""

from collections.abc import Iterator

import pytest
from tests.server.running import RunningServer, running_server


@pytest.fixture
def server() -> Iterator[RunningServer]:
    """A server of its own for a test."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="module")
def shared_server() -> Iterator[RunningServer]:
    """One server with two workers for a module whose tests use users of their own."""
    with running_server("workers: 2\n") as running:
        yield running
