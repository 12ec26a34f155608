"""SEARCH, beyond what the transcripts say."""

import asyncio
from pathlib import Path

import pytest
from tests.imap.transcript import log_in, open_services


@pytest.mark.parametrize(
    ("program", "knows"),
    [
        ("MODSEQ 99999", True),
        ("NOT MODSEQ 1", True),
        ("OR SEEN (UNSEEN MODSEQ 99999)", True),
        ("OR SEEN (UNSEEN FLAGGED)", False),
    ],
)
def test_mod_sequences_are_noticed_anywhere(program: str, knows: bool, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask("a SELECT INBOX")
            lines = await alice.ask(f"a SEARCH {program}")
            assert ("CONDSTORE enabled by MODSEQ search" in lines[0]) is knows
            assert "* SEARCH" in lines
            assert alice.session.condstore is knows

    asyncio.run(talk())
