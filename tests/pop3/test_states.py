"""The table of what is legal, and every state with every command."""

import asyncio
from typing import get_args

import pytest
from tests.pop3.office import Office

from angarium.pop3.commands import Command
from angarium.pop3.dispatch import HANDLERS
from angarium.pop3.grammar import parse_command
from angarium.pop3.states import LEGAL, State

LINES = {
    "USER": b"USER alice",
    "PASS": b"PASS secret",
    "APOP": b"APOP alice 0123",
    "AUTH": b"AUTH",
    "STLS": b"STLS",
    "CAPA": b"CAPA",
    "UTF8": b"UTF8",
    "LANG": b"LANG",
    "STAT": b"STAT",
    "LIST": b"LIST",
    "UIDL": b"UIDL",
    "RETR": b"RETR 1",
    "TOP": b"TOP 1 1",
    "DELE": b"DELE 1",
    "RSET": b"RSET",
    "NOOP": b"NOOP",
    "QUIT": b"QUIT",
}


def test_each_state_has_its_row_and_each_command_its_handler() -> None:
    assert set(LEGAL) == set(State)
    assert set(HANDLERS) == set(get_args(Command)) == {type(parse_command(line)) for line in LINES.values()}


@pytest.mark.parametrize("state", [State.AUTHORIZATION, State.TRANSACTION])
@pytest.mark.parametrize("keyword", LINES)
async def test_what_is_not_legal_is_not_recognised(
    plain_office: Office, runner: asyncio.Runner, state: State, keyword: str
) -> None:
    await plain_office.add("user.alice", b"Subject: x\r\n\r\n")
    plain_office.with_secrets()
    line = LINES[keyword]
    async with plain_office.client("alice" if state is State.TRANSACTION else "") as client:
        answer = await client.do(line)
    is_legal = type(parse_command(line)) in LEGAL[state]
    # Without a certificate STLS is known in no state.
    assert (answer == b"-ERR Unrecognized command") is (not is_legal or keyword == "STLS")


@pytest.mark.parametrize("line", sorted(LINES.values()))
async def test_in_an_exchange_every_line_belongs_to_it(
    plain_office: Office, runner: asyncio.Runner, line: bytes
) -> None:
    async with plain_office.client() as client:
        assert await client.do(b"AUTH PLAIN") == b"+ "
        assert (await client.do(line)).startswith(b"-ERR ")
        assert await client.do(b"STAT") == b"-ERR Unrecognized command"
