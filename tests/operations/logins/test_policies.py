"""Who may act for whom, and what a password costs that came in plaintext."""

import asyncio
from pathlib import Path

import pytest
from tests.operations.logins.plainlogins import PlainLogins, PlainVerifier
from tests.store.world import World

from angarium.auth import AccessRules, StoreKeys, VerifierSet
from angarium.auth.access import parse_rules
from angarium.config import parse_settings
from angarium.errors import AuthenticationFailed, AuthorizationFailed
from angarium.names import NameSettings
from angarium.operations.logins import LoggedIn, Peer
from angarium.sasl import CredentialsWanted

PLAIN, TLS = Peer("192.0.2.7", "imap", "s1"), Peer("192.0.2.7", "imap", "s2", is_tls=True)


def logins_of(world: World, text: str) -> PlainLogins:
    lines = f"configdirectory: /c\npartition-default: /p\nallowplaintext: yes\n{text}\n"
    return PlainLogins(world.store, parse_settings(lines, file=Path("imapd.conf")).settings)


async def log_in(logins: PlainLogins, user: str, acts_for: str | None = None, peer: Peer = TLS) -> LoggedIn:
    return await logins.log_in(CredentialsWanted(user, "secret", acts_for), peer)


async def test_proxies_act_for_all_but_administrators(plain_world: World, runner: asyncio.Runner) -> None:
    logins = logins_of(plain_world, "proxyservers: webmail")
    assert str((await log_in(logins, "webmail", "alice")).actor.userid) == "alice"
    assert not (await log_in(logins, "webmail")).actor.is_admin
    for user, other in (("webmail", "cyrus"), ("alice", "bob")):
        with pytest.raises(AuthorizationFailed):
            await log_in(logins, user, other)


async def test_the_right_on_an_inbox_lets_act_for_its_user(plain_world: World, runner: asyncio.Runner) -> None:
    await plain_world.set_acl("user.alice", "bob lrsa carol lrswipkxtecdn group:staff a")
    logins = logins_of(plain_world, "loginuseacl: yes")
    logins.groups["dave"] = frozenset({"staff"})
    assert str((await log_in(logins, "bob", "alice")).actor.userid) == "alice"
    assert str((await log_in(logins, "dave", "alice")).actor.userid) == "alice"
    for user, other in (("carol", "alice"), ("alice", "bob"), ("bob", "nobody"), ("bob", "cyrus")):
        with pytest.raises(AuthorizationFailed):
            await log_in(logins, user, other)
    with pytest.raises(AuthorizationFailed):
        await log_in(logins_of(plain_world, ""), "bob", "alice")


async def test_a_password_in_plaintext_is_slow_and_told_of(plain_world: World, runner: asyncio.Runner) -> None:
    logins = logins_of(plain_world, "plaintextloginpause: 4\nplaintextloginalert: Use TLS, please")
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    logins.authenticator.sleep = sleep
    assert (await log_in(logins, "alice")).alert == ""
    assert (await log_in(logins, "alice", peer=Peer("", "imap", "s3"))).alert == ""
    assert slept == []
    assert (await log_in(logins, "alice", peer=PLAIN)).alert == "Use TLS, please"
    assert slept == [4]


def with_bindings(*names: str) -> Peer:
    return Peer("192.0.2.7", "imap", "s6", is_tls=True, bindings=dict.fromkeys(names, b"data"))


@pytest.mark.parametrize(
    ("options", "bindings", "announced"),
    [
        ("", (), False),
        ("", ("tls-server-end-point",), False),
        ("", ("tls-server-end-point", "tls-unique"), True),
        ("", ("tls-exporter",), True),
        ("sasl_mech_list: PLAIN SCRAM-SHA-256-PLUS", ("tls-server-end-point",), True),
        ("sasl_mech_list: PLAIN SCRAM-SHA-256-PLUS", (), False),
    ],
)
async def test_binding_is_announced_where_clients_find_the_one_they_expect(
    plain_world: World, runner: asyncio.Runner, options: str, bindings: tuple[str, ...], announced: bool
) -> None:
    settings = parse_settings(f"configdirectory: /c\npartition-default: /p\n{options}\n", file=Path("x")).settings
    parts = VerifierSet(methods=(PlainVerifier(),), keys=(StoreKeys(plain_world.engine),))
    logins = PlainLogins(plain_world.store, settings, parts)
    assert ("SCRAM-SHA-256-PLUS" in logins.mechanisms(with_bindings(*bindings))) is announced


async def test_what_is_asked_for_and_cannot_work_has_a_reason(plain_world: World, runner: asyncio.Runner) -> None:
    logins = logins_of(
        plain_world, "sasl_mech_list: plain scram-sha-256 cram-md5 gssapi xoauth2 anonymous external otp"
    )
    assert dict(logins.not_offered()).keys() == {"SCRAM-SHA-256", "CRAM-MD5", "GSSAPI", "XOAUTH2", "ANONYMOUS", "OTP"}
    assert logins_of(plain_world, "").not_offered() == []
    assert logins_of(plain_world, "sasl_mech_list: anonymous\nallowanonymouslogin: yes").not_offered() == []


async def test_access_rules_hold_for_every_way_to_log_in(plain_world: World, runner: asyncio.Runner) -> None:
    logins = logins_of(plain_world, "")
    rules = "allow imap alice 192.0.2.0/24\ndeny all alice all\ndeny all all 198.51.100.0/24"
    logins.authenticator.access = AccessRules(parse_rules(rules, NameSettings()))
    assert str((await log_in(logins, "alice")).actor.userid) == "alice"
    elsewhere = Peer("203.0.113.1", "imap", "s4", is_tls=True)
    assert str((await log_in(logins, "bob", peer=elsewhere)).actor.userid) == "bob"
    with pytest.raises(AuthenticationFailed, match="wrong user name or password"):
        await log_in(logins, "alice", peer=elsewhere)
    with pytest.raises(AuthenticationFailed, match="wrong user name or password"):
        await logins.begin("PLAIN", elsewhere).step(b"\0alice\0secret")
    assert logins.admitted(elsewhere)
    assert not logins.admitted(Peer("198.51.100.1", "imap", "s5"))
