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


def test_a_message_whose_file_is_gone_hides_no_other(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("sqlite", tmp_path) as services:
            alice = await log_in(services, "alice")
            for _ in range(3):
                await alice.ask(b"a APPEND INBOX {29+}\r\nSubject: One\r\n\r\nneedle here\r\n")
            (file,) = tmp_path.rglob("2.")
            file.unlink()
            await alice.ask("a SELECT INBOX")
            for asked, found in (
                ("SEARCH BODY needle", "* SEARCH 1 3"),
                ("SEARCH TEXT needle", "* SEARCH 1 3"),
                ("SEARCH SUBJECT one", "* SEARCH 1 2 3"),
                ("SORT (SUBJECT) UTF-8 BODY needle", "* SORT 1 3"),
            ):
                line, answer = await alice.ask(f"a {asked}")
                assert (line, answer[:14]) == (found, "a OK Completed")

    asyncio.run(talk())
