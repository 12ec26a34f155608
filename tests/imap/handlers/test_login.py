"""LOGIN and AUTHENTICATE, beyond what the transcripts say."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.imap.transcript import Connection, open_services

from angarium.errors import AuthenticationUnavailable, SessionLimitExceeded
from angarium.imap.services import ImapServices
from angarium.operations.logins import LoggedIn, Peer
from angarium.sasl import CredentialsWanted

_FAILED = "a NO [AUTHENTICATIONFAILED] authentication failure"
_MALFORMED = "a NO [AUTHENTICATIONFAILED] bad protocol / cancel"
_NOT_BASE64 = "a BAD Invalid base64 in response"
_CANCELLED = "a BAD Client canceled authentication"


def _run(test: Callable[[Connection, ImapServices], Awaitable[None]], directory: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", directory) as services:
            connection = Connection(services, "x", is_tls=False, by_octet=False)
            connection.pending_lines()
            await test(connection, services)

    asyncio.run(talk())


def _plain(authzid: str, authcid: str, password: str) -> str:
    return b64encode(f"{authzid}\0{authcid}\0{password}".encode()).decode()


def test_a_refused_login_is_one_line_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def test(connection: Connection, _: ImapServices) -> None:
        await connection.ask(f"a AUTHENTICATE PLAIN {_plain('', 'alice', 'wrong')}")
        await connection.ask("b AUTHENTICATE NONSENSE")

    _run(test, tmp_path)
    assert [record.message for record in caplog.records if record.levelname == "INFO"] == ["login", "command_refused"]
    assert caplog.records[-1].__dict__["service"] == caplog.records[-2].__dict__["service"]
    assert caplog.records[-2].__dict__["refusal"] == "AuthenticationFailed"


@pytest.mark.parametrize(
    ("command", "lines", "answer"),
    [
        ("AUTHENTICATE PLAIN", [_plain("", "alice", "wrong")], _FAILED),
        ("AUTHENTICATE PLAIN", ["*"], _CANCELLED),
        ("AUTHENTICATE LOGIN", ["YWxpY2U=", "*"], _CANCELLED),
        ("AUTHENTICATE PLAIN", [""], _MALFORMED),
        ("AUTHENTICATE PLAIN =", [], _MALFORMED),
        ("AUTHENTICATE PLAIN", ["!!!!"], _NOT_BASE64),
        ("AUTHENTICATE PLAIN", ["AAA"], _NOT_BASE64),
        ("AUTHENTICATE PLAIN =AAA", [], _NOT_BASE64),
        ("AUTHENTICATE PLAIN AAA=BBB", [], _NOT_BASE64),
        ("AUTHENTICATE PLAIN *", [], _NOT_BASE64),
        ("AUTHENTICATE PLAIN", ["A" * 20_000], _MALFORMED),
        ("AUTHENTICATE PLAIN", ["A" * 200_000], "a BAD Line too long"),
        ("AUTHENTICATE PLAIN", ["/w=="], _MALFORMED),
        (f"AUTHENTICATE PLAIN {_plain('', '', 'secret')}", [], _MALFORMED),
        ("authenticate login YWxpY2U=", ["d3Jvbmc="], _FAILED),
        ("LOGIN alice {2+}\r\n\xff\xff", [], "a NO [AUTHENTICATIONFAILED] Login failed: authentication failure"),
        ('LOGIN alice ""', [], "a NO [AUTHENTICATIONFAILED] Login failed: authentication failure"),
    ],
)
def test_failure_leaves_a_stranger_who_may_try_again(
    command: str, lines: list[str], answer: str, tmp_path: Path
) -> None:
    async def test(connection: Connection, services: ImapServices) -> None:
        answers = await connection.ask(f"a {command}".encode("latin-1"))
        for line in lines:
            assert answers[-1].startswith("+ ")
            answers = await connection.ask(line)
        assert answers == [answer]
        assert connection.session.actor is None
        (success,) = await connection.ask(f"a AUTHENTICATE PLAIN {_plain('', 'alice', 'secret')}")
        assert success.startswith("a OK [CAPABILITY IMAP4rev1 ")
        assert str(connection.session.user.userid) == "alice"

    _run(test, tmp_path)


def test_too_many_sessions_refuse_the_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(connection: Connection, services: ImapServices) -> None:
        def refuse(userid: str) -> None:
            raise SessionLimitExceeded(userid)

        monkeypatch.setattr(connection.session.place, "log_in", refuse)
        assert await connection.ask("a LOGIN alice secret") == ["a NO [LIMIT] Login failed: Too many open sessions"]
        assert connection.session.actor is None
        assert (await connection.ask("a SELECT INBOX")) == ["a BAD Please login first"]

    _run(test, tmp_path)


def test_nobody_can_check_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unavailable(credentials: CredentialsWanted, peer: Peer) -> LoggedIn:
        raise AuthenticationUnavailable("down")

    async def test(connection: Connection, services: ImapServices) -> None:
        monkeypatch.setattr(services.logins, "log_in", unavailable)
        (answer,) = await connection.ask("a LOGIN alice secret")
        assert answer.startswith("a NO [UNAVAILABLE] Login failed: ")

    _run(test, tmp_path)


def test_log_has_no_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    async def test(connection: Connection, services: ImapServices) -> None:
        await connection.ask("a LOGIN alice hunter2")
        await connection.ask("a LOGIN alice secret")

    _run(test, tmp_path)
    records = [record.__dict__ for record in caplog.records if record.message == "login"]
    assert [(record["user"], record["outcome"]) for record in records] == [("alice", "failed"), ("alice", "ok")]
    assert not any(word in str(record) for record in records for word in ("hunter2", "'secret'"))


def test_log_has_the_trace_of_who_does_not_say_who_she_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def talk() -> None:
        async with open_services("memory", tmp_path, "allowanonymouslogin: yes") as services:
            for command in (
                "AUTHENTICATE ANONYMOUS c2lyaGM=",
                'LOGIN anonymous "a@b c"',
                "LOGIN Anonymous {4+}\r\n\x1b[2J",
            ):
                connection = Connection(services, "x", is_tls=False, by_octet=False)
                assert " OK " in (await connection.ask(f"a {command}"))[-1]
                assert connection.session.user.userid is None
                await connection.close()

    asyncio.run(talk())
    records = [record.__dict__ for record in caplog.records if record.message == "login"]
    assert [(record["user"], record["mechanism"], record["trace"]) for record in records] == [
        ("anonymous", "ANONYMOUS", "sirhc"),
        ("anonymous", "plaintext", "a@b c"),
        ("anonymous", "plaintext", "[2J"),
    ]
    (*_, ended) = [record.__dict__ for record in caplog.records if record.message == "session_ended"]
    assert ended["user"] == "anonymous"
