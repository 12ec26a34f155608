"""Dialogues that are written down, as lines with CRLF of `C`, the client, and `S`, the server."""

import random
from collections.abc import Callable, Iterator
from typing import TypeAlias

from tests.connections.socketclient import SocketClient

Turn: TypeAlias = tuple[str, bytes]


def said_by(side: str, turns: list[Turn]) -> bytes:
    """All that one side says."""
    return b"".join([line for kind, line in turns if kind == side])


async def play(client: SocketClient, turns: list[Turn], shown: Callable[[bytes], bytes] = bytes) -> bytes:
    """Send what the client says, and after each line of the server's wait for one; the lines that come, as shown."""
    heard = b""
    for kind, line in turns:
        if kind == "C":
            client.send(line)
        else:
            heard += shown(await client.reader.readuntil(b"\r\n"))
    return heard


def splits(octets: bytes, seeds: int) -> Iterator[list[bytes]]:
    """Octets in one piece, and in as many random ways as there are seeds."""
    yield [octets]
    for seed in range(seeds):
        chance = random.Random(seed)
        pieces, rest = [], octets
        while rest:
            size = chance.choice((1, 2, 3, 7, 50, 400))
            pieces.append(rest[:size])
            rest = rest[size:]
        yield pieces


def octet_by_octet(octets: bytes) -> list[bytes]:
    """The split with the most pieces."""
    return [bytes((octet,)) for octet in octets]
