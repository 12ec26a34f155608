"""The LIST response of commands that are not LIST."""

import asyncio
from pathlib import Path

from tests.imap.transcript import log_in, open_services

from angarium.imap.handlers.listresponse import send_list_response


def test_it_is_about_one_mailbox_whatever_its_name_means_to_list(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask("a CREATE a")
            await alice.ask("a CREATE a*")
            await alice.ask("a CREATE ab (USE (\\Drafts))")
            await alice.ask("a SUBSCRIBE ab")
            for name in ("a*", "ab"):
                await send_list_response(alice.session, alice.session.mailbox_name(name.encode()), asked_as=name)
            alice.session.output.flush()
            lines = alice.pending_lines()
            assert lines[-1] == '* LIST (\\Subscribed \\HasNoChildren \\Drafts) "/" ab'
            assert len(lines) == 2
            assert lines[0].startswith('* LIST (\\HasNoChildren) "/" ')

    asyncio.run(talk())


def test_one_that_list_hides_is_told_to_who_selects_it(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
            await alice.ask("a CREATE Work")
            await alice.ask("a SETACL Work bob rs")
            name = '"Other Users/alice/Work"'
            assert [line for line in await bob.ask(f"a LIST {name} {name}") if line.startswith("*")] == []
            await bob.ask("a ENABLE IMAP4rev2")
            assert f'* LIST () "/" {name}' in await bob.ask(f"a SELECT {name}")

    asyncio.run(talk())


def test_its_use_is_told_where_list_tells_it_unasked(tmp_path: Path) -> None:
    async def talk(options: str) -> str:
        async with open_services("memory", tmp_path, options) as services:
            alice = await log_in(services, "alice")
            await alice.ask("a CREATE ab (USE (\\Drafts))")
            await send_list_response(alice.session, alice.session.mailbox_name(b"ab"), asked_as="ab")
            alice.session.output.flush()
            return alice.pending_lines()[-1]

    assert asyncio.run(talk("")) == '* LIST (\\HasNoChildren \\Drafts) "/" ab'
    assert asyncio.run(talk("specialusealways: no\n")) == '* LIST (\\HasNoChildren) "/" ab'
