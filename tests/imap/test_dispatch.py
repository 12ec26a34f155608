"""Commands one after another: limits, refusals, and sessions whose mailbox or credential goes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import pytest
from tests.imap.transcript import Connection, log_in, open_services
from tests.operations.logins.plainlogins import PASSWORD, PlainLogins
from tests.store.world import AUTHOR, PARTITIONS

from angarium.engine.commands import SetAcl
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.engine.sqlite.remembered import nobody_can_tell
from angarium.errors import AuthenticationUnavailable, DiskFailed, StoreBusy
from angarium.imap import dispatch
from angarium.imap.services import ImapServices
from angarium.imap.watchers import Watchers
from angarium.names import MailboxName
from angarium.operations.logins import Over
from angarium.operations.messages import MessageCache, MessageLimits
from angarium.rights import Acl
from angarium.store import Actor, SelectedMailbox, Store
from angarium.worker import MessageFiles

_APPEND = "a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n"


def _run(test: Callable[[ImapServices], Awaitable[None]], directory: Path, options: str = "") -> None:
    async def talk() -> None:
        async with open_services("memory", directory, options) as services:
            await test(services)

    asyncio.run(talk())


def _stranger(services: ImapServices) -> Connection:
    connection = Connection(services, "stranger", is_tls=False, by_octet=False)
    assert len(connection.pending_lines()) == 1
    return connection


def _busy(selected: SelectedMailbox) -> Awaitable[None]:
    raise StoreBusy("too much to do")


async def _set_acl(services: ImapServices, acl: str) -> None:
    """Change the ACL of alice's INBOX behind everybody's back."""
    tree, entry = await services.store.locate(MailboxName.from_internal("user.alice"))
    text = Acl.parse_setting(acl).serialize()
    await services.store.engine.write(tree.account, SetAcl(entry.row.id, text, entry.row.acl_version, AUTHOR))


@pytest.mark.parametrize("command", ["a NOOP", "a FOO", "a LOGIN x", "a LOGIN alice wrong", "a LOGIN {9999+}"])
def test_strangers_have_few_commands(command: str, tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        stranger = _stranger(services)
        for _ in range(5):
            assert len(await stranger.ask(command)) == 1
        (*_, bye) = await stranger.ask(command)
        assert bye == "* BYE Too many commands before login"
        assert await stranger.ask("a NOOP") == []

    if "9999" in command:
        command += "\r\n" + "x" * 9999
    _run(test, tmp_path, "max_commands_before_login: 5")


def test_users_are_not_counted(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice = await log_in(services, "alice")
        for _ in range(10):
            assert await alice.ask("a NOOP") == ["a OK Completed"]
        assert alice.session.commands_done == 11

    _run(test, tmp_path, "max_commands_before_login: 5")


def test_bad_commands_in_a_row_end_the_session(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice = await log_in(services, "alice")
        for _ in range(6):
            await alice.ask("GET / HTTP/1.1")
        assert await alice.ask("a NOOP") == ["a OK Completed"]
        for _ in range(6):
            await alice.ask("GET / HTTP/1.1")
        assert (await alice.ask("a FOO"))[-1] == "* BYE Too many bad commands"

    _run(test, tmp_path, "max_bad_commands: 7")


def test_mailbox_that_may_be_read_no_more_ends_the_session(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        await _set_acl(services, "alice lrswipkxtean bob lr")
        bob = await log_in(services, "bob")
        await bob.ask('a SELECT "Other Users/alice"')
        await _set_acl(services, "alice lrswipkxtean bob l")
        assert await bob.ask("a FETCH 1 FLAGS") == ["* BYE Selected mailbox was deleted"]

    _run(test, tmp_path)


@pytest.mark.parametrize("command", ["UNSELECT", "CLOSE", "SELECT INBOX", "LOGOUT"])
def test_mailbox_that_may_be_read_no_more_can_be_left(command: str, tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        await _set_acl(services, "alice lrswipkxtean bob lrte")
        bob = await log_in(services, "bob")
        await bob.ask('a SELECT "Other Users/alice"')
        await _set_acl(services, "alice lrswipkxtean")
        assert (await bob.ask(f"a {command}"))[-1].startswith("a OK")

    _run(test, tmp_path)


def test_what_was_done_is_answered_though_the_mailbox_is_gone(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice, other = await log_in(services, "alice"), await log_in(services, "alice")
        await alice.ask("a CREATE Work")
        await alice.ask("a SELECT Work")
        await alice.send(b"a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n")
        await other.ask("a DELETE Work")
        bye, appended = await alice.ask("")
        assert bye == "* BYE Selected mailbox was deleted"
        assert appended.startswith("a OK [APPENDUID ")

    _run(test, tmp_path)


def test_refusals_for_now_end_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(services: ImapServices) -> None:
        alice = await log_in(services, "alice")
        await alice.ask(_APPEND)
        await alice.ask("a SELECT INBOX")
        with monkeypatch.context() as patched:
            patched.setattr(SelectedMailbox, "refresh", _busy)
            assert await alice.ask("a FETCH 1 UID") == ["a NO [UNAVAILABLE] Server is busy, try again"]
            assert await alice.ask("a IDLE") == ["a NO [UNAVAILABLE] Server is busy, try again"]
        assert (await alice.ask("a FETCH 1 UID"))[0] == "* 1 FETCH (UID 1)"
        await alice.ask("a IDLE")
        with monkeypatch.context() as patched:
            patched.setattr(SelectedMailbox, "refresh", _busy)
            assert await alice.ask("DONE") == ["a OK Completed"]
            assert (await alice.ask("a LOGOUT"))[-1] == "a OK Completed"

    _run(test, tmp_path)
    assert "changes_not_told" in caplog.messages
    assert "too much to do" not in "".join(caplog.messages)


def test_revoked_credential_ends_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(services: ImapServices) -> None:
        over: Over | None = None

        async def why_over(_: Actor) -> Over | None:
            return over

        monkeypatch.setattr(services.logins, "why_over", why_over)
        for reason, bye in (
            (Over.CREDENTIALS_CHANGED, "* BYE [EXPIRED] Credentials have changed, please log in again"),
            (Over.EXPIRED, "* BYE [EXPIRED] Credentials have expired, please log in again"),
            (Over.ACCESS_WITHDRAWN, "* BYE [AUTHORIZATIONFAILED] Access has been withdrawn"),
        ):
            for command in ("a NOOP", "a APPEND INBOX {5}"):
                over = None
                alice = await log_in(services, "alice")
                assert await alice.ask("a NOOP") == ["a OK Completed"]
                over = reason
                assert await alice.ask(command) == [bye]
        leaving = _stranger(services)
        await leaving.ask("a LOGIN alice secret")
        assert (await leaving.ask("a LOGOUT"))[-1] == "a OK Completed"

    _run(test, tmp_path)


def test_credentials_that_cannot_be_looked_up_are_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(services: ImapServices) -> None:
        async def why_over(_: Actor) -> Over | None:
            raise DiskFailed("users.db")

        monkeypatch.setattr(services.logins, "why_over", why_over)
        alice = await log_in(services, "alice")
        assert await alice.ask("a NOOP") == ["a NO [UNAVAILABLE] System I/O error"]
        assert await alice.ask("a APPEND INBOX {5}") == ["a NO [UNAVAILABLE] System I/O error"]

    _run(test, tmp_path)


def test_groups_that_change_hold_from_the_next_command_on(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        assert isinstance(services.logins, PlainLogins)
        alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
        await alice.ask("a SETACL INBOX group:staff lr")
        await alice.ask("a SETACL INBOX -group:guests r")
        assert (await bob.ask('a SELECT "Other Users/alice"'))[-1].startswith("a NO [NONEXISTENT]")
        services.logins.groups["bob"] = frozenset({"staff"})
        assert (await bob.ask('a SELECT "Other Users/alice"'))[-1].startswith("a OK [READ-ONLY]")
        assert "Other Users/alice" in str(await bob.ask('a LIST "" "*"'))
        services.logins.groups["bob"] = frozenset({"staff", "guests"})
        assert await bob.ask("a NOOP") == ["* BYE Selected mailbox was deleted"]

    _run(test, tmp_path)


def test_who_leaves_a_group_is_told_nothing_more_in_idle(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        assert isinstance(services.logins, PlainLogins)
        services.logins.groups["bob"] = frozenset({"staff"})
        alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
        await alice.ask("a SETACL INBOX group:staff lr")
        await bob.ask('a SELECT "Other Users/alice"')
        await bob.ask("a IDLE")
        services.logins.groups.clear()
        await alice.ask("a APPEND INBOX {16+}\r\nSubject: x\r\n\r\nx\r\n")
        await bob.tell()
        assert bob.pending_lines() == ["* BYE Selected mailbox was deleted"]

    _run(test, tmp_path)


def test_groups_that_cannot_be_looked_up_are_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(services: ImapServices) -> None:
        async def renewed(_: Actor) -> Actor:
            raise AuthenticationUnavailable("groups")

        alice = await log_in(services, "alice")
        with monkeypatch.context() as patched:
            patched.setattr(services.logins, "renewed", renewed)
            assert (await alice.ask("a NOOP"))[0].startswith("a NO [UNAVAILABLE] ")
            assert (await alice.ask("a APPEND INBOX {5}"))[0].startswith("a NO [UNAVAILABLE] ")
        assert await alice.ask("a NOOP") == ["a OK Completed"]

    _run(test, tmp_path)


def test_line_that_is_too_long_ends_idle(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice = await log_in(services, "alice")
        await alice.ask("a SELECT INBOX")
        await alice.ask("a IDLE")
        assert services.watchers.accounts
        assert await alice.ask("x" * (alice.session.parser.limits.line_octets + 1)) == ["a BAD Line too long"]
        assert not services.watchers.accounts
        assert not alice.session.is_idling
        assert await alice.ask("b NOOP") == ["b OK Completed"]

    _run(test, tmp_path)


def test_lost_connection_leaves_no_watch_and_no_message(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        idling, appending = await log_in(services, "alice"), await log_in(services, "alice")
        await idling.ask("a SELECT INBOX")
        await idling.ask("a IDLE")
        await appending.send(b"a APPEND INBOX {16+}\r\nSubject: ")
        for connection in (idling, appending):
            await dispatch.end(connection.session)
            await dispatch.end(connection.session)
        assert not services.watchers.accounts
        assert appending.session.append is None

    _run(test, tmp_path)


def test_many_commands_at_once_let_others_have_their_turn(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice = await log_in(services, "alice")
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.ensure_future(other())
        await alice.send(b"a NOOP\r\n" * 1000)
        task.cancel()
        assert turns > 20
        assert len(alice.pending_lines()) == 1000

    _run(test, tmp_path)


def test_end_of_a_session_is_one_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test(services: ImapServices) -> None:
        caplog.set_level("INFO")
        alice = await log_in(services, "alice")
        await alice.ask("a NOOP")
        await alice.close()
        await _stranger(services).close()

    _run(test, tmp_path)
    (record,) = [record for record in caplog.records if record.message == "session_ended"]
    assert record.__dict__["user"] == "alice"
    assert record.__dict__["commands"] == 2
    assert record.__dict__["sent_octets"] > 100


def test_greeting_depends_on_serverinfo(tmp_path: Path) -> None:
    for serverinfo, text in (
        ("on", "mail.example.org Angarium 1.0 server ready"),
        ("min", "mail.example.org Angarium server ready"),
        ("off", "server ready"),
    ):
        (directory := tmp_path / serverinfo).mkdir()

        async def test(services: ImapServices, text: str = text) -> None:
            connection = Connection(services, "x", is_tls=False, by_octet=False)
            (greeting,) = connection.pending_lines()
            assert greeting.endswith(f"] {text}")
            assert replace(services, version="2").greeting.replace(b"2", b"1.0").decode() == text

        _run(test, directory, f"serverinfo: {serverinfo}")


def test_other_processes_changes_are_told_once_they_are_announced(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("sqlite", tmp_path) as services:
            here = services.store.engine
            assert isinstance(here, SqliteEngine)
            here.remember_by(nobody_can_tell)  # as after each comparison of counters
            partitions = {name: str(tmp_path / "partitions" / name) for name in PARTITIONS}
            engine = await SqliteEngine.open(SqliteOptions(str(tmp_path / "config"), partitions), SystemSources())
            store = Store(engine, services.store.policy, SystemSources())
            cache = MessageCache(store, limits=MessageLimits())
            elsewhere = replace(
                services, store=store, cache=cache, watchers=Watchers(), logins=PlainLogins(store, services.settings)
            )
            alice, other = await log_in(services, "alice"), await log_in(elsewhere, "alice")
            await alice.ask("a SELECT INBOX")
            await other.ask("a SELECT INBOX")
            await alice.ask("a IDLE")
            (account,) = services.watchers.accounts
            await other.ask(_APPEND)
            await alice.tell()
            assert alice.pending_lines() == []
            services.watchers.announced(account)
            await alice.tell()
            assert alice.pending_lines() == ["* 1 EXISTS", "* 1 RECENT"]
            assert await alice.ask("DONE") == ["a OK Completed"]
            # Without IDLE, and without an announcement, the next command tells
            await other.ask("a STORE 1 +FLAGS.SILENT (\\Deleted)")
            await other.ask("a EXPUNGE")
            assert await alice.ask("a SEARCH ALL") == ["* SEARCH", ANY]
            assert await alice.ask("a NOOP") == ["* 1 EXPUNGE", "a OK Completed"]
            await engine.close()

    asyncio.run(talk())


def _leave_message(services: ImapServices, directory: Path, name: str, text: str) -> None:
    assert isinstance(services.alerts, MessageFiles)
    (directory / name).write_text(text)
    services.alerts.read(directory)


def test_the_message_of_the_day_comes_with_the_first_answer(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        _leave_message(services, tmp_path, "motd", "[Hello\nWorld")
        for first in ("a NOOP", "a FOO", "a LOGIN alice wrong"):
            stranger = _stranger(services)
            motd, answer = await stranger.ask(first)
            assert motd == "* OK [ALERT] Hello"
            assert answer.startswith("a ")
            assert await stranger.ask("b NOOP") == ["b OK Completed"]
        waiting = _stranger(services)
        assert await waiting.ask("a AUTHENTICATE PLAIN") == ["* OK [ALERT] Hello", "+ "]

    _run(test, tmp_path)


def test_a_shutdown_file_ends_sessions_of_users_and_spares_administrators(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        idling, appending, admin = [await log_in(services, user) for user in ("alice", "bob", "cyrus")]
        assert await idling.ask("a IDLE") == ["+ idling"]
        await appending.send(b"a APPEND INBOX {16+}\r\nSubject: ")
        _leave_message(services, tmp_path, "shutdown", "Going down")
        for connection in (idling, appending, admin):
            await dispatch.run(connection.session)
        assert idling.pending_lines() == ["* BYE [ALERT] Going down"]
        assert appending.pending_lines() == []
        assert await appending.ask(b"One\r\n\r\n") == [ANY, "* BYE [ALERT] Going down"]
        assert await admin.ask("a NOOP") == ["a OK Completed"]
        stranger = _stranger(services)
        assert await stranger.ask("a NOOP") == ["a OK Completed"]
        answer, bye = await stranger.ask(f"b LOGIN alice {PASSWORD}")
        assert answer.startswith("b OK ")
        assert bye == "* BYE [ALERT] Going down"
        assert stranger.session.close_after_answer
        (tmp_path / "shutdown").unlink()
        assert isinstance(services.alerts, MessageFiles)
        services.alerts.read(tmp_path)
        await log_in(services, "alice")

    _run(test, tmp_path)


def test_elements_of_a_command_are_limited_by_an_option(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice = await log_in(services, "alice")
        await alice.ask("a SELECT INBOX")
        flags = " ".join([f"f{number}" for number in range(101)])
        assert await alice.ask(f"a STORE 1 +FLAGS ({flags})") == ["a BAD Too many arguments"]

    _run(test, tmp_path, "max_command_arguments: 100")
