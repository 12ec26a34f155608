"""What is said to a clamd (clamd(8), INSTREAM): the message in pieces, each with its length, and one line back.

Such a connection serves one message. A clamd to which it is too large says so while it is still being sent, and closes.
"""

import asyncio
import re
import struct
from typing import Final

from angarium.config.options import ClamdHost, ClamdSocket

_PIECE_OCTETS: Final = 64 * 1024
_REPLY_OCTETS: Final = 4096
_LENGTH: Final = struct.Struct("!I")
_NAME: Final = re.compile(r"(?:.*?: )?(?P<name>.*) FOUND", re.DOTALL)


class ClamdFailed(Exception):
    """It gave no verdict; `str()` says why."""


async def found_by_clamd(clamd: ClamdSocket | ClamdHost, message: memoryview) -> str | None:
    """The name of the virus in a message, None for none; holds no more of it than a piece. ClamdFailed, OSError."""
    match clamd:
        case ClamdSocket(path):
            reader, writer = await asyncio.open_unix_connection(str(path), limit=_REPLY_OCTETS)
        case ClamdHost(host, port):
            reader, writer = await asyncio.open_connection(host, port, limit=_REPLY_OCTETS)
    try:
        is_whole = await _send(writer, message)
        reply = await _reply(reader)
    finally:
        writer.transport.abort()
    if not reply:
        # What it said on its way out may be lost with the connection.
        raise ClamdFailed("it gave no answer" if is_whole else "it broke off, perhaps by its StreamMaxLength")
    return _name_in(reply)


async def _send(writer: asyncio.StreamWriter, message: memoryview) -> bool:
    """Whether it took all of it."""
    writer.write(b"zINSTREAM\0")
    try:
        for offset in range(0, len(message), _PIECE_OCTETS):
            piece = message[offset : offset + _PIECE_OCTETS]
            writer.write(_LENGTH.pack(len(piece)))
            writer.write(bytes(piece))
            await writer.drain()
        writer.write(_LENGTH.pack(0))
        await writer.drain()
    except ConnectionError:
        return False
    return True


async def _reply(reader: asyncio.StreamReader) -> str:
    """One line; empty where there was none."""
    try:
        line = await reader.readuntil(b"\0")
    except asyncio.IncompleteReadError as error:
        line = error.partial
    except asyncio.LimitOverrunError:
        raise ClamdFailed("its answer does not end") from None
    except ConnectionError:
        return ""
    return line.rstrip(b"\0\n").decode("utf-8", "replace")


def _name_in(reply: str) -> str | None:
    if reply.endswith(": OK"):
        return None
    match = _NAME.fullmatch(reply)
    if match is None:
        raise ClamdFailed(reply[:200])
    return match["name"]
