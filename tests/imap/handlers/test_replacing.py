"""REPLACE beyond its transcripts."""

import asyncio
from pathlib import Path

from tests.imap.transcript import log_in, open_services


def test_a_refusal_leaves_no_view_behind(tmp_path: Path) -> None:
    """An idle session would hold it until its next command."""

    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask("a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n")
            await alice.ask("b EXAMINE INBOX")
            answers = await alice.ask("c REPLACE 1 INBOX {16+}\r\nSubject: Two\r\n\r\n")
            assert answers == ["c NO [NOPERM] Permission denied"]
            assert alice.session.mailbox._view is None

    asyncio.run(talk())
