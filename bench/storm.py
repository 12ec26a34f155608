"""Two hundred phones that log in at the same moment, over TLS, as behind a failure of the network.

They meet a server of their own that has one processor, and so one worker; they have the others, where there are others.
So its loop waits for nobody but its own threads, and what it says itself of the times when it stood still is of it.
"""

import asyncio
import os
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.errors import BenchError
from bench.proctime import cpu_ms
from bench.servers import LOG, Server, start_angarium_on

PHONES: Final = 200
_USERS: Final = tuple(f"phone{number:02d}" for number in range(40))
_WAVES_AGAIN: Final = 3
_SETTLE_S: Final = 1.0
_TIMEOUT_S: Final = 120.0
_STALL: Final = re.compile(r" loop_stalled duration_ms=([\d.]+) cpu_ms=([\d.]+) ")


@dataclass(frozen=True, slots=True)
class Wave:
    """What one phone took; the last figure is the median of all."""

    cpu_ms: float
    wall_ms: float


@dataclass(frozen=True, slots=True)
class Stall:
    """A time when the loop did nothing else."""

    duration_ms: float
    cpu_ms: float
    """What it has computed meanwhile; for the rest it waited."""


@dataclass(frozen=True, slots=True)
class Storm:
    first: Wave
    again: Wave
    """The least of some."""
    stalls: tuple[Stall, ...]


def raise_storm(directory: Path, *, python: Path) -> Storm:
    """All of it, below this directory; takes some twenty seconds, most of them for the users' keys."""
    processors = sorted(os.sched_getaffinity(0))
    server = start_angarium_on(processors[0], directory, _USERS, python=python)
    try:
        with _only_on(processors[1:] or processors):
            first = _wave(server)
            again = [_wave(server) for _ in range(_WAVES_AGAIN)]
        log = (directory / LOG).read_text()
    finally:
        server.stop()
    least = Wave(min(wave.cpu_ms for wave in again), min(wave.wall_ms for wave in again))
    return Storm(first, least, tuple(parse_stalls(log)))


def parse_stalls(log: str) -> Iterator[Stall]:
    """Those that the log of a server tells of."""
    for duration_ms, computed_ms in _STALL.findall(log):
        yield Stall(float(duration_ms), float(computed_ms))


def _wave(server: Server) -> Wave:
    before = cpu_ms(server.pid)
    walls_ms = asyncio.run(_log_in_all(server))
    time.sleep(_SETTLE_S)
    return Wave((cpu_ms(server.pid) - before) / PHONES, median(walls_ms))


async def _log_in_all(server: Server) -> list[float]:
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    async with asyncio.timeout(_TIMEOUT_S), asyncio.TaskGroup() as group:
        phones = [
            group.create_task(_log_in(server, _USERS[number % len(_USERS)], trusting)) for number in range(PHONES)
        ]
    return [phone.result() for phone in phones]


async def _log_in(server: Server, user: str, trusting: ssl.SSLContext) -> float:
    """Connection, LOGIN, LOGOUT; gives how long it took, in milliseconds."""
    started_s = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.imaps, ssl=trusting)
    await reader.readline()
    writer.write(f"a LOGIN {user} {server.passwords[user]}\r\n".encode())
    answer = await reader.readline()
    if not answer.startswith(b"a OK"):
        raise BenchError(f"{user}: {answer!r}")
    writer.write(b"b LOGOUT\r\n")
    await reader.read()
    writer.close()
    await writer.wait_closed()
    return (time.perf_counter() - started_s) * 1000


@contextmanager
def _only_on(processors: list[int]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
