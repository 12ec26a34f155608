"""STORE, beyond what the transcripts say."""

import asyncio
from pathlib import Path

from tests.imap.transcript import log_in, open_services

from angarium.engine.rows import KEYWORD_LIMIT


def test_keywords_have_an_end(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask("a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n")
            await alice.ask("a SELECT INBOX")
            keywords = " ".join([f"k{number}" for number in range(KEYWORD_LIMIT)])
            _, permanent, _, answer = await alice.ask(f"a STORE 1 FLAGS ({keywords})")
            assert permanent == (f"* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen {keywords})] Ok")
            assert answer == "a OK Completed"
            assert (await alice.ask("a STORE 1 +FLAGS (more)"))[-1] == "a NO [LIMIT] Too many user flags in mailbox"

    asyncio.run(talk())


def test_uid_store_passes_over_what_it_tells_to_be_expunged(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, other = await log_in(services, "alice"), await log_in(services, "alice")
            for _ in range(3):
                await alice.ask("a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n")
            await alice.ask("a SELECT INBOX")
            await other.ask("a SELECT INBOX")
            await alice.ask("a UID STORE 2 +FLAGS.SILENT (\\Deleted)")
            await alice.ask("a EXPUNGE")
            assert await other.ask("a UID STORE 1:3 +FLAGS (\\Seen)") == [
                "* 2 EXPUNGE",
                "* 1 FETCH (FLAGS (\\Seen) UID 1)",
                "* 2 FETCH (FLAGS (\\Seen) UID 3)",
                "a OK Completed",
            ]
            assert await alice.ask("a UID STORE 2 +FLAGS (\\Seen)") == [
                "* 1 FETCH (FLAGS (\\Recent \\Seen) UID 1)",
                "* 2 FETCH (FLAGS (\\Recent \\Seen) UID 3)",
                "a OK Completed",
            ]

    asyncio.run(talk())


def test_rights_bound_what_is_stored(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask("a APPEND INBOX (\\Flagged) {16+}\r\nSubject: One\r\n\r\n")
            for rights, stored in (("lrt", "\\Deleted"), ("lrw", "\\Flagged $Mine"), ("lrs", "\\Seen")):
                await alice.ask(f"a SETACL INBOX bob {rights}")
                bob = await log_in(services, "bob")
                await bob.ask('a SELECT "Other Users/alice"')
                (*_, told, answer) = await bob.ask("a STORE 1 +FLAGS (\\Seen \\Deleted \\Flagged $Mine)")
                assert answer == "a OK Completed"
                assert all(flag in told for flag in stored.split())
                await alice.ask("a SELECT INBOX")
                await alice.ask("a STORE 1 FLAGS.SILENT (\\Flagged)")

    asyncio.run(talk())
