"""What goes to a client: in few pieces, and not while it is behind."""

import asyncio
from collections.abc import Iterable

import pytest

from angarium.connections import ClientGone, Output


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.pieces += map(bytes, list_of_data)

    def is_closing(self) -> bool:
        return self.closing


def test_answer_goes_out_in_one_piece() -> None:
    transport = Transport()
    output = Output(transport)
    output.write(b"a ")
    output.write(b"OK\r\n")
    assert transport.pieces == []
    output.flush()
    output.flush()
    assert transport.pieces == [b"a OK\r\n"]
    assert output.sent_octets == 6


def test_large_pieces_are_not_copied_into_one() -> None:
    transport = Transport()
    output = Output(transport)
    large = b"x" * 70_000
    output.write(b"{70000}")
    output.write(large)
    output.flush()
    assert transport.pieces == [b"{70000}", large]


def test_answers_to_commands_sent_together_go_out_together() -> None:
    async def talk() -> None:
        transport = Transport()
        output = Output(transport)
        for answer in (b"a OK\r\n", b"b OK\r\n"):
            output.write(answer)
            output.flush_soon()
        assert transport.pieces == []
        await asyncio.sleep(0)
        assert transport.pieces == [b"a OK\r\nb OK\r\n"]
        output.write(b"c OK\r\n")
        output.flush_soon()
        await asyncio.sleep(0)
        assert transport.pieces[1:] == [b"c OK\r\n"]

    asyncio.run(talk())


def test_drain_sends_only_what_is_worth_a_piece() -> None:
    async def talk() -> None:
        transport = Transport()
        output = Output(transport)
        output.write(b"few")
        await output.drain()
        assert transport.pieces == []
        output.write(b"x" * 70_000)
        await output.drain()
        assert b"".join(transport.pieces) == b"few" + b"x" * 70_000
        assert output.sent_octets == 70_003

    asyncio.run(talk())


def test_drain_waits_while_the_client_is_behind() -> None:
    async def talk() -> None:
        output = Output(Transport())
        output.pause()
        waiting = asyncio.ensure_future(output.drain())
        await asyncio.sleep(0)
        assert output.is_paused
        assert not waiting.done()
        output.resume()
        await waiting
        assert not output.is_paused

    asyncio.run(talk())


@pytest.mark.parametrize("paused", [False, True])
def test_nobody_waits_for_a_client_that_is_gone(paused: bool) -> None:
    async def talk() -> None:
        transport = Transport()
        output = Output(transport)
        if paused:
            output.pause()
        waiting = asyncio.ensure_future(output.drain()) if paused else None
        await asyncio.sleep(0)
        transport.closing = True
        output.resume()
        with pytest.raises(ClientGone):
            await (waiting or output.drain())
        output.write(b"x")
        output.flush()
        assert transport.pieces == []

    asyncio.run(talk())
