"""State of a session above its octets."""

import asyncio
from pathlib import Path

import pytest
from tests.imap.transcript import Connection, log_in, open_services

from angarium.errors import MailboxNameInvalid
from angarium.imap.dialect import Extension
from angarium.imap.responses import Condition
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
            before, after = services.limits_before_login, services.limits_after_login
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


def test_names_are_utf_8_once_the_client_has_enabled_what_brings_it(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            session = (await log_in(services, "alice")).session
            session.enable(Extension.UTF8_ACCEPT)
            name = session.mailbox_name("Entwürfe/a&-b".encode())
            assert name == MailboxName(("user", "alice", "Entwürfe", "a&-b"))
            assert session.encode_name(name) == "Entwürfe/a&-b".encode()
            for octets in (b"\xff", b"\xed\xa0\x80", "a\u2028".encode()):
                with pytest.raises(MailboxNameInvalid):
                    session.mailbox_name(octets)

    asyncio.run(talk())


def test_the_parser_goes_by_what_is_enabled(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            session = (await log_in(services, "alice")).session
            assert not session.enabled
            session.enable(Extension.QRESYNC)
            assert session.enabled == session.parser.dialect.enabled == {Extension.QRESYNC, Extension.CONDSTORE}
            assert session.condstore
            assert not session.is_rev2

    asyncio.run(talk())


HIDING = """\
suppress_capabilities: UIDPLUS
hide_capabilities: name:"Old Mail" version:1.* QRESYNC UIDONLY; user:bob SORT; address:192.0.2.0/24 PREVIEW; \\
 address:198.51.100.1 ID
"""


def test_capabilities_are_hidden_by_what_is_known_of_a_client(tmp_path: Path) -> None:
    async def capabilities(connection: Connection) -> set[str]:
        told, _ = await connection.ask("a CAPABILITY")
        return set(told.split())

    async def talk() -> None:
        async with open_services("memory", tmp_path, HIDING) as services:
            alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
            everything = await capabilities(alice)
            assert {"QRESYNC", "UIDONLY", "SORT", "ID"} <= everything
            assert everything.isdisjoint({"UIDPLUS", "PREVIEW"})
            assert everything - await capabilities(bob) == {name for name in everything if "SORT" in name}
            await alice.ask('a ID ("name" "old mail" "version" "2.0")')
            assert await capabilities(alice) == everything
            await alice.ask('a ID ("NAME" "old mail" "version" "1.5")')
            assert everything - await capabilities(alice) == {"QRESYNC", "UIDONLY"}
            await alice.ask("a ID NIL")
            assert await capabilities(alice) == everything

    asyncio.run(talk())


def test_extensions_that_are_hidden_are_refused(tmp_path: Path) -> None:
    async def talk() -> None:
        options = "hide_capabilities: user:bob UIDONLY COMPRESS=DEFLATE MOVE IDLE NAMESPACE UNSELECT"
        async with open_services("memory", tmp_path, options) as services:
            alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
            assert await bob.ask("a ENABLE UIDONLY CONDSTORE") == ["* ENABLED CONDSTORE", "a OK Completed"]
            await bob.ask("a SELECT INBOX")
            for command in ("COMPRESS DEFLATE", "MOVE 1 x", "IDLE", "NAMESPACE", "UNSELECT"):
                assert await bob.ask(f"a {command}") == ["a BAD Unrecognized command"]
            assert await alice.ask("a ENABLE UIDONLY CONDSTORE") == ["* ENABLED UIDONLY CONDSTORE", "a OK Completed"]
            # what the connection of another user is told is not what the next one on it is
            await bob.ask("a UNAUTHENTICATE")
            await bob.ask("a LOGIN alice secret")
            assert await bob.ask("a COMPRESS DEFLATE") == ["a OK DEFLATE active"]

    asyncio.run(talk())


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (b"LIST {4096+}\r\n" + b"x" * 4096 + b' ""', "a OK "),
        (b"LIST {4097+}\r\n" + b"x" * 4097 + b' ""', "a BAD [TOOBIG] "),
        (b"APPEND INBOX {4096+}\r\n" + b"A: b\r\n\r\n" + b"x" * 4088, "a OK "),
        (b"APPEND INBOX {4097+}\r\n" + b"A: b\r\n\r\n" + b"x" * 4089, "a BAD [TOOBIG] "),
    ],
)
def test_literal_minus_has_a_limit_for_literals_that_come_unasked(command: bytes, answer: str, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path, "literalminus: yes") as services:
            alice = await log_in(services, "alice")
            (*_, told) = await alice.ask(b"a " + command)
            assert told.startswith(answer)
            assert await alice.ask(b"b NOOP") == ["b OK Completed"]
            first, *_ = await alice.ask(b"a APPEND INBOX {5000}")
            assert first == "+ go ahead"

    asyncio.run(talk())
