import asyncio
from collections.abc import Iterator

import pytest
from tests.auth.world import CHEAP, Clock, new_engine

from angarium.auth import Passwords
from angarium.engine.memory import MemoryEngine


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords(CHEAP, threads=1)
    yield passwords
    passwords.close()


@pytest.fixture
def engine(runner: asyncio.Runner) -> MemoryEngine:
    return new_engine()
