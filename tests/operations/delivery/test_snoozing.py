"""Messages that wait, and come back."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.operations.delivery.office import MAIL, Office, mail
from tests.operations.delivery.test_deliver import where
from tests.operations.messages.conftest import World

from angarium.errors import StoreBusy
from angarium.names import MailboxName
from angarium.operations.delivery import snoozing
from angarium.operations.delivery.snoozing import awaken_due, note_snoozed
from angarium.operations.mailboxes import delete

SCRIPT = 'require ["snooze","imap4flags","mailbox"]; '


async def snoozed(world: World, arguments: str, *, clock: str = "2026-11-21T07:00:00Z") -> Office:
    world.sources.time_s = int(datetime.fromisoformat(clock).timestamp())
    office = Office.open(world)
    await office.script("alice", f'{SCRIPT} setflag "\\\\Seen"; snooze {arguments} :tzid "UTC" "09:00:00";')
    (outcome,) = await office.send("alice")
    assert where(outcome) == ["user.alice.Snoozed"]
    _, entry = await world.store.locate(MailboxName.from_internal("user.alice.Snoozed"))
    world.mailboxes["user.alice.Snoozed"] = entry.row.id
    assert entry.row.special_use == "\\Snoozed"
    return office


async def test_a_message_waits_and_comes_back(world: World) -> None:
    await snoozed(world, ':addflags "\\\\Flagged" :removeflags "\\\\Seen"')
    due_s = int(datetime(2026, 11, 21, 9, tzinfo=UTC).timestamp())
    assert await awaken_due(world.store) == due_s
    assert await world.flags("user.alice.Snoozed") == {1: {"\\Seen"}}
    assert (await world.octets("user.alice.Snoozed", 1)).endswith(MAIL)
    world.sources.time_s = due_s
    assert await awaken_due(world.store) is None
    assert await world.flags("user.alice.Snoozed") == {}
    assert await world.flags("user.alice") == {1: {"\\Flagged"}}
    assert (await world.octets("user.alice", 1)).endswith(MAIL)
    assert await world.engine.work() == []
    assert await awaken_due(world.store) is None
    assert len(await world.flags("user.alice")) == 1


@pytest.mark.parametrize(
    ("arguments", "mailbox"),
    [
        (':mailbox "work"', "user.alice.work"),
        (':mailbox "nothing"', "user.alice"),
        (':create :mailbox "new"', "user.alice.new"),
        (':mailbox "Shared Folders/board"', "user.alice"),
        ("", "user.alice"),
    ],
)
async def test_it_comes_back_to_where_it_was_wanted(world: World, arguments: str, mailbox: str) -> None:
    await snoozed(world, arguments)
    world.sources.time_s += 86_400
    await awaken_due(world.store)
    assert await world.flags("user.alice.Snoozed") == {}
    _, entry = await world.store.locate(MailboxName.from_internal(mailbox))
    world.mailboxes[mailbox] = entry.row.id
    assert len(await world.flags(mailbox)) == 1


async def test_each_comes_at_its_own_time(world: World) -> None:
    office = await snoozed(world, "")
    world.sources.time_s += 12 * 3600
    await office.send("alice", octets=mail("two@example.net"))
    await awaken_due(world.store)
    assert list(await world.flags("user.alice.Snoozed")) == [2]
    world.sources.time_s += 86_400
    await awaken_due(world.store)
    assert len(await world.flags("user.alice")) == 2


async def test_what_its_user_has_moved_stays_there(world: World) -> None:
    await snoozed(world, "")
    await delete(world.store, world.alice, MailboxName.from_internal("user.alice.Snoozed"))
    world.sources.time_s += 86_400
    assert await awaken_due(world.store) is None
    assert await world.flags("user.alice") == {}


async def test_a_full_mailbox_keeps_nothing_from_coming_back(world: World) -> None:
    await snoozed(world, "")
    await world.set_quota("user.alice", 0)
    world.sources.time_s += 86_400
    await awaken_due(world.store)
    assert len(await world.flags("user.alice")) == 1


async def test_what_is_being_written_when_its_time_comes_is_not_forgotten(world: World) -> None:
    account = world.account_of("user.alice")
    now_s = world.sources.now_s()
    await note_snoozed(world.store, account, now_s + 1)
    world.sources.time_s += 1
    assert await awaken_due(world.store) == now_s + 21, "the message may yet come"
    assert len(await world.engine.work()) == 1
    world.sources.time_s += 3600
    assert await awaken_due(world.store) is None
    assert await world.engine.work() == []


async def test_what_cannot_come_back_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    office = await snoozed(world, "")
    await office.send("alice", octets=mail("two@example.net"))
    awaken_one = snoozing._awaken_one

    async def awaken(*arguments: Any) -> None:
        if arguments[4].uid == 1:
            raise StoreBusy("not now")
        await awaken_one(*arguments)

    monkeypatch.setattr(snoozing, "_awaken_one", awaken)
    world.sources.time_s += 86_400
    assert await awaken_due(world.store) is None
    assert list(await world.flags("user.alice.Snoozed")) == [1]
    monkeypatch.undo()
    world.sources.time_s += 3600
    await awaken_due(world.store)
    assert len(await world.flags("user.alice")) == 2
    assert await world.engine.work() == []


async def test_it_gets_no_flags_that_are_none(world: World) -> None:
    await snoozed(world, ':addflags ["\\\\Bogus", "a(b", "$x"]')
    world.sources.time_s += 86_400
    await awaken_due(world.store)
    assert await world.flags("user.alice") == {1: {"\\Seen", "$x"}}
