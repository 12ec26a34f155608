"""Quota roots with odd names and resources; the rest is in the transcripts."""

import asyncio
from pathlib import Path

import pytest
from tests.imap.transcript import log_in, open_services


@pytest.mark.parametrize(
    ("command", "of_cyrus", "of_alice"),
    [
        ('GETQUOTA "a%"', "NO [NONEXISTENT] Quota root does not exist", "NO [NOPERM] Permission denied"),
        ('GETQUOTA "&"', "NO [NONEXISTENT] Quota root does not exist", "NO [NOPERM] Permission denied"),
        ('SETQUOTA "" (STORAGE 1)', "NO [NONEXISTENT] Quota root does not exist", "NO [NOPERM] Permission denied"),
        ("SETQUOTA nosuch (STORAGE 1)", "NO [NONEXISTENT] Mailbox does not exist", "NO [NOPERM] Permission denied"),
        ('GETQUOTAROOT "a%"', "NO [CANNOT] Invalid mailbox name", "NO [CANNOT] Invalid mailbox name"),
    ],
)
def test_name_without_a_root(command: str, of_cyrus: str, of_alice: str, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            for user, answer in (("cyrus", of_cyrus), ("alice", of_alice)):
                connection = await log_in(services, user)
                assert await connection.ask(f"a {command}") == [f"a {answer}"]

    asyncio.run(talk())


@pytest.mark.parametrize("limits", ["(COWS 5)", "(STORAGE 1 COWS 5)"])
def test_resource_that_is_not_counted_changes_nothing(limits: str, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            cyrus, alice = await log_in(services, "cyrus"), await log_in(services, "alice")
            await cyrus.ask("a SETQUOTA user/alice (STORAGE 7)")
            (answer,) = await cyrus.ask(f"a SETQUOTA user/alice {limits}")
            assert answer.startswith("a NO [CANNOT] ")
            assert await alice.ask(f"a SETQUOTA INBOX {limits}") == ["a NO [NOPERM] Permission denied"]
            assert (await cyrus.ask("a GETQUOTA user/alice"))[0] == "* QUOTA user/alice (STORAGE 0 7)"

    asyncio.run(talk())


def test_largest_limit(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("sqlite", tmp_path) as services:
            cyrus, alice = await log_in(services, "cyrus"), await log_in(services, "alice")
            limit = 2**63 - 1
            assert (await cyrus.ask(f"a SETQUOTA user/alice (storage {limit})"))[-1] == "a OK Completed"
            assert (await alice.ask("a GETQUOTAROOT INBOX"))[1] == f"* QUOTA INBOX (STORAGE 0 {limit})"
            (answer,) = await alice.ask("a APPEND INBOX {18+}\r\nSubject: News\r\n\r\nX")
            assert answer.startswith("a OK [APPENDUID ")

    asyncio.run(talk())
