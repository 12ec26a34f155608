"""The commands about scripts, beyond what the transcripts have."""

import asyncio

import pytest
from tests.managesieve.office import Office, settings
from tests.store.world import AUTHOR, World

from angarium.engine.rows import ModSeq
from angarium.engine.scripts import PutScript


async def test_quotas(world: World, runner: asyncio.Runner) -> None:
    office = Office(world, settings("sieve_maxscripts: 2\nsieve_maxscriptsize: 1"))
    many = b'NO (QUOTA/MAXSCRIPTS) "You are only allowed 2 scripts on this server"\r\n'
    large = b'NO (QUOTA/MAXSIZE) "Script size is too large. Max script size is 1024 bytes"\r\n'
    text = b"#" * 1025
    async with office.client() as client:
        await client.log_in()
        assert await client.do(b'HAVESPACE "a" 1024') == b"OK\r\n"
        assert await client.do(b'HAVESPACE "a" 1025') == large
        assert await client.do(b'HAVESPACE "" 1') == b'NO "Invalid script name"\r\n'
        assert await client.do(b'PUTSCRIPT "a" "keep;"') == b"OK\r\n"
        assert await client.do(b'PUTSCRIPT "b" {1024+}\r\n' + text[1:]) == b"OK\r\n"
        assert await client.do(b'PUTSCRIPT "b" {1025+}\r\n' + text) == large
        assert await client.do(b'PUTSCRIPT "b" "%s"' % text) == large
        assert await client.do(b'PUTSCRIPT "c" "keep;"') == many
        assert await client.do(b'HAVESPACE "c" 1') == many
        assert await client.do(b'HAVESPACE "a" 1') == b"OK\r\n"
        assert await client.do(b'PUTSCRIPT "a" "stop;"') == b"OK\r\n"
        # §2.12: a check asks nothing of quotas.
        assert await client.do(b'CHECKSCRIPT "keep;"') == b"OK\r\n"
        assert await client.do(b'CHECKSCRIPT "%s"' % text) == b'NO "Script is too large to be checked"\r\n'
    assert {name: row.content for name, row in (await office.scripts()).items()} == {"a": b"stop;", "b": text[1:]}


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("ü" * 128, True),
        ("ü" * 129, False),
        ("\U0001f600" * 128, True),
        ("a\u0085b", False),
        ("a\u2028b", False),
        ("a\u2029b", False),
        ("a\x7fb", False),
        ("a\tb", False),
        (" ", True),
        ('"\\{3+}', True),
        ("../x", True),
    ],
)
async def test_names(office: Office, runner: asyncio.Runner, name: str, is_one: bool) -> None:
    octets = name.encode()
    literal = b"{%d+}\r\n%s" % (len(octets), octets)
    async with office.client() as client:
        await client.log_in()
        answer = await client.do(b'PUTSCRIPT %s "keep;"' % literal)
        assert answer == (b"OK\r\n" if is_one else b'NO "Invalid script name"\r\n')
        await client.do(b'PUTSCRIPT "other" "keep;"')
        answer = await client.do(b'RENAMESCRIPT "other" %s' % literal)
        assert answer == (
            b'NO (ALREADYEXISTS) "Script already exists"\r\n' if is_one else b'NO "Invalid script name"\r\n'
        )
    assert (name in await office.scripts()) is is_one


async def test_a_name_that_is_no_utf8_is_none(office: Office, runner: asyncio.Runner) -> None:
    async with office.client() as client:
        await client.log_in()
        assert await client.do(b'GETSCRIPT "\xff"') == b'NO "Invalid script name"\r\n'
        assert await client.do(b'PUTSCRIPT "\xff" {5+}\r\nkeep;') == b'NO "Invalid script name"\r\n'
        assert await client.do(b"LISTSCRIPTS") == b"OK\r\n"


async def test_a_script_that_cannot_be_run_any_more_is_not_made_the_active_one(
    office: Office, runner: asyncio.Runner
) -> None:
    account = await office.account()
    await office.world.engine.write(account, PutScript("old", b"nonsense;", AUTHOR))
    async with office.client() as client:
        await client.log_in()
        answer = await client.do(b'SETACTIVE "old"')
        assert answer.startswith(b"NO {")
        assert b"line 1, column 1: " in answer
        # It can be looked at, and removed.
        assert await client.do(b'GETSCRIPT "old"') == b"{9}\r\nnonsense;\r\nOK\r\n"
        assert await client.do(b'DELETESCRIPT "old"') == b"OK\r\n"
    assert await office.world.engine.active_script(account) is None


async def test_a_script_with_a_mistake_leaves_the_active_one_as_it_is(office: Office, runner: asyncio.Runner) -> None:
    async with office.client() as client:
        await client.log_in()
        await client.do(b'PUTSCRIPT "x" "keep;"')
        await client.do(b'SETACTIVE "x"')
        assert (await client.do(b'PUTSCRIPT "x" "keep"')).startswith(b"NO {")
        # RFC 5463: what `ihave` asks for need not be known here.
        ihave = b'require "ihave"; if ihave "vnd.nobody" { nonsense; }'
        assert await client.do(b"CHECKSCRIPT {%d+}\r\n%s" % (len(ihave), ihave)) == b"OK\r\n"
    row = (await office.scripts())["x"]
    assert (row.content, row.is_active) == (b"keep;", True)


async def test_scripts_in_home_directories_are_not_changed_here(world: World, runner: asyncio.Runner) -> None:
    office = Office(world, settings("sieveusehomedir: yes"))
    async with office.client() as client:
        await client.log_in()
        for line in (
            b'HAVESPACE "x" 1',
            b'PUTSCRIPT "x" "keep;"',
            b'SETACTIVE ""',
            b'DELETESCRIPT "x"',
            b'RENAMESCRIPT "x" "y"',
        ):
            assert await client.do(line) == b'NO "Scripts are files in home directories here"\r\n'
        assert await client.do(b"LISTSCRIPTS") == b"OK\r\n"
        assert await client.do(b'CHECKSCRIPT "keep;"') == b"OK\r\n"


async def test_the_change_log_tells_who_it_was(world: World, runner: asyncio.Runner) -> None:
    office = Office(world, settings())
    async with office.client() as client:
        await client.log_in()
        await client.do(b'PUTSCRIPT "x" "keep;"')
    account = await office.account()
    changes = await world.engine.changes(account, since=ModSeq(0), limit=1000)
    assert (changes[-1].operation, changes[-1].actor, changes[-1].client) == ("putscript", "alice", "sieve 127.0.0.1")
