"""Every state and every command."""

import asyncio
from typing import Final, get_args

import pytest
from tests.managesieve.office import Office

from angarium.managesieve import commands as c
from angarium.managesieve.grammar import SIGNATURES
from angarium.managesieve.states import LEGAL, State

COMMANDS: Final[dict[type[c.Command], bytes]] = {
    c.Authenticate: b'AUTHENTICATE "PLAIN" "AGFsaWNlAHNlY3JldA=="',
    c.StartTls: b"STARTTLS",
    c.Logout: b"LOGOUT",
    c.Capability: b"CAPABILITY",
    c.Noop: b"NOOP",
    c.Unauthenticate: b"UNAUTHENTICATE",
    c.HaveSpace: b'HAVESPACE "x" 1',
    c.PutScript: b'PUTSCRIPT "x" "keep;"',
    c.CheckScript: b'CHECKSCRIPT "keep;"',
    c.ListScripts: b"LISTSCRIPTS",
    c.SetActive: b'SETACTIVE ""',
    c.GetScript: b'GETSCRIPT "kept"',
    c.DeleteScript: b'DELETESCRIPT "kept"',
    c.RenameScript: b'RENAMESCRIPT "kept" "y"',
}


def test_every_command_is_here() -> None:
    every = {signature.command for signature in SIGNATURES.values()}
    assert every == set(COMMANDS)
    members = {each for union in get_args(c.Command) for each in (get_args(union) or (union,))}
    assert members == every


@pytest.mark.parametrize("state", [State.NOT_AUTHENTICATED, State.AUTHENTICATED])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
async def test_a_command_is_executed_where_it_is_legal(
    office: Office, runner: asyncio.Runner, command: type[c.Command], state: State
) -> None:
    async with office.client() as client:
        if state is State.AUTHENTICATED:
            await client.log_in()
            assert await client.do(b'PUTSCRIPT "kept" "keep;"') == b"OK\r\n"
        answer = await client.do(COMMANDS[command])
        last = answer.splitlines(keepends=True)[-1]
        if command in LEGAL[state]:
            # There is no certificate.
            expected = b"NO" if command is c.StartTls else b"OK"
            assert last.startswith(expected)
        elif state is State.NOT_AUTHENTICATED:
            assert answer == b'NO "Authenticate first"\r\n'
        else:
            assert answer in (b'NO "Already authenticated"\r\n', b'NO "Can\'t STARTTLS after AUTHENTICATE"\r\n')


async def test_nothing_is_executed_behind_a_logout(office: Office, runner: asyncio.Runner) -> None:
    said = await office.converse([b"LOGOUT\r\nNOOP\r\nLISTSCRIPTS\r\n"])
    assert said.endswith(b'\r\nOK\r\nOK "Logout Complete"\r\n')


@pytest.mark.parametrize("state", [State.NOT_AUTHENTICATED, State.AUTHENTICATED])
@pytest.mark.parametrize("name", SIGNATURES)
async def test_wrong_arguments_are_refused(office: Office, runner: asyncio.Runner, name: bytes, state: State) -> None:
    async with office.client() as client:
        if state is State.AUTHENTICATED:
            await client.log_in()
        answer = await client.do(name + b" x x x")
        is_legal = SIGNATURES[name].command in LEGAL[state]
        assert answer.startswith(b'NO "%s takes ' % name) is is_legal, answer
        assert answer.startswith(b"NO ")
        assert await client.do(b"NOOP") == b'OK "Done"\r\n'
