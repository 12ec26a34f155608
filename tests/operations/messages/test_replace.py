"""REPLACE: rights, both or neither, within an account and between accounts."""

import pytest
from tests.operations.messages.conftest import MAIL, World, uid_set

from angarium.engine.commands import Expunge
from angarium.engine.rows import ModSeq, Uid
from angarium.errors import MailboxNotFound, MessageNotFound, PermissionDenied, QuotaExceeded
from angarium.flags import Flags
from angarium.names import MailboxName
from angarium.operations.messages import (
    AppendedMessage,
    AppendTarget,
    IncomingMessage,
    MessageLimits,
    Replacement,
    append_target,
    replace,
)
from angarium.store import Actor, SelectedMailbox

NEW = b"Subject: the new one\r\n\r\n"


async def do_replace(
    world: World,
    selected: SelectedMailbox,
    uid: int,
    target: str,
    octets: bytes = NEW,
    *,
    found: AppendTarget | None = None,
) -> Replacement:
    actor = selected.actor
    found = found or await append_target(world.store, actor, MailboxName.from_internal(target))
    async with IncomingMessage.appended(world.store, found.partition, limits=MessageLimits()) as incoming:
        incoming.write(octets)
        message = AppendedMessage(await incoming.finish(), Flags.of(["\\Draft"]))
        return await replace(world.store, actor, selected, Uid(uid), found, message)


async def expunge(world: World, name: str, uid: int) -> None:
    command = Expunge(world.mailboxes[name], world.alice.author(), uid_set(uid), only_deleted=False)
    await world.engine.write(world.account_of(name), command)


async def highestmodseq(world: World, name: str, actor: Actor | None = None) -> ModSeq:
    return (await world.select(name, actor, examine=True)).highestmodseq


async def test_the_new_message_is_there_and_the_old_one_is_gone(world: World) -> None:
    await world.append("user.alice", MAIL, ["\\Seen", "$Work"])
    selected = await world.select("user.alice")
    replacement = await do_replace(world, selected, 1, "user.alice")
    assert replacement.appended.uids == (2,)
    assert replacement.appended.is_readable
    assert await world.flags("user.alice") == {2: {"\\Draft"}}
    assert await world.octets("user.alice", 2) == NEW
    assert replacement.modseq == await highestmodseq(world, "user.alice")
    await selected.refresh()
    assert selected.updates(allow_expunge=True).vanished == uid_set(1)


@pytest.mark.parametrize("target", ["user.alice.work", "board"])
async def test_it_may_go_elsewhere(world: World, target: str) -> None:
    await world.append("user.alice")
    selected = await world.select("user.alice")
    replacement = await do_replace(world, selected, 1, target)
    assert await world.flags("user.alice") == {}
    assert await world.octets(target, replacement.appended.uids[0]) == NEW
    assert replacement.modseq == await highestmodseq(world, "user.alice")


@pytest.mark.parametrize("rights", ["lrsi", "lrsit", "lrsie"])
async def test_it_needs_the_rights_to_delete_and_to_expunge(world: World, rights: str) -> None:
    await world.append("user.alice")
    await world.set_acl("user.alice", f"alice\tlrswipkxtea\tbob\t{rights}\t")
    selected = await world.select("user.alice", world.bob)
    with pytest.raises(PermissionDenied):
        await do_replace(world, selected, 1, "user.bob")
    assert await world.flags("user.alice") == {1: set()}
    assert await world.flags("user.bob") == {}


async def test_nothing_is_replaced_in_a_mailbox_that_is_read_only(memory_world: World) -> None:
    world = memory_world
    await world.append("user.alice")
    selected = await world.select("user.alice", examine=True)
    with pytest.raises(PermissionDenied):
        await do_replace(world, selected, 1, "user.alice")
    assert await world.flags("user.alice") == {1: set()}


@pytest.mark.parametrize("target", ["user.alice", "board"])
async def test_what_others_have_expunged_is_not_replaced(world: World, target: str) -> None:
    await world.append("user.alice")
    selected = await world.select("user.alice")
    await expunge(world, "user.alice", 1)
    with pytest.raises(MessageNotFound):
        await do_replace(world, selected, 1, target)
    assert await world.flags(target) == {}


async def test_rights_are_those_of_the_moment_when_it_is_done(world: World) -> None:
    await world.append("user.alice")
    await world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlrite\t")
    selected = await world.select("user.alice", world.bob)
    found = await append_target(world.store, world.bob, MailboxName.from_internal("user.alice"))
    await world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlrte\t")
    with pytest.raises(PermissionDenied):
        await do_replace(world, selected, 1, "", found=found)
    await world.set_acl("user.alice", "alice\tlrswipkxtea\t")
    with pytest.raises(MailboxNotFound):
        await do_replace(world, selected, 1, "", found=found)
    assert await world.flags("user.alice") == {1: set()}


async def test_a_target_that_is_full_leaves_the_old_message(world: World) -> None:
    await world.append("user.alice")
    await world.set_quota("user.bob", 1)
    await world.set_acl("user.bob", "bob\tlrswipkxtea\talice\tlri\t")
    selected = await world.select("user.alice")
    with pytest.raises(QuotaExceeded):
        await do_replace(world, selected, 1, "user.bob", NEW + b"x" * 1024 + b"\r\n")
    assert await world.flags("user.alice") == {1: set()}
    assert await world.flags("user.bob") == {}


async def test_in_a_full_account_there_is_room_for_what_is_no_larger(world: World) -> None:
    uid = await world.append("user.alice", NEW + b"x" * 900 + b"\r\n")
    await world.set_quota("user.alice", 1)
    selected = await world.select("user.alice")
    await do_replace(world, selected, uid, "user.alice.work", NEW + b"y" * 900 + b"\r\n")
    assert await world.flags("user.alice") == {}


async def test_who_may_not_read_the_target_is_not_told_where_it_went(memory_world: World) -> None:
    world = memory_world
    await world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tli\t")
    await world.append("user.bob", actor=world.bob)
    replacement = await do_replace(world, await world.select("user.bob", world.bob), 1, "user.alice")
    assert not replacement.appended.is_readable
