"""Delivery to many recipients, without scripts."""

from collections.abc import Sequence

import pytest
from tests.operations.delivery.office import MAIL, Office, mail
from tests.operations.messages.conftest import AUTHOR, World

from angarium.engine.commands import Command, EraseMailboxes, Result
from angarium.engine.rows import AccountId
from angarium.errors import QuotaExceeded, UserNotFound
from angarium.operations.delivery import Delivered, Outcome

DUPLICATES = "/vendor/cmu/cyrus-imapd/duplicatedeliver"


def where(outcome: Outcome) -> list[str]:
    """The mailboxes that a message went into."""
    assert isinstance(outcome, Delivered), outcome
    return [filed.name.internal for filed in outcome.filed]


async def test_every_recipient_gets_the_message_and_an_outcome_of_her_own(world: World) -> None:
    office = Office.open(world)
    await world.create("user.carol", "carol\tlrswipkxtea\t", partition="archive")
    await world.set_quota("user.bob", 100)
    targets = await office.resolve("bob", "alice", "carol", "+board", "alice")
    await world.set_quota("user.bob", 0)
    outcomes = await office.send(targets=targets)
    assert isinstance(outcomes[0], QuotaExceeded)
    assert [where(outcome) for outcome in outcomes[1:]] == [["user.alice"], ["user.carol"], ["board"], ["user.alice"]]
    assert await world.flags("user.alice") == {1: set()}
    assert (await world.octets("user.alice", 1)).endswith(MAIL)
    assert (await world.octets("board", 1)) == await world.octets("user.alice", 1)


async def test_who_lost_the_right_to_post_is_delivered_to_the_inbox(world: World) -> None:
    office = Office.open(world)
    await world.create("user.alice.open", "anyone\tp\talice\tlrswipkxtea\t")
    targets = await office.resolve("alice+open", "bob")
    await world.set_acl("user.alice.open", "alice\tlrswipkxtea\t")
    first, second = await office.send(targets=targets)
    assert (where(first), where(second)) == (["user.alice"], ["user.bob"])


async def test_a_mailbox_that_went_concerns_nobody_else(world: World) -> None:
    office = Office.open(world)
    await world.create("gone", "anonymous\tp\t")
    targets = await office.resolve("+gone", "bob")
    await world.engine.write(world.account_of("gone"), EraseMailboxes((world.mailboxes["gone"],), AUTHOR))
    first, second = await office.send(targets=targets)
    assert isinstance(first, UserNotFound)
    assert where(second) == ["user.bob"]


async def test_a_mailbox_on_another_partition_than_was_staged_gets_a_copy(world: World) -> None:
    office = Office.open(world)
    (outcome,) = await office.send("alice", partitions=["archive"])
    assert where(outcome) == ["user.alice"]
    assert (await world.octets("user.alice", 1)).endswith(MAIL)


async def test_a_folder_that_went_leaves_the_inbox(world: World) -> None:
    office = Office.open(world)
    await world.create("user.alice.open", "anyone\tp\talice\tlrswipkxtea\t")
    targets = await office.resolve("alice+open", "bob")
    erase = EraseMailboxes((world.mailboxes["user.alice.open"],), AUTHOR)
    await world.engine.write(world.account_of("user.alice"), erase)
    first, second = await office.send(targets=targets)
    assert (where(first), where(second)) == (["user.alice"], ["user.bob"])


async def test_a_bug_in_one_account_concerns_no_other(memory_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = memory_world
    office = Office.open(world)
    targets = await office.resolve("bob", "alice")
    write_batch, bobs = world.engine.write_batch, world.account_of("user.bob")

    async def broken(account: AccountId, commands: Sequence[Command]) -> list[Result | Exception]:
        if account == bobs:
            raise RuntimeError("a bug")
        return await write_batch(account, commands)

    monkeypatch.setattr(world.engine, "write_batch", broken)
    first, second = await office.send(targets=targets)
    assert isinstance(first, RuntimeError)
    assert where(second) == ["user.alice"]


# Duplicate suppression


async def test_what_has_come_into_a_mailbox_does_not_come_again(world: World) -> None:
    office = Office.open(world)
    await world.create("user.alice.open", "anyone\tp\talice\tlrswipkxtea\t")
    assert [where(outcome) for outcome in await office.send("alice", "bob")] == [["user.alice"], ["user.bob"]]
    (again,) = await office.send("alice")
    assert isinstance(again, Delivered)
    assert [filed.uid for filed in again.filed] == [None]
    await office.send("alice+open")
    await office.send("alice", octets=mail("other@example.net"))
    assert list(await world.flags("user.alice")) == [1, 2]
    assert list(await world.flags("user.alice.open")) == [1]
    assert list(await world.flags("user.bob")) == [1]


async def test_a_message_that_was_sent_anew_is_another_one(world: World) -> None:
    office = Office.open(world)
    await office.send("alice")
    await office.send("alice", octets=mail("all@example.net", "Resent-Message-ID: <again@example.net>"))
    await office.send("alice", octets=mail("third@example.net", "Resent-Message-ID: <again@example.net>"))
    assert list(await world.flags("user.alice")) == [1, 2]


async def test_messages_without_an_id_are_never_the_same(world: World) -> None:
    office = Office.open(world)
    octets = b"Subject: x\r\n\r\n"
    await office.send("alice", octets=octets)
    await office.send("alice", octets=octets.replace(b"x", b"y"))
    assert len(await world.flags("user.alice")) == 2


async def test_duplicates_may_come(world: World) -> None:
    office = Office.open(world, "duplicatesuppression: no")
    await office.send("alice")
    await office.send("alice")
    assert list(await world.flags("user.alice")) == [1, 2]


async def test_a_user_may_want_duplicates(world: World) -> None:
    office = Office.open(world)
    await world.create("user.alice.open", "anyone\tp\talice\tlrswipkxtea\t")
    await office.annotate("user.alice", DUPLICATES, b"true")
    for address in ("alice", "alice", "alice+open", "alice+open", "bob", "bob"):
        await office.send(address)
    assert len(await world.flags("user.alice")) == 2
    assert len(await world.flags("user.alice.open")) == 2
    assert len(await world.flags("user.bob")) == 1
    await office.annotate("user.alice.open", DUPLICATES, b"false")
    await office.send("alice+open", octets=mail("new@example.net"))
    await office.send("alice+open", octets=mail("new@example.net"))
    assert len(await world.flags("user.alice.open")) == 3


async def test_a_mark_expires(world: World) -> None:
    office = Office.open(world, "duplicate_retention: 1d")
    await office.send("alice")
    world.sources.time_s += 86_399
    await office.send("alice")
    assert len(await world.flags("user.alice")) == 1
    world.sources.time_s += 1
    await office.send("alice")
    assert len(await world.flags("user.alice")) == 2


async def test_an_id_of_any_length_is_remembered(world: World) -> None:
    office = Office.open(world)
    octets = mail("x" * 5000 + "@example.net")
    await office.send("alice", octets=octets)
    await office.send("alice", octets=octets)
    await office.send("alice", octets=mail("x" * 5000 + "@example.com"))
    assert len(await world.flags("user.alice")) == 2
