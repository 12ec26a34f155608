"""Mailboxes as scripts name them."""

import pytest
from tests.operations.messages.conftest import AUTHOR, World

from angarium.engine.commands import SetSpecialUse
from angarium.errors import MailboxNotFound, PermissionDenied
from angarium.names import MailboxName
from angarium.operations.delivery.filing import Filing
from angarium.operations.mailboxes import delete
from angarium.store import Actor


def filing(world: World, actor: Actor | None = None, *, utf8_only: bool = False) -> Filing:
    return Filing(world.store, actor or world.alice, utf8_only=utf8_only)


@pytest.mark.parametrize(
    ("text", "internal"),
    [
        ("work", "user.alice.work"),
        ("INBOX", "user.alice"),
        ("inbox", "user.alice"),
        ("caf\u00e9", "user.alice.caf\u00e9"),
        ("caf&AOk-", "user.alice.caf\u00e9"),
        ("R&-D", "user.alice.R&D"),
        ("R&D", "user.alice.R&D"),
        ("Shared Folders/board", "board"),
        ("Other Users/bob", "user.bob"),
    ],
)
async def test_a_name_is_what_the_client_shows(memory_world: World, text: str, internal: str) -> None:
    assert filing(memory_world).name(text) == MailboxName.from_internal(internal)


async def test_names_may_be_utf8_alone(memory_world: World) -> None:
    assert filing(memory_world, utf8_only=True).name("R&-D").internal == "user.alice.R&-D"


@pytest.mark.parametrize(
    ("acl", "exists"),
    [("alice\tlrp\t", True), ("alice\tlri\t", True), ("alice\tlrs\t", False), ("alice\tp\t", True), ("", False)],
)
async def test_who_may_post_or_insert_may_file(world: World, acl: str, exists: bool) -> None:
    await world.create("user.bob.open", acl)
    assert await filing(world).exists("Other Users/bob/open") is exists


@pytest.mark.parametrize("text", ["nothing", "", "/", "a//b*\0", "Shared Folders", "Other Users/bob"])
async def test_what_is_no_mailbox_for_the_user_does_not_exist(memory_world: World, text: str) -> None:
    assert not await filing(memory_world).exists(text)


async def test_a_mailbox_is_found_by_its_id(world: World) -> None:
    found = await filing(world).find_by_id(world.mailboxes["user.alice.work"])
    assert found.name.internal == "user.alice.work"
    with pytest.raises(MailboxNotFound):
        await filing(world).find_by_id(world.mailboxes["user.bob"])
    with pytest.raises(MailboxNotFound):
        await filing(world).find_by_id("nothing")


async def test_a_mailbox_is_found_by_what_it_is_for(world: World) -> None:
    await world.engine.write(
        world.account_of("user.alice"), SetSpecialUse(world.mailboxes["user.alice.work"], "\\Archive", AUTHOR)
    )
    of_alice = filing(world)
    assert (await of_alice.find_by_use("\\archive")).name.internal == "user.alice.work"
    assert await of_alice.has_uses(None, ("\\Archive",))
    assert not await of_alice.has_uses(None, ("\\Archive", "\\Junk"))
    assert await of_alice.has_uses("work", ("\\ARCHIVE",))
    assert not await of_alice.has_uses("INBOX", ("\\Archive",))
    assert not await of_alice.has_uses("nothing", ("\\Archive",))
    assert not await filing(world, world.bob).has_uses(None, ("\\Archive",))
    with pytest.raises(MailboxNotFound):
        await of_alice.find_by_use("\\Junk")


async def test_a_use_counts_only_where_one_may_file(world: World) -> None:
    """RFC 8579 \u00a73; and \u00a74, that nothing is filed elsewhere instead."""
    await world.create("user.alice.old", "alice\tlrs\t")
    command = SetSpecialUse(world.mailboxes["user.alice.old"], "\\Archive", AUTHOR)
    await world.engine.write(world.account_of("user.alice"), command)
    assert not await filing(world).has_uses(None, ("\\Archive",))
    assert not await filing(world).has_uses("old", ("\\Archive",))
    with pytest.raises(PermissionDenied):
        await filing(world).find_by_use("\\Archive")


async def test_an_id_of_a_mailbox_of_hers_where_she_may_not_file_is_refused(world: World) -> None:
    """RFC 9042 \u00a74: it is there; another's is as if it were not."""
    await world.create("user.alice.shut", "alice\tlrs\t")
    await world.create("user.bob.shut", "alice\tlrs\t")
    with pytest.raises(PermissionDenied):
        await filing(world).find_by_id(world.mailboxes["user.alice.shut"])
    with pytest.raises(MailboxNotFound):
        await filing(world).find_by_id(world.mailboxes["user.bob.shut"])


async def test_a_deleted_mailbox_is_not_found_by_its_id(world: World) -> None:
    await delete(world.store, world.alice, MailboxName.from_internal("user.alice.work"))
    with pytest.raises(MailboxNotFound):
        await filing(world).find_by_id(world.mailboxes["user.alice.work"])


async def test_a_missing_mailbox_is_made_and_subscribed(world: World) -> None:
    made = await filing(world).find_or_create("lists/new")
    assert made.name.internal == "user.alice.lists.new"
    names = [row.name for row in await world.engine.subscriptions(world.account_of("user.alice"))]
    assert names == ["user.alice.lists", "user.alice.lists.new"]
    assert (await filing(world).find_or_create("lists/new")).id == made.id


async def test_a_new_mailbox_is_for_what_it_was_wanted_for(world: World) -> None:
    made = await filing(world).find_or_create("old", special_use="\\Archive")
    assert made.row.special_use == "\\Archive"


@pytest.mark.parametrize("special_use", ["\\Archive", "\\Nonsense"])
async def test_a_use_that_it_cannot_have_keeps_no_mailbox_from_being_made(world: World, special_use: str) -> None:
    made = await filing(world).find_or_create("too/deep", special_use=special_use)
    assert (made.name.internal, made.row.special_use) == ("user.alice.too.deep", "")


async def test_others_mailboxes_are_not_made(world: World) -> None:
    with pytest.raises(PermissionDenied):
        await filing(world).find_or_create("Other Users/bob/new")


async def test_the_script_of_a_shared_mailbox_has_no_inbox(memory_world: World) -> None:
    nobody = Actor(None, protocol="sieve")
    assert not await filing(memory_world, nobody).exists("INBOX")
    assert await filing(memory_world, nobody).exists("Shared Folders/board")
    assert not await filing(memory_world, nobody).has_uses(None, ("\\Archive",))
