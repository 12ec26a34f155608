"""COMPRESS=DEFLATE and UNAUTHENTICATE, as the octets of a connection."""

import asyncio
import os
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.imap.transcript import Connection, log_in, open_services

from angarium.imap.session import ImapSession


class Deflating:
    """A client that has sent COMPRESS."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._out = zlib.compressobj(6, zlib.DEFLATED, -15)
        self._in = zlib.decompressobj(-15)

    def deflated(self, octets: bytes) -> bytes:
        return self._out.compress(octets) + self._out.flush(zlib.Z_SYNC_FLUSH)

    async def ask(self, octets: bytes) -> bytes:
        await self.connection.send(self.deflated(octets))
        return self.told()

    def told(self) -> bytes:
        return self._in.decompress(self.connection.take_written())

    @property
    def is_at_end(self) -> bool:
        return self._in.eof

    @property
    def behind_end(self) -> bytes:
        return self._in.unused_data


async def _compress(connection: Connection) -> Deflating:
    assert await connection.ask("c compress deflate") == ["c OK DEFLATE active"]
    return Deflating(connection)


def _run(test: Callable[[Connection], Awaitable[None]], directory: Path, options: str = "") -> None:
    async def talk() -> None:
        async with open_services("memory", directory, options) as services:
            await test(await log_in(services, "alice"))

    asyncio.run(talk())


def test_behind_its_answer_all_is_compressed_in_both_directions(tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        client = await _compress(alice)
        assert await client.ask(b"d NOOP\r\ne NOOP\r\n") == b"d OK Completed\r\ne OK Completed\r\n"
        assert (await client.ask(b"f SELECT INBOX\r\n")).endswith(b"f OK [READ-WRITE] Completed\r\n")

    _run(test, tmp_path)


def test_what_the_client_sent_at_once_with_the_command_is_compressed_too(tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        client = Deflating(alice)
        await alice.send(b"c COMPRESS DEFLATE\r\n" + client.deflated(b"d NOOP\r\n"))
        written = alice.take_written()
        plain = b"c OK DEFLATE active\r\n"
        assert written.startswith(plain)
        assert zlib.decompressobj(-15).decompress(written[len(plain) :]) == b"d OK Completed\r\n"

    _run(test, tmp_path)


def test_a_message_goes_in_and_out(tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        client = await _compress(alice)
        body = os.urandom(30_000).hex().encode() + b"\r\n"
        message = b"Subject: Large\r\n\r\n" + body * 4
        answer = await client.ask(b"a APPEND INBOX {%d+}\r\n" % len(message) + message + b"\r\n")
        assert b"a OK [APPENDUID" in answer
        await client.ask(b"b SELECT INBOX\r\n")
        assert message in await client.ask(b"c FETCH 1 BODY.PEEK[]\r\n")

    _run(test, tmp_path)


@pytest.mark.parametrize(
    ("argument", "answer"),
    [("GZIP", b"d BAD Unknown COMPRESS algorithm"), ("", b"d BAD Missing required argument to Compress")],
)
def test_other_algorithms_are_none(argument: str, answer: bytes, tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        assert await alice.ask(f"d COMPRESS {argument}".strip()) == [answer.decode()]
        assert await alice.ask("e NOOP") == ["e OK Completed"]

    _run(test, tmp_path)


def test_it_cannot_be_done_twice(tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        client = await _compress(alice)
        assert await client.ask(b"d COMPRESS DEFLATE\r\n") == (
            b"d BAD [COMPRESSIONACTIVE] DEFLATE active via COMPRESS\r\n"
        )
        assert await client.ask(b"e NOOP\r\n") == b"e OK Completed\r\n"

    _run(test, tmp_path)


def test_broken_data_ends_the_session(tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        client = await _compress(alice)
        await alice.send(b"d NOOP\r\n")
        assert client.told() == b"* BYE Compressed data is broken\r\n"
        assert alice.session.close_after_answer

    _run(test, tmp_path)


def test_a_bomb_is_taken_in_turns_and_never_held(tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        client = await _compress(alice)
        bomb = client.deflated(bytes(50_000_000))
        turns = 0

        async def count_turns() -> None:
            nonlocal turns
            while True:
                turns += 1
                assert alice.session.parser.buffered_octets < 2_000_000
                await asyncio.sleep(0)

        counting = asyncio.create_task(count_turns())
        await alice.send(bomb)
        counting.cancel()
        assert turns > 50_000_000 / 16_384 / 40
        assert b"BAD Line too long" in client.told()

    _run(test, tmp_path)


@pytest.mark.parametrize("ends_stream", [False, True])
def test_unauthenticate_ends_the_compression(ends_stream: bool, tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        client = await _compress(alice)
        stream = client.deflated(b"d UNAUTHENTICATE\r\n") + (b"\x03\x00" if ends_stream else b"")
        await alice.send(stream + b"e LOGIN bob secret\r\n")
        told = client.told()
        assert told.startswith(b"d OK [CAPABILITY IMAP4rev1 ")
        assert client.is_at_end
        assert client.behind_end.startswith(b"e OK [CAPABILITY ")
        again = await _compress(alice)
        assert await again.ask(b"f NOOP\r\n") == b"f OK Completed\r\n"

    _run(test, tmp_path)


KEPT_BY_UNAUTHENTICATE = {
    "client_id",
    "client_name",
    "client_version",
    "output",
    "parser",
    "peer",
    "place",
    "services",
    "started_s",
    "tag",
    "wake",
}


def test_unauthenticate_leaves_nothing_of_the_session(tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        fresh = Connection(alice.session.services, "fresh", is_tls=False, by_octet=False).session
        bob = await log_in(alice.session.services, "bob")
        for line in (
            'a ID ("name" "x")',
            "a ENABLE CONDSTORE QRESYNC UIDONLY IMAP4rev2",
            "a SELECT INBOX",
            "a UID SEARCH RETURN (SAVE) ALL",
            "a LANGUAGE i-default",
            "a COMPARATOR i;octet",
            "a NOTIFY SET (PERSONAL (MessageNew MessageExpunge))",
            "a UID SEARCH RETURN (UPDATE) ALL",
        ):
            await bob.ask(line)
        (answer,) = await bob.ask("a UNAUTHENTICATE")
        assert answer.startswith("a OK ")
        for name in sorted(set(ImapSession.__slots__) - KEPT_BY_UNAUTHENTICATE):
            assert getattr(bob.session, name) == getattr(fresh, name), name
        assert bob.session.parser.dialect == fresh.parser.dialect
        assert bob.session.parser.limits == fresh.parser.limits
        assert bob.session.parser.state is fresh.parser.state

    _run(test, tmp_path)
