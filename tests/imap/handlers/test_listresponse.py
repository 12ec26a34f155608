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
            for name in ("a*", "ab", "nosuch"):
                await send_list_response(alice.session, alice.session.mailbox_name(name.encode()), asked_as=name)
            alice.session.output.flush()
            lines = alice.pending_lines()
            assert lines[-1] == '* LIST (\\Subscribed \\HasNoChildren \\Drafts) "/" ab'
            assert len(lines) == 2
            assert lines[0].startswith('* LIST (\\HasNoChildren) "/" ')

    asyncio.run(talk())


def test_mailboxes_that_may_not_be_known_of_are_not_told(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
            name = bob.session.mailbox_name(b"INBOX")
            if alice.session.names.shows(name):
                await send_list_response(alice.session, name, asked_as="x")
            assert alice.pending_lines() == []

    asyncio.run(talk())
