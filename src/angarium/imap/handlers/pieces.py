"""Sending what is long in pieces."""

import asyncio
from collections.abc import Iterator

from angarium.imap.session import ImapSession


async def send_pieces(session: ImapSession, pieces: Iterator[bytes]) -> None:
    """Write a response at the client's pace; others have their turn between its pieces."""
    session.output.write(next(pieces))
    for piece in pieces:
        session.output.write(piece)
        await session.output.drain()
        await asyncio.sleep(0)
