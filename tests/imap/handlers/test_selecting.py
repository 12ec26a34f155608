"""SELECT and its like, beyond what the transcripts say."""

import asyncio
from pathlib import Path

import pytest
from tests.imap.transcript import log_in, open_services


@pytest.mark.parametrize(
    ("rights", "permanent", "code"),
    [
        ("lr", "", "READ-ONLY"),
        ("lrs", "\\Seen", "READ-WRITE"),
        ("lrt", "\\Deleted", "READ-WRITE"),
        ("lrw", "\\Answered \\Flagged \\Draft $Work \\*", "READ-WRITE"),
        ("lri", "", "READ-WRITE"),
        ("lre", "", "READ-WRITE"),
        ("lrswte", "\\Answered \\Flagged \\Draft \\Deleted \\Seen $Work \\*", "READ-WRITE"),
    ],
)
def test_permanent_flags_are_those_that_the_rights_allow(
    rights: str, permanent: str, code: str, tmp_path: Path
) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
            await alice.ask("a APPEND INBOX ($Work) {16+}\r\nSubject: One\r\n\r\n")
            await alice.ask(f"a SETACL INBOX bob {rights}")
            lines = await bob.ask('a SELECT "Other Users/alice"')
            assert f"* OK [PERMANENTFLAGS ({permanent})] Ok" in lines
            assert lines[-1] == f"a OK [{code}] Completed"

    asyncio.run(talk())


@pytest.mark.parametrize("rights", ["l", "", "lswi"])
def test_reading_needs_its_right(rights: str, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
            if rights:
                await alice.ask(f"a SETACL INBOX bob {rights}")
            (answer,) = await bob.ask('a SELECT "Other Users/alice"')
            refused = "[NOPERM] Permission denied" if rights else "[NONEXISTENT] Mailbox does not exist"
            assert answer == f"a NO {refused}"

    asyncio.run(talk())


def test_server_may_be_read_only(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path, "readonly: yes") as services:
            alice = await log_in(services, "alice")
            assert (await alice.ask("a SELECT INBOX"))[-1] == "a OK [READ-ONLY] Completed"

    asyncio.run(talk())


@pytest.mark.parametrize(("rights", "left"), [("lrt", 1), ("lrte", 0)])
def test_close_expunges_silently_and_as_far_as_the_rights_go(rights: str, left: int, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
            await alice.ask("a APPEND INBOX (\\Deleted) {16+}\r\nSubject: One\r\n\r\n")
            await alice.ask(f"a SETACL INBOX bob {rights}")
            await bob.ask('a SELECT "Other Users/alice"')
            assert await bob.ask("a CLOSE") == ["a OK Completed"]
            assert (await alice.ask("a STATUS INBOX (MESSAGES)"))[0] == f"* STATUS INBOX (MESSAGES {left})"

    asyncio.run(talk())
