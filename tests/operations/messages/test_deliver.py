"""Delivery to many recipients."""

from collections.abc import Sequence

import pytest
from tests.operations.messages.conftest import ANONYMOUS, AUTHOR, World
from tests.operations.messages.test_trace import TRACE

from angarium.config.options import LmtpSettings
from angarium.engine.commands import Command, EraseMailboxes, Result
from angarium.engine.rows import AccountId
from angarium.errors import AclChanged, QuotaExceeded, UserNotFound
from angarium.operations.messages import (
    Delivered,
    DeliveryTarget,
    IncomingMessage,
    MessageLimits,
    Recipient,
    deliver,
    resolve_recipient,
)

SETTINGS = LmtpSettings()
MAIL = b"Subject: To all\r\nDate: x\r\nMessage-ID: <all@example.org>\r\n\r\nHello.\r\n"


async def resolve(world: World, *addresses: str) -> list[DeliveryTarget]:
    return [
        await resolve_recipient(world.store, SETTINGS, ANONYMOUS, Recipient.parse(address)) for address in addresses
    ]


async def send(
    world: World, targets: Sequence[DeliveryTarget], *, partitions: Sequence[str] = ()
) -> list[Delivered | Exception]:
    partitions = partitions or [target.partition for target in targets]
    async with IncomingMessage.delivered(world.store, set(partitions), TRACE, limits=MessageLimits()) as incoming:
        incoming.write(MAIL)
        return await deliver(world.store, SETTINGS, ANONYMOUS, await incoming.finish(), targets)


async def test_every_recipient_gets_the_message_and_an_outcome_of_her_own(world: World) -> None:
    await world.create("user.carol", "carol\tlrswipkxtea\t", partition="archive")
    await world.set_quota("user.bob", 100)
    targets = await resolve(world, "bob", "alice", "carol", "+board", "alice")
    await world.set_quota("user.bob", 0)
    outcomes = await send(world, targets)
    assert isinstance(outcomes[0], QuotaExceeded)
    names = [outcome.name.internal for outcome in outcomes[1:] if isinstance(outcome, Delivered)]
    assert names == ["user.alice", "user.carol", "board", "user.alice"]
    assert await world.flags("user.alice") == {1: set()}
    assert (await world.octets("user.alice", 1)).endswith(MAIL)
    assert (await world.octets("board", 1)) == await world.octets("user.alice", 1)


async def test_who_lost_the_right_to_post_is_delivered_to_the_inbox(world: World) -> None:
    await world.create("user.alice.open", "anyone\tp\talice\tlrswipkxtea\t")
    targets = await resolve(world, "alice+open", "bob")
    await world.set_acl("user.alice.open", "alice\tlrswipkxtea\t")
    first, second = await send(world, targets)
    assert isinstance(first, Delivered)
    assert first.name.internal == "user.alice"
    assert isinstance(second, Delivered)


async def test_a_mailbox_that_went_concerns_nobody_else(world: World) -> None:
    await world.create("gone", "anonymous\tp\t")
    targets = await resolve(world, "+gone", "bob")
    await world.engine.write(world.account_of("gone"), EraseMailboxes((world.mailboxes["gone"],), AUTHOR))
    first, second = await send(world, targets)
    assert isinstance(first, UserNotFound)
    assert isinstance(second, Delivered)


async def test_a_partition_without_a_staged_file_is_tried_again_later(world: World) -> None:
    (outcome,) = await send(world, await resolve(world, "alice"), partitions=["archive"])
    assert isinstance(outcome, AclChanged)
    assert await world.flags("user.alice") == {}


async def test_a_folder_that_went_leaves_the_inbox(world: World) -> None:
    await world.create("user.alice.open", "anyone\tp\talice\tlrswipkxtea\t")
    targets = await resolve(world, "alice+open", "bob")
    erase = EraseMailboxes((world.mailboxes["user.alice.open"],), AUTHOR)
    await world.engine.write(world.account_of("user.alice"), erase)
    first, second = await send(world, targets)
    assert isinstance(first, Delivered)
    assert first.name.internal == "user.alice"
    assert isinstance(second, Delivered)


async def test_a_partition_that_is_not_staged_concerns_no_other_mailbox_of_the_account(world: World) -> None:
    await world.create("user.alice.old", "anyone\tp\talice\tlrswipkxtea\t", partition="archive")
    first, second = await send(world, await resolve(world, "alice+old", "alice"), partitions=["default"])
    assert isinstance(first, AclChanged)
    assert isinstance(second, Delivered)


async def test_a_bug_in_one_account_concerns_no_other(memory_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = memory_world
    targets = await resolve(world, "bob", "alice")
    write_batch, bobs = world.engine.write_batch, world.account_of("user.bob")

    async def broken(account: AccountId, commands: Sequence[Command]) -> list[Result | Exception]:
        if account == bobs:
            raise RuntimeError("a bug")
        return await write_batch(account, commands)

    monkeypatch.setattr(world.engine, "write_batch", broken)
    first, second = await send(world, targets)
    assert isinstance(first, RuntimeError)
    assert isinstance(second, Delivered)
    assert await world.flags("user.alice") == {1: set()}
