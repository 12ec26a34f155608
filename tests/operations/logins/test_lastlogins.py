"""Who logged in, as it is kept for the user."""

import asyncio
from pathlib import Path

import pytest
from tests.operations.logins.plainlogins import ADMINISTRATOR, PASSWORD, PlainLogins

from angarium.auth import VerifierSet
from angarium.auth.apppasswords import AppPasswords, add_app_password
from angarium.config import parse_settings
from angarium.engine.memory import MemoryEngine
from angarium.engine.sources import SystemSources
from angarium.engine.users import EVERYBODY, DenialRow, PutDenial
from angarium.errors import AccessDenied, SessionLimitExceeded
from angarium.names import UserId
from angarium.operations.logins import Peer
from angarium.sasl import AnonymousWanted, CredentialsWanted
from angarium.store import Store, StorePolicy

SOURCES = SystemSources()
PEER = Peer("192.0.2.7", "imaps", "s1", is_tls=True, client="name=Phone" + "x" * 300)


class Seat:
    """Takes anybody, unless it is full."""

    def __init__(self, *, is_full: bool = False) -> None:
        self._is_full = is_full
        self.actors: list[str] = []

    def acted_by(self, userid: str) -> None:
        self.actors.append(userid)

    def wake_at(self, time_s: float) -> None: ...

    def log_in(self, userid: str) -> None:
        if self._is_full:
            raise SessionLimitExceeded(userid)


def test_a_login_that_got_a_seat_is_kept_for_who_acts() -> None:
    async def check() -> None:
        engine = MemoryEngine(["default"], SOURCES)
        store = Store(engine, StorePolicy(), SOURCES)
        settings = parse_settings(
            "configdirectory: /c\npartition-default: /p\nallowanonymouslogin: yes\n", file=Path("imapd.conf")
        ).settings
        logins = PlainLogins(store, settings)
        alice = await logins.log_in(CredentialsWanted("alice", PASSWORD), PEER)
        with pytest.raises(SessionLimitExceeded):
            logins.seat(alice, Seat(is_full=True), PEER)
        assert await engine.logins("alice") == []
        seat = Seat()
        logins.seat(alice, seat, PEER)
        logins.seat(await logins.log_in(CredentialsWanted("alice", PASSWORD, "alice"), PEER), seat, PEER)
        logins.seat(await logins.log_in(AnonymousWanted("guest"), PEER), seat, PEER)
        assert seat.actors == []
        logins.seat(await logins.log_in(CredentialsWanted(ADMINISTRATOR, PASSWORD, "alice"), PEER), seat, PEER)
        assert seat.actors == [ADMINISTRATOR]
        kept = await engine.logins("alice")
        assert [(each.service, each.address, each.mechanism, each.session) for each in kept] == [
            ("imaps", "192.0.2.7", "plaintext", "s1")
        ] * 3
        assert [each.acted_by for each in kept] == [ADMINISTRATOR, "", ""]
        assert {len(each.client) for each in kept} == {200}
        guest = await logins.log_in(AnonymousWanted("guest"), PEER)
        assert await logins.why_over(guest.actor) is None
        await engine.change_user(PutDenial(DenialRow(EVERYBODY, "*", "Closed")))
        assert await logins.why_over(guest.actor) is not None
        with pytest.raises(AccessDenied):
            await logins.log_in(AnonymousWanted("guest"), PEER)
        assert await engine.logins(ADMINISTRATOR) == await engine.logins("anonymous") == []

    asyncio.run(check())


def test_the_last_use_of_an_app_password_is_kept_and_a_denial_is_obeyed() -> None:
    async def check() -> None:
        engine = MemoryEngine(["default"], SOURCES)
        store = Store(engine, StorePolicy(), SOURCES)
        settings = parse_settings("configdirectory: /c\npartition-default: /p\n", file=Path("imapd.conf")).settings
        logins = PlainLogins(store, settings, VerifierSet(app_passwords=AppPasswords(engine)))
        password = await add_app_password(
            engine, UserId("alice"), "phone", services=("imap",), expires_at_s=None, sources=SOURCES
        )
        logged_in = await logins.log_in(CredentialsWanted("alice", password), PEER)
        logins.seat(logged_in, Seat(), PEER)
        (row,) = (await engine.user("alice")).app_passwords
        assert [each.app_password_name for each in await engine.logins("alice")] == ["phone"]
        assert (await engine.app_password_uses("alice"))[row.number].address == "192.0.2.7"
        # By the name in cyrus.conf, and by that of the protocol.
        for services in ("imaps", "imap"):
            assert await logins.why_over(logged_in.actor) is None
            await engine.change_user(PutDenial(DenialRow("alice", services, "Sorry")))
            assert await logins.why_over(logged_in.actor) is not None
            with pytest.raises(AccessDenied):
                await logins.log_in(CredentialsWanted("alice", password), PEER)
            await engine.change_user(PutDenial(DenialRow("alice", "pop*", "Sorry")))

    asyncio.run(check())


def test_the_use_of_an_app_password_is_its_owners_whomever_she_acts_for() -> None:
    async def check() -> None:
        engine = MemoryEngine(["default"], SOURCES)
        store = Store(engine, StorePolicy(), SOURCES)
        settings = parse_settings("configdirectory: /c\npartition-default: /p\n", file=Path("imapd.conf")).settings
        logins = PlainLogins(store, settings, VerifierSet(app_passwords=AppPasswords(engine)))
        password = await add_app_password(
            engine, UserId(ADMINISTRATOR), "webmail", services=("imap",), expires_at_s=None, sources=SOURCES
        )
        logged_in = await logins.log_in(CredentialsWanted(ADMINISTRATOR, password, "alice"), PEER)
        logins.seat(logged_in, Seat(), PEER)
        (row,) = (await engine.user(ADMINISTRATOR)).app_passwords
        assert list(await engine.app_password_uses(ADMINISTRATOR)) == [row.number]
        assert await engine.app_password_uses("alice") == {}
        assert [(each.app_password_name, each.acted_by) for each in await engine.logins("alice")] == [
            ("webmail", ADMINISTRATOR)
        ]

    asyncio.run(check())
