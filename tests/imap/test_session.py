"""State of a session above its octets."""

import asyncio
from pathlib import Path

import pytest
from tests.imap.transcript import log_in, open_services

from angarium.errors import MailboxNameInvalid
from angarium.imap.responses import Condition
from angarium.imap.session import limits_after_login, limits_before_login
from angarium.imap.states import State
from angarium.names import MailboxName


def test_states_follow_what_is_selected(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            session = alice.session
            states = [session.parser.state]
            await alice.ask("a SELECT INBOX")
            states.append(session.parser.state)
            assert session.mailbox.mailbox.name == MailboxName.from_internal("user.alice")
            session.close_mailbox()
            session.close_mailbox()
            states.append(session.parser.state)
            await alice.ask("a LOGOUT")
            session.close_mailbox()
            states.append(session.parser.state)
            assert states == [State.AUTHENTICATED, State.SELECTED, State.AUTHENTICATED, State.LOGOUT]

    asyncio.run(talk())


def test_names_are_modified_utf_7(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            session = (await log_in(services, "alice")).session
            name = session.mailbox_name(b"Entw&APw-rfe/a&-b")
            assert name == MailboxName(("user", "alice", "Entw\u00fcrfe", "a&b"))
            assert session.encode_name(name) == b"Entw&APw-rfe/a&-b"
            assert session.encode_text("\u00fc") == b"&APw-"
            with pytest.raises(MailboxNameInvalid):
                session.mailbox_name(b"\xc3\xbc")

    asyncio.run(talk())


def test_strangers_have_smaller_limits(tmp_path: Path) -> None:
    async def talk() -> None:
        options = "max_line_before_login: 2000\nmaxliteral: 70000\nmaxmessagesize: 5000"
        async with open_services("memory", tmp_path, options) as services:
            before, after = limits_before_login(services), limits_after_login(services)
            assert before.line_octets == 2000
            assert (after.literal_octets, after.message_octets) == (70000, 5000)
            assert before.literal_octets < after.literal_octets
            assert before.command_octets < after.command_octets
            alice = await log_in(services, "alice")
            assert alice.session.parser.limits == after

    asyncio.run(talk())


def test_watching_ends_with_idle_though_the_mailbox_is_gone(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask("a SELECT INBOX")
            session = alice.session
            session.start_idling()
            assert session.watched == session.mailbox.mailbox.account
            session.close_mailbox()
            session.stop_idling()
            session.stop_idling()
            assert not services.watchers.accounts

    asyncio.run(talk())


def test_answers_carry_the_tag_and_bye_closes(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            session = alice.session
            session.tag = b"x1"
            session.answer(Condition.NO, b"Not now", b"LIMIT")
            session.say_bye(b"So long")
            session.output.flush()
            assert alice.pending_lines() == ["x1 NO [LIMIT] Not now", "* BYE So long"]
            assert session.close_after_answer

    asyncio.run(talk())
