"""What active scripts file into, and what RENAME and DELETE take from them."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lmtp.post import settings
from tests.store.world import AUTHOR, World, name

from angarium.engine.rows import AccountId
from angarium.engine.scripts import PutScript, ScriptRow
from angarium.errors import StoreDamaged
from angarium.names import UserId
from angarium.operations.delivery import DeliveryContext, lost_targets
from angarium.operations.mailboxes import delete_user, rename
from angarium.operations.scripts import CheckedScripts
from angarium.store import Actor


@pytest.fixture
def site(runner: asyncio.Runner, tmp_path: Path) -> Iterator[World]:
    """Users alice and bob, in memory."""
    world = runner.run(World.open("memory", tmp_path))
    yield world
    runner.run(world.engine.close())


async def put(world: World, user: str, text: str, *, script: str = "main", is_active: bool = True) -> None:
    account = world.user(user).account
    assert account is not None
    await world.engine.write(account, PutScript(script, text.encode(), AUTHOR, activate=is_active))


async def lost(world: World, actor: Actor, *gone: str, options: str = "") -> list[tuple[str, int, str]]:
    """By names that were never there, which is all the same."""
    context = DeliveryContext(
        store=world.store, settings=settings(options), scripts=CheckedScripts(settings(options).sieve)
    )
    found = await lost_targets(context, actor, [name(each) for each in gone])
    return [(each.script, each.line, each.name.internal) for each in found]


FILTER = 'require "fileinto";\r\nfileinto "Work";\r\nfileinto "Other Users/bob/Shared";\r\n'


async def test_only_what_the_script_names_is_lost(site: World) -> None:
    alice = site.user("alice")
    assert await lost(site, alice, "user.alice.Work") == []
    await put(site, "alice", FILTER)
    assert await lost(site, alice, "user.alice.Work") == [("main", 2, "user.alice.Work")]
    assert await lost(site, alice, "user.alice.Other", "user.alice.Work.Deep") == []
    assert await lost(site, alice, "user.bob.Shared") == [("main", 3, "user.bob.Shared")]
    await site.create("user.alice.Work", "alice lrswipkxtecdan")
    assert await lost(site, alice, "user.alice.Work") == []


async def test_scripts_that_are_not_active_do_not_count(site: World) -> None:
    await put(site, "alice", FILTER, script="other", is_active=False)
    assert await lost(site, site.user("alice"), "user.alice.Work") == []


async def test_scripts_that_are_included_count_each_once(site: World) -> None:
    include = 'require "include"; include "a"; include "b"; include :global "site"; include "missing";'
    await put(site, "alice", 'require ["fileinto", "include"];\ninclude "main"; fileinto "Work";', script="a")
    await put(site, "alice", "nonsense", script="b")
    await site.engine.put_site_script("site", b'require "fileinto"; fileinto "Work";')
    await put(site, "alice", include)
    assert await lost(site, site.user("alice"), "user.alice.Work") == [
        ("a", 2, "user.alice.Work"),
        ("site", 1, "user.alice.Work"),
    ]


@pytest.mark.parametrize(
    ("text", "options", "is_lost"),
    [
        ('require ["fileinto", "mailbox"]; fileinto :create "Work";', "", False),
        ('require "fileinto"; fileinto "Work";', "anysievefolder: yes", False),
        ('require "fileinto"; fileinto "Work";', "autocreate_sieve_folders: Lists|Work", False),
        ('require "fileinto"; fileinto "Work";', "autocreate_sieve_folders: Lists", True),
    ],
)
async def test_what_is_made_anew_is_not_lost(site: World, text: str, options: str, is_lost: bool) -> None:
    await put(site, "alice", text)
    found = await lost(site, site.user("alice"), "user.alice.Work", options=options)
    assert bool(found) == is_lost


async def test_who_is_told(site: World, caplog: pytest.LogCaptureFixture) -> None:
    await put(site, "alice", FILTER)
    for actor, is_told in ((site.user("alice"), True), (site.admin, True), (site.user("bob"), False)):
        caplog.clear()
        assert bool(await lost(site, actor, "user.alice.Work")) == is_told
        (record,) = caplog.records
        assert (record.msg, record.levelno) == ("script_target_lost", logging.WARNING)
        fields = record.__dict__
        assert (fields["user"], fields["script"], fields["line"]) == ("alice", "main", 2)
        assert (fields["mailbox"], fields["by"]) == ("user.alice.Work", actor.author().actor)


async def test_an_administrator_of_another_domain_is_not_told(site: World) -> None:
    await put(site, "alice", FILTER)
    admin = Actor(UserId("cyrus", "example.com"), is_admin=True)
    assert await lost(site, admin, "user.alice.Work") == []


async def test_a_user_who_is_renamed_or_goes_loses_nothing(site: World) -> None:
    await site.create("user.alice.Work", "alice lrswipkxtecdan")
    await put(site, "alice", FILTER)
    renamed = await rename(site.store, site.admin, name("user.alice"), name("user.eve"))
    assert await lost(site, site.admin, *[each.old.internal for each in renamed]) == []
    await delete_user(site.store, site.admin, UserId("eve"))
    assert await lost(site, site.admin, "user.eve", "user.eve.Work") == []


async def test_what_goes_wrong_is_logged(
    site: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: AccountId) -> ScriptRow | None:
        raise StoreDamaged("no index")

    monkeypatch.setattr(site.engine, "active_script", fail)
    assert await lost(site, site.user("alice"), "user.alice.Work") == []
    assert [record.msg for record in caplog.records] == ["script_not_looked_at"]


async def test_very_many_are_not_all_told(site: World, caplog: pytest.LogCaptureFixture) -> None:
    lines = "".join([f'fileinto "Work{number}";\n' for number in range(100)])
    await put(site, "alice", f'require "fileinto";\n{lines}')
    found = await lost(site, site.user("alice"), *[f"user.alice.Work{number}" for number in range(100)])
    assert len(found) == 20
    assert len(caplog.records) == 100
