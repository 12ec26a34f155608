import pytest
from tests.auth.world import SOURCES, add

from angarium.auth import CredentialStamp, Passwords, is_current
from angarium.auth.sharedsecrets import SharedSecrets, remove_shared_secret, set_shared_secret
from angarium.auth.standing import Over, Standing, denies, require_access, why_over
from angarium.auth.users import set_disabled
from angarium.engine.memory import MemoryEngine
from angarium.engine.users import EVERYBODY, DenialRow, PutDenial, RemoveDenial
from angarium.errors import AccessDenied, PreparationFailed, UserNotFound
from angarium.names import UserId

ALICE = UserId("alice")
OUTSIDE = Standing(CredentialStamp("alice"), "alice", ("imaps", "imap"))
WEBMAIL = Standing(CredentialStamp("webmail"), "alice", ("imap", "imap"))
ADMIN = Standing(CredentialStamp("cyrus"), "alice", ("imap", "imap"), is_admin=True)


@pytest.mark.parametrize(
    ("patterns", "service", "denied"),
    [
        ("*", "imap", True),
        ("imap", "imap", True),
        ("imap", "pop3", False),
        ("imap*", "imaps", True),
        ("pop3,imap", "imap", True),
        ("*,!imap", "imap", False),
        ("*,!imap", "pop3", True),
        ("!imap,*", "imap", True),
        ("*, !imap , imap", "imap", True),
        ("[ip]*", "pop3", True),
        ("", "imap", False),
        ("IMAP*", "imaps", True),
        ("pop", "POP", True),
        ("*,!Imap", "imap", False),
    ],
)
def test_the_last_pattern_that_fits_decides(patterns: str, service: str, denied: bool) -> None:
    assert denies(DenialRow("alice", patterns, ""), (service,)) is denied


async def refused(engine: MemoryEngine, standing: Standing) -> bool:
    """At the login and at a command alike."""
    ends = await why_over(engine, standing) is Over.ACCESS_WITHDRAWN
    try:
        await require_access(engine, standing)
    except AccessDenied:
        assert ends
        return True
    assert not ends
    return False


async def test_a_denial_holds_for_every_login_until_it_is_taken_back(engine: MemoryEngine) -> None:
    assert not await refused(engine, OUTSIDE)
    await engine.change_user(PutDenial(DenialRow("alice", "pop*", "Sorry")))
    assert not await refused(engine, OUTSIDE)
    await engine.change_user(PutDenial(DenialRow("alice", "imap", "Sorry")))
    with pytest.raises(AccessDenied, match="alice is denied imaps: Sorry"):
        await require_access(engine, OUTSIDE)
    assert await refused(engine, WEBMAIL)
    assert not await refused(engine, ADMIN)
    await engine.change_user(RemoveDenial("alice"))
    assert not await refused(engine, WEBMAIL)
    await engine.change_user(PutDenial(DenialRow("webmail", "*", "Sorry")))
    assert await refused(engine, WEBMAIL)
    assert not await refused(engine, OUTSIDE)


async def test_a_denial_of_all_leaves_administrators(engine: MemoryEngine) -> None:
    await engine.change_user(PutDenial(DenialRow(EVERYBODY, "*", "Closed")))
    assert await refused(engine, OUTSIDE)
    assert await refused(engine, WEBMAIL)
    assert not await refused(engine, ADMIN)
    assert not await refused(engine, ADMIN._replace(acting="cyrus"))
    await engine.change_user(PutDenial(DenialRow("cyrus", "*", "You too")))
    assert await refused(engine, ADMIN)


async def test_who_is_disabled_is_kept_out_whoever_has_checked_her(engine: MemoryEngine, passwords: Passwords) -> None:
    await add(engine, passwords, "alice", "secret")
    assert not await refused(engine, OUTSIDE)
    await set_disabled(engine, ALICE, disabled=True, sources=SOURCES, end_sessions=lambda _: None)
    assert await refused(engine, OUTSIDE)
    assert await refused(engine, WEBMAIL)
    assert not await refused(engine, ADMIN)
    with pytest.raises(UserNotFound):
        await set_disabled(engine, UserId("bob"), disabled=True, sources=SOURCES, end_sessions=lambda _: None)


async def test_a_shared_secret_is_that_of_its_realm_or_the_usual_one(engine: MemoryEngine) -> None:
    source = SharedSecrets(engine)
    assert not source.are_there()
    assert await source.secret(ALICE, "") is None
    await set_shared_secret(engine, ALICE, "", "usual", sources=SOURCES)
    await set_shared_secret(engine, ALICE, "example.org", "other", sources=SOURCES)
    assert source.are_there()
    known = {realm: await source.secret(ALICE, realm) for realm in ("", "example.org", "example.net")}
    assert [each.secret for each in known.values() if each is not None] == ["usual", "other", "usual"]
    usual = known[""]
    assert usual is not None
    assert "usual" not in repr(usual)
    assert await is_current(engine, usual.stamp)
    await set_shared_secret(engine, ALICE, "", "usual", sources=SOURCES)
    assert not await is_current(engine, usual.stamp)
    again = await source.secret(ALICE, "")
    assert again is not None
    await remove_shared_secret(engine, ALICE, "")
    assert not await is_current(engine, again.stamp)
    assert await source.secret(ALICE, "") is None
    with pytest.raises(UserNotFound, match="no shared secret of realm"):
        await remove_shared_secret(engine, ALICE, "example.com")


@pytest.mark.parametrize(("realm", "secret"), [("", ""), ("", "a\0b"), ("a\nb", "secret"), ("x" * 256, "secret")])
async def test_what_no_client_can_use_is_no_secret(engine: MemoryEngine, realm: str, secret: str) -> None:
    with pytest.raises(PreparationFailed):
        await set_shared_secret(engine, ALICE, realm, secret, sources=SOURCES)


async def test_who_is_disabled_has_no_secret(engine: MemoryEngine, passwords: Passwords) -> None:
    await add(engine, passwords, "alice", "secret")
    await set_shared_secret(engine, ALICE, "", "usual", sources=SOURCES)
    await set_disabled(engine, ALICE, disabled=True, sources=SOURCES, end_sessions=lambda _: None)
    assert await SharedSecrets(engine).secret(ALICE, "") is None
