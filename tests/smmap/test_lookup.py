"""What is answered to whom an MTA asks for: as Cyrus's smmapd was seen to answer, and as RCPT would."""

import asyncio

import pytest
from tests.lmtp.post import settings
from tests.store.world import AUTHOR, World

from angarium.engine.commands import SetQuota
from angarium.engine.rows import QuotaResource
from angarium.errors import AuthenticationUnavailable, StoreDamaged
from angarium.names import UserId
from angarium.smmap.lookup import answer

MISSING = "NOTFOUND Mailbox does not exist"


async def groups_of(userid: UserId) -> frozenset[str]:
    if userid == UserId("broken"):
        raise AuthenticationUnavailable("no answer")
    return frozenset({"staff"}) if userid == UserId("carol") else frozenset()


async def asked(world: World, request: str, text: str = "", *, ignores_subaddress: bool = False) -> str:
    given = await answer(
        world.store, settings(text), request.encode(), groups_of=groups_of, ignores_subaddress=ignores_subaddress
    )
    return given.decode()


@pytest.mark.parametrize(
    ("request_", "answered"),
    [
        ("map alice", "OK alice"),
        ("map ALICE@mail.example.org", "OK ALICE@mail.example.org"),
        ("other alice", "OK alice"),
        ("map jürgen@example.org", "OK jürgen@example.org"),
        ("map nosuch", MISSING),
        ("foo bar", MISSING),
        ("map alice+open", "OK alice+open"),
        ("map alice+private@example.org", "OK alice+private@example.org"),
        ("map alice+nosuch", MISSING),
        ("map alice+OPEN", "OK alice+OPEN"),
        ("map alice+open.nosuch", MISSING),
        ("map +board.topic", "OK +board.topic"),
        ("map +board.nosuch", MISSING),
        ("map +board", "OK +board"),
        ("map +nosuch", MISSING),
        ("map +secret", MISSING),
        ("map +user.alice", MISSING),
        ("map +notice", "NOTFOUND Permission denied"),
        ("map a b", MISSING),
        ("map @example.org", MISSING),
        ("map *", MISSING),
        ("alice", "PERM Bad protocol (missing key)"),
        ("map ", "PERM Bad protocol (missing key)"),
        ("", "PERM Bad protocol (missing key)"),
    ],
)
async def test_whom_there_is_mail_for(world: World, runner: asyncio.Runner, request_: str, answered: str) -> None:
    assert await asked(world, request_) == answered


async def test_a_mailbox_that_is_not_there_may_stand_for_its_user(world: World, runner: asyncio.Runner) -> None:
    assert await asked(world, "map alice+nosuch", ignores_subaddress=True) == "OK alice+nosuch"
    assert await asked(world, "map nosuch+open", ignores_subaddress=True) == MISSING
    assert await asked(world, "map +nosuch", ignores_subaddress=True) == MISSING


async def test_options_of_delivery_count(world: World, runner: asyncio.Runner) -> None:
    assert await asked(world, "map Alice", "lmtp_downcase_rcpt: no") == MISSING
    assert await asked(world, "map alice+OPEN.deep", "lmtp_fuzzy_mailbox_match: yes") == "OK alice+OPEN.deep"
    assert await asked(world, "map nosuch+x", "lmtp_catchall_mailbox: alice") == "OK nosuch+x"
    assert await asked(world, "map post+board", "postuser: post") == "OK post+board"


async def test_whoever_would_be_made_by_mail_is_there(world: World, runner: asyncio.Runner) -> None:
    made = "autocreate_quota: 0\nautocreate_post: yes\n"
    assert await asked(world, "map Dave@example.org", made) == "OK Dave@example.org"
    assert await asked(world, "map dave+lists", made) == MISSING
    assert await asked(world, "map dave+lists", made, ignores_subaddress=True) == "OK dave+lists"
    assert await asked(world, "map +nosuch", made) == MISSING
    for missing in ("autocreate_quota: 0", "autocreate_post: yes", f"{made}autocreate_users: erin"):
        assert await asked(world, "map dave", missing) == MISSING
    for_staff = f"{made}autocreate_users: group:staff"
    assert await asked(world, "map carol", for_staff) == "OK carol"
    assert await asked(world, "map dave", for_staff) == MISSING
    assert await asked(world, "map broken", for_staff) == "TEMP System error, try again later"
    assert await world.engine.account_id("user.dave") is None


async def test_a_full_mailbox_is_told(world: World, runner: asyncio.Runner) -> None:
    await world.do("user.bob", SetQuota("", {QuotaResource.STORAGE: 0}, AUTHOR))
    assert await asked(world, "map bob") == "TEMP Over quota"
    assert await asked(world, "map bob", "lmtp_over_quota_perm_failure: yes") == "PERM Over quota"


async def test_octets_that_are_no_address_find_nobody(world: World, runner: asyncio.Runner) -> None:
    found = await answer(world.store, settings(), b"map \xff\x00", groups_of=groups_of, ignores_subaddress=False)
    assert found == MISSING.encode()


async def test_a_store_that_is_broken_finds_nobody_for_now(
    world: World, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise StoreDamaged("/path")

    monkeypatch.setattr(world.store, "tree_of", fail)
    assert await asked(world, "map bob") == "TEMP System error, try again later"
