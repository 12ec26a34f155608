"""Deadlines of connections, kept by one sweep."""

import asyncio
import time
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.imap.sockets import eventually, serve

_OPTIONS = "login_timeout: 60\ntimeout: 30\nimapidletimeout: 60"


def _move_clock(monkeypatch: pytest.MonkeyPatch, seconds: float) -> asyncio.Event:
    """Whoever waits for the event goes on when one whole sweep has gone by the moved clock."""
    swept = asyncio.Event()

    def monotonic() -> float:
        swept.set()
        return time.monotonic() + seconds

    monkeypatch.setattr("angarium.imap.factory.time", SimpleNamespace(monotonic=monotonic))
    return swept


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("angarium.imap.factory._SWEEP_S", 0.001)


def test_stranger_has_the_login_timeout_however_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk() -> None:
        async with serve(tmp_path, options=_OPTIONS) as server:
            stranger, alice = await server.connect(), await server.log_in()
            await stranger.line()
            _move_clock(monkeypatch, 61)
            server.door.seats[0].connection.active_s += 1000
            assert await stranger.rest() == b"* BYE Autologout; idle for too long\r\n"
            assert await alice.ask(b"NOOP") == [b"t OK Completed"]

    asyncio.run(talk())


def test_users_have_the_time_of_the_options_and_more_in_idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk() -> None:
        async with serve(tmp_path, options=_OPTIONS) as server:
            silent, idling = await server.log_in(), await server.log_in()
            idling.send(b"i IDLE\r\n")
            await idling.line()
            _move_clock(monkeypatch, 31 * 60)
            assert await silent.rest() == b"* BYE Autologout; idle for too long\r\n"
            idling.send(b"DONE\r\ni IDLE\r\n")
            assert [await idling.line(), await idling.line()] == [b"i OK Completed", b"+ idling"]
            _move_clock(monkeypatch, 61 * 60)
            assert await idling.rest() == b"* BYE Autologout; idle for too long\r\n"

    asyncio.run(talk())


def test_idle_has_no_more_time_than_timeout_where_it_has_none_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk() -> None:
        # Less than the 30 minutes of RFC 9051 §5.4 is not taken.
        async with serve(tmp_path, options="timeout: 5") as server:
            # Both before the clock is moved: a stranger would be past the login timeout at once.
            idling, silent = await server.log_in(), await server.log_in()
            idling.send(b"i IDLE\r\n")
            await idling.line()
            await asyncio.wait_for(_move_clock(monkeypatch, 29 * 60).wait(), 10)
            assert await silent.ask(b"NOOP") == [b"t OK Completed"]
            idling.send(b"DONE\r\ni IDLE\r\n")
            assert [await idling.line(), await idling.line()] == [b"i OK Completed", b"+ idling"]
            connection = server.door.seats[0].connection
            connection.active_s -= 2 * 60
            connection.wake()  # what we tell is nothing that the client did
            assert await idling.rest() == b"* BYE Autologout; idle for too long\r\n"

    asyncio.run(talk())


def test_a_silent_client_costs_no_memory_for_compression_and_goes_on(tmp_path: Path) -> None:
    async def talk() -> None:
        async with serve(tmp_path) as server:
            alice = await server.log_in()
            await alice.ask(b"COMPRESS DEFLATE")
            session = server.door.seats[0].connection.session
            assert session is not None
            deflater = session.output.deflater
            assert deflater is not None
            out, into = zlib.compressobj(6, zlib.DEFLATED, -15), zlib.decompressobj(-15)
            for _ in range(3):
                alice.send(out.compress(b"a NOOP\r\n") + out.flush(zlib.Z_SYNC_FLUSH))
                told = b""
                while not told.endswith(b"\r\n"):
                    told += into.decompress(await alice.reader.read(1000))
                assert told == b"a OK Completed\r\n"
                await eventually(lambda: not deflater.holds_memory)

    asyncio.run(talk())
