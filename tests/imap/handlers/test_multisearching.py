"""ESEARCH, beyond what the transcript says."""

import asyncio
import re
from pathlib import Path

import pytest
from tests.imap.transcript import log_in, open_services

from angarium.imap.handlers import multisearching
from angarium.operations import mailboxes

_MESSAGE = b"{16+}\r\nSubject: One\r\n\r\n"


def test_too_many_mailboxes_at_once_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multisearching, "MAILBOXES_MAX", 2)

    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask("a CREATE one")
            assert (await alice.ask("a ESEARCH IN (personal) ALL"))[-1].startswith("a OK ")
            await alice.ask("a CREATE two")
            refusal = "a NO [LIMIT] Too many mailboxes to search at once"
            assert await alice.ask("a ESEARCH IN (personal) ALL") == [refusal]

    asyncio.run(talk())


def test_what_goes_meanwhile_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, other = await log_in(services, "alice"), await log_in(services, "alice")
            for name in ("one", "two"):
                await alice.ask(f"a CREATE {name}")
                await alice.ask(f"a APPEND {name} ".encode() + _MESSAGE)
            specified_mailboxes = mailboxes.specified_mailboxes

            async def slow(*arguments: object) -> object:
                found = await specified_mailboxes(*arguments)  # type: ignore[arg-type]  # whatever it was given
                await other.ask("b DELETE one")
                return found

            monkeypatch.setattr(mailboxes, "specified_mailboxes", slow)
            (told, answer) = await alice.ask("a ESEARCH IN (personal) RETURN (COUNT) ALL")
            assert re.fullmatch(r'\* ESEARCH \(TAG "a" MAILBOX two UIDVALIDITY \d+\) UID COUNT 1', told)
            assert answer.startswith("a OK Completed (1 msgs ")

    asyncio.run(talk())


def test_a_selected_mailbox_that_goes_ends_the_session(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, other = await log_in(services, "alice"), await log_in(services, "alice")
            await alice.ask("a CREATE one")
            await alice.ask("a SELECT one")
            await other.ask("b DELETE one")
            told = await alice.ask("a ESEARCH IN (personal) ALL")
            assert told[0].startswith("* BYE ")

    asyncio.run(talk())


def test_other_sessions_have_their_turn_between_mailboxes(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            for number in range(20):
                await alice.ask(f"a CREATE m{number}")
            turns = 0

            async def count() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            counting = asyncio.create_task(count())
            await alice.ask("a ESEARCH IN (personal) ALL")
            counting.cancel()
            assert turns > 20

    asyncio.run(talk())
