"""New users: what they get, and what happens where two ask for it."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.world import World, name

from angarium.config.options import AutocreateSettings, FolderRight
from angarium.engine.rows import QuotaResource
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.names import NameSettings, UserId, VirtDomains
from angarium.operations.mailboxes import (
    NewUser,
    autocreate_user,
    delete_user,
    get_quota_root,
    may_be_created_by_script,
)
from angarium.sieve.facts import Mistake, ScriptInvalid
from angarium.sieve.position import Position
from angarium.store import Store, StorePolicy

CAROL = UserId("carol")
NEW = NewUser(userid=CAROL, protocol="imap", session="s1")
ON = AutocreateSettings(autocreate_quota=0)


def dotted(world: World, **names: object) -> Store:
    """The same store with other names."""
    settings = NameSettings(**{"unixhierarchysep": False, "altnamespace": False, **names})  # type: ignore[arg-type]
    return Store(world.engine, StorePolicy(names=settings), world.sources)


async def names_of(world: World, userid: UserId = CAROL) -> list[str]:
    actor = await world.store.actor(userid)
    return [mailbox.name.internal for mailbox in await world.store.visible(actor) if mailbox.name.userid == userid]


async def subscriptions_of(world: World, userid: UserId = CAROL) -> list[str]:
    actor = await world.store.actor(userid)
    assert actor.account is not None
    return [row.name for row in await world.engine.subscriptions(actor.account) if row.subscribed]


async def test_nobody_gets_mailboxes_where_the_options_do_not_say_so(world: World) -> None:
    for settings in (AutocreateSettings(), AutocreateSettings(autocreate_quota_messages=5)):
        assert await autocreate_user(world.store, settings, NEW) is None
    assert await world.engine.account_id("user.carol") is None


async def test_a_new_user_has_an_inbox_and_is_subscribed_to_it(world: World) -> None:
    account = await autocreate_user(world.store, ON, NEW)
    carol = await world.store.actor(CAROL)
    assert carol.account == account
    inbox = await world.found("user.carol", carol)
    assert inbox.row.acl == "carol\tlrswipkxtecdan\t"
    assert await subscriptions_of(world) == ["user.carol"]
    assert await get_quota_root(world.store, carol, inbox.name) is None


async def test_who_has_an_inbox_gets_nothing_more(world: World) -> None:
    settings = replace(ON, autocreate_inbox_folders=("Sent",), autocreate_subscribe_folders=("Sent",))
    account = await autocreate_user(world.store, settings, NewUser(userid=UserId("alice")))
    assert account == world.user("alice").account
    assert await names_of(world, UserId("alice")) == ["user.alice"]
    assert await subscriptions_of(world, UserId("alice")) == []


@pytest.mark.parametrize(
    ("storage", "messages", "limits"),
    [
        (500, -1, {QuotaResource.STORAGE: 500}),
        (0, 20, {QuotaResource.MESSAGE: 20}),
        (500, 20, {QuotaResource.STORAGE: 500, QuotaResource.MESSAGE: 20}),
        (0, 0, None),
    ],
)
async def test_quotas_of_a_new_user(
    plain_world: World, storage: int, messages: int, limits: dict[QuotaResource, int] | None
) -> None:
    settings = AutocreateSettings(
        autocreate_quota=storage, autocreate_quota_messages=messages, autocreate_inbox_folders=("Sent",)
    )
    await autocreate_user(plain_world.store, settings, NEW)
    carol = await plain_world.store.actor(CAROL)
    root = await get_quota_root(plain_world.store, carol, name("user.carol.Sent"))
    assert (None if root is None else dict(root.limits)) == limits


async def test_folders_of_any_depth_are_made_with_what_is_above_them(world: World) -> None:
    settings = replace(
        ON,
        autocreate_inbox_folders=("Archive/2024/Q1", "Archive/2023", "Sent", "Spam"),
        autocreate_subscribe_folders=("Sent", "Archive/2023"),
    )
    await autocreate_user(world.store, settings, NEW)
    assert await names_of(world) == [
        "user.carol",
        "user.carol.Archive",
        "user.carol.Archive.2023",
        "user.carol.Archive.2024",
        "user.carol.Archive.2024.Q1",
        "user.carol.Sent",
        "user.carol.Spam",
    ]
    assert await subscriptions_of(world) == ["user.carol", "user.carol.Archive.2023", "user.carol.Sent"]


async def test_levels_are_separated_as_clients_see_them(plain_world: World) -> None:
    settings = replace(ON, autocreate_inbox_folders=("Archive.2024", "a/b"))
    await autocreate_user(dotted(plain_world), settings, NEW)
    # Without unixhierarchysep a slash is no separator, and no letter of a name either.
    assert await names_of(plain_world) == ["user.carol", "user.carol.Archive", "user.carol.Archive.2024"]


async def test_rights_are_given_and_go_down(world: World) -> None:
    settings = replace(
        ON,
        autocreate_inbox_folders=("plus", "plus/deep", "Sent"),
        autocreate_acl=(FolderRight("plus", "anyone", "p"), FolderRight("Nowhere", "anyone", "lrs")),
    )
    await autocreate_user(world.store, settings, NEW)
    carol = await world.store.actor(CAROL)
    own = "carol\tlrswipkxtecdan\t"
    assert (await world.found("user.carol.plus", carol)).row.acl == f"{own}anyone\tp\t"
    assert (await world.found("user.carol.plus.deep", carol)).row.acl == f"{own}anyone\tp\t"
    assert (await world.found("user.carol.Sent", carol)).row.acl == own


async def test_special_uses_go_by_name(world: World) -> None:
    settings = replace(
        ON,
        autocreate_inbox_folders=("Drafts", "Spam", "Archive/Old"),
        special_uses={"drafts": "Drafts", "junk": "Spam", "trash": "Nowhere"},
    )
    await autocreate_user(world.store, settings, NEW)
    carol = await world.store.actor(CAROL)
    assert (await world.found("user.carol.Drafts", carol)).row.special_use == "\\Drafts"
    assert (await world.found("user.carol.Spam", carol)).row.special_use == "\\Junk"
    assert (await world.found("user.carol.Archive", carol)).row.special_use == ""


async def test_what_cannot_be_is_logged_in_the_one_line_and_the_rest_is_made(
    plain_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(
        ON,
        autocreate_inbox_folders=("/Bad", "Deep/Drafts", "Sent"),
        autocreate_subscribe_folders=("Other",),
        autocreate_subscribe_sharedfolders=("nosuch",),
        autocreate_acl=(FolderRight("Sent", "bob", "lr"), FolderRight("Sent", "-", "lr")),
        special_uses={"drafts": "Deep/Drafts", "nonsense": "Sent"},
    )
    with caplog.at_level(logging.INFO):
        await autocreate_user(plain_world.store, settings, NEW)
    (record,) = [record for record in caplog.records if record.msg == "user_autocreated"]
    assert record.levelno == logging.WARNING
    failures = record.__dict__["failures"]
    for part in ("mailbox /Bad", "xlist-drafts", "xlist-nonsense", "Sent - lr", "subscription Other", "to nosuch"):
        assert part in failures, part
    assert await names_of(plain_world) == ["user.carol", "user.carol.Deep", "user.carol.Deep.Drafts", "user.carol.Sent"]


async def test_one_line_tells_of_a_new_user(plain_world: World, caplog: pytest.LogCaptureFixture) -> None:
    settings = replace(ON, autocreate_inbox_folders=("Sent",), autocreate_subscribe_folders=("Sent",))
    with caplog.at_level(logging.INFO):
        await autocreate_user(plain_world.store, settings, NEW)
        await autocreate_user(plain_world.store, settings, NEW)
    (record,) = [record for record in caplog.records if record.msg == "user_autocreated"]
    assert record.levelno == logging.INFO
    assert (record.__dict__["user"], record.__dict__["session"]) == ("carol", "s1")
    assert (record.__dict__["mailboxes"], record.__dict__["subscriptions"]) == (2, 2)


async def test_shared_mailboxes_are_subscribed_where_she_may_know_of_them(world: World) -> None:
    await world.create("board", "anyone lrs")
    await world.create("board.news", "anyone lrs")
    await world.create("board.secret", "bob lrs")
    settings = replace(
        ON, autocreate_subscribe_sharedfolders=("Shared Folders/board", "board/news", "board/secret", "user/bob")
    )
    await autocreate_user(world.store, settings, NEW)
    assert await subscriptions_of(world) == ["board", "board.news", "user.carol"]


async def test_all_shared_mailboxes_are_subscribed_and_none_of_other_users(world: World) -> None:
    await world.create("board", "anyone lrs")
    await world.create("staff", "group:staff lrs")
    await world.create("secret", "bob lrs")
    await world.set_acl("user.bob", "bob lrswipkxtecdan anyone lrs")
    settings = replace(ON, autocreate_subscribe_sharedfolders_all=True)
    await autocreate_user(world.store, settings, replace(NEW, groups=frozenset({"staff"})))
    assert await subscriptions_of(world) == ["board", "staff", "user.carol"]


@pytest.mark.parametrize(
    ("users", "groups", "is_admin", "gets"),
    [
        (("anyone",), (), False, True),
        (("anyone",), (), True, False),
        (("carol", "dave"), (), False, True),
        (("dave",), (), False, False),
        (("group:staff",), ("staff",), False, True),
        (("group:staff",), ("others",), False, False),
        (("staff",), ("staff",), False, False),
        ((), (), False, False),
    ],
)
async def test_who_gets_mailboxes(
    plain_world: World, users: tuple[str, ...], groups: tuple[str, ...], is_admin: bool, gets: bool
) -> None:
    settings = replace(ON, autocreate_users=users)
    user = replace(NEW, groups=frozenset(groups), is_admin=is_admin)
    assert (await autocreate_user(plain_world.store, settings, user) is not None) == gets
    assert (await plain_world.engine.account_id("user.carol") is not None) == gets


async def test_many_at_once_make_one_user(world: World, caplog: pytest.LogCaptureFixture) -> None:
    settings = replace(ON, autocreate_inbox_folders=("Sent", "Drafts"), autocreate_subscribe_folders=("Sent",))
    other = Store(world.engine, world.store.policy, world.sources)
    with caplog.at_level(logging.INFO):
        accounts = await asyncio.gather(
            *[autocreate_user(store, settings, NEW) for store in (world.store, other) for _ in range(5)]
        )
    assert len(set(accounts)) == 1
    assert await names_of(world) == ["user.carol", "user.carol.Drafts", "user.carol.Sent"]
    assert await subscriptions_of(world) == ["user.carol", "user.carol.Sent"]
    assert [record.msg for record in caplog.records].count("user_autocreated") == 1


@pytest.mark.usefixtures("runner")
async def test_workers_that_make_a_user_at_once_make_her_once(tmp_path: Path) -> None:
    partition, state = tmp_path / "partition", tmp_path / "state"
    for path in (partition, state):
        path.mkdir()
    settings = replace(
        ON,
        autocreate_quota=500,
        autocreate_inbox_folders=("Sent", "Deep/Down"),
        autocreate_subscribe_folders=("Sent",),
    )
    workers: list[Store] = []
    try:
        for _ in range(3):
            sources = SystemSources()
            options = SqliteOptions(str(state), {"default": str(partition)})
            workers.append(Store(await SqliteEngine.open(options, sources), StorePolicy(), sources))
        for number in range(5):
            user = NewUser(userid=UserId(f"user{number}"))
            accounts = await asyncio.gather(*[autocreate_user(store, settings, user) for store in workers])
            assert len(set(accounts)) == 1
            (account,) = set(accounts)
            assert account is not None
            for store in workers:
                assert sorted([row.name for row in await store.engine.mailboxes(account)]) == [
                    "",
                    "Deep",
                    "Deep.Down",
                    "Sent",
                ]
                assert [row.limits for row in await store.engine.quotas(account)] == [{QuotaResource.STORAGE: 500}]
                assert len(await store.engine.subscriptions(account)) == 2
    finally:
        for store in workers:
            await store.engine.close()


async def test_a_user_who_was_deleted_comes_back_without_her_mail(world: World) -> None:
    await autocreate_user(world.store, ON, NEW)
    await delete_user(world.store, world.admin, CAROL)
    account = await autocreate_user(world.store, ON, NEW)
    assert account == await world.engine.account_id("user.carol")
    assert (await world.found("user.carol")).row.messages == 0


async def test_domains_have_users_of_their_own(world: World) -> None:
    store = dotted(world, virtdomains=VirtDomains.USERID, defaultdomain="example.org")
    userid = UserId("carol", "example.com")
    settings = replace(ON, autocreate_inbox_folders=("plus",), autocreate_acl=(FolderRight("plus", "dave", "lr"),))
    await autocreate_user(store, settings, NewUser(userid=userid))
    tree, entry = await store.locate(name("example.com!user.carol.plus"))
    assert entry.row.acl == "carol@example.com\tlrswipkxtecdan\tdave@example.com\tlr\t"
    assert tree.name.internal == "example.com!user.carol"


class Checker:
    """Knows one script that cannot be used."""

    async def check(self, content: bytes, *, name: str = "") -> object:
        if b"nonsense" in content:
            raise ScriptInvalid((Mistake(Position(1, 1), f"{name}: a command was expected"),))
        return None


async def test_a_new_user_begins_with_the_script(world: World, tmp_path: Path) -> None:
    script = tmp_path / "default.siv"
    script.write_bytes(b"keep;\r\n")
    settings = replace(ON, autocreate_sieve_script=script)
    account = await autocreate_user(world.store, settings, NEW, scripts=Checker())
    assert account is not None
    row = await world.engine.active_script(account)
    assert row is not None
    assert (row.name, row.content) == ("default.siv", b"keep;\r\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"nonsense", "a command was expected"), (None, "No such file"), (b"#" * (11 << 20), "longer")],
)
async def test_a_script_that_cannot_be_used_keeps_nobody_from_her_mail(
    plain_world: World, tmp_path: Path, content: bytes | None, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    script = tmp_path / "default.siv"
    if content is not None:
        script.write_bytes(content)
    settings = replace(ON, autocreate_sieve_script=script)
    with caplog.at_level(logging.INFO):
        account = await autocreate_user(plain_world.store, settings, NEW, scripts=Checker())
    assert account is not None
    assert await plain_world.engine.active_script(account) is None
    (record,) = [record for record in caplog.records if record.msg == "user_autocreated"]
    assert said in record.__dict__["failures"]


def test_scripts_make_the_folders_that_the_option_names(plain_world: World) -> None:
    settings = AutocreateSettings(autocreate_sieve_folders=("lists", "lists/deep", "/bad"))
    for internal, allowed in (
        ("user.carol.lists", True),
        ("user.carol.lists.deep", True),
        ("user.bob.lists", True),
        ("user.carol.other", False),
        ("lists", False),
        ("user.carol", False),
    ):
        assert may_be_created_by_script(plain_world.store, settings, name(internal)) == allowed, internal
