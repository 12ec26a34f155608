"""Commands about the session itself, beyond what the transcripts say."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.imap.transcript import Connection, log_in, open_services


def _run(test: Callable[[Connection], Awaitable[None]], directory: Path, options: str = "") -> None:
    async def talk() -> None:
        async with open_services("memory", directory, options) as services:
            await test(await log_in(services, "alice"))

    asyncio.run(talk())


@pytest.mark.parametrize(
    ("options", "start", "fields"),
    [
        ("", '* ID ("name" "Angarium" "version" "1.0" "vendor" "Angarium" "os" ', 5),
        ("serverinfo: min", '* ID ("name" "Angarium" "version" "1.0" "vendor" "Angarium")', 3),
        ("serverinfo: off", "* ID NIL", 0),
        ("imapidresponse: no", "* ID NIL", 0),
    ],
)
def test_id_says_what_the_options_allow(options: str, start: str, fields: int, tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        line, answer = await alice.ask("a ID NIL")
        assert line.startswith(start)
        assert line.count('"') == 4 * fields
        assert answer == "a OK Completed"

    _run(test, tmp_path, options)


def test_what_a_client_says_of_itself_fits_a_log_line(tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        long = "x" * 500
        await alice.ask(b'a ID ("name" {5+}\r\na\r\nb\x1b "version" NIL "vendor" "%b")' % long.encode())
        assert alice.session.client_id.startswith("name=ab vendor=xxx")
        assert len(alice.session.client_id) == 200

    _run(test, tmp_path)


@pytest.mark.parametrize("command", ["ID FOO", 'ID ("name")', "ID"])
def test_id_that_is_none(command: str, tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        (answer,) = await alice.ask(f"a {command}")
        assert answer.startswith("a BAD ")

    _run(test, tmp_path)


def test_idle_can_be_turned_off(tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        capabilities, _ = await alice.ask("a CAPABILITY")
        assert "IDLE" not in capabilities.split()
        assert await alice.ask("a IDLE") == ["a BAD Unrecognized command"]
        assert await alice.ask("a NOOP") == ["a OK Completed"]

    _run(test, tmp_path, "imapidlepoll: 0")


def test_idle_tells_first_what_changed_before_it(tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        other = await log_in(alice.session.services, "alice")
        await alice.ask("a SELECT INBOX")
        await other.ask("a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n")
        assert await alice.ask("a IDLE") == ["+ idling", "* 1 EXISTS", "* 1 RECENT"]
        assert await alice.ask("dOnE") == ["a OK Completed"]

    _run(test, tmp_path)


@pytest.mark.parametrize("command", ["GENURLAUTH", 'SCAN "" * x', "XKILLMY"])
def test_commands_that_are_not_announced_are_none(command: str, tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        await alice.ask("a SELECT INBOX")
        assert await alice.ask(f"a {command}") == ["a BAD Unrecognized command"]

    _run(test, tmp_path)


def test_nothing_is_answered_after_logout(tmp_path: Path) -> None:
    async def test(alice: Connection) -> None:
        assert await alice.ask("a LOGOUT\r\nb NOOP") == ["* BYE LOGOUT received", "a OK Completed"]
        assert await alice.ask("c NOOP") == []

    _run(test, tmp_path)
