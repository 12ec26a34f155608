"""Mail that a script could lose: wherever what it wants cannot be done, the message is in INBOX."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.operations.delivery.office import Office, mail
from tests.operations.delivery.test_deliver import where
from tests.operations.delivery.test_scripted import delivered
from tests.operations.messages.conftest import World

from angarium.flags import Flags
from angarium.operations.delivery import running
from angarium.operations.delivery.plan import Plan, Planner

SUBJECT = b"\r\nSubject: To all\r\n"


async def has_message(world: World, mailbox: str) -> bool:
    """Whether the message itself is in a mailbox, and not only what it has caused."""
    messages = [await world.octets(mailbox, uid) for uid in await world.flags(mailbox)]
    return any(SUBJECT in message and b"X-Sieve-Action" not in message for message in messages)


@pytest.mark.parametrize(
    ("script", "mailbox", "count"),
    [
        ('vacation :fcc "INBOX" "away";', "user.alice", 2),
        ('vacation :fcc "work" "away"; fileinto "work";', "user.alice.work", 2),
        ('fileinto "work"; vacation :fcc "work" "away";', "user.alice.work", 2),
        ('notify :fcc "INBOX" "mailto:carol@example.com"; keep;', "user.alice", 2),
        ('vacation :fcc "INBOX" "away"; fileinto "nothing";', "user.alice", 3),
    ],
)
async def test_a_copy_of_an_answer_takes_the_place_of_no_message(
    world: World, script: str, mailbox: str, count: int
) -> None:
    office = Office.open(world)
    await office.script("alice", f'require ["vacation","enotify","fcc","fileinto"]; {script}')
    (outcome,) = await office.send("alice@example.org")
    assert len(where(outcome)) == count
    assert await has_message(world, mailbox)


@pytest.mark.parametrize("seen", ["X-Sieve-Redirected-From: alice@example.org", "Received: x\r\n" * 101 + "X-Y: z"])
async def test_what_would_go_round_is_kept(world: World, seen: str) -> None:
    office = Office.open(world)
    await office.script("alice", 'redirect "carol@example.com";')
    (outcome,) = await office.send("alice@example.org", octets=mail("1@x", seen))
    assert await office.queue() == []
    assert "redirect 'carol@example.com'" in delivered(outcome).script_failure
    assert (await world.flags("user.alice"))[1] == {"$SieveFailed"}


@pytest.mark.parametrize(
    "script",
    [
        'require "copy"; redirect :copy "carol@example.com";',
        'redirect "carol@example.com"; keep;',
        'keep; redirect "carol@example.com";',
    ],
)
async def test_what_is_kept_in_any_case_is_only_not_sent(world: World, script: str) -> None:
    office = Office.open(world)
    await office.script("alice", script)
    (outcome,) = await office.send(
        "alice@example.org", octets=mail("1@x", "X-Sieve-Redirected-From: alice@example.org")
    )
    assert await office.queue() == []
    assert delivered(outcome).script_failure == ""
    assert await world.flags("user.alice") == {1: set()}


@pytest.mark.parametrize(
    "members", ["# nobody\n", "no address\n", "".join(f"{each}@example.com\n" for each in range(101))]
)
async def test_a_list_that_nothing_can_be_sent_to_keeps_the_message(world: World, tmp_path: Path, members: str) -> None:
    (tmp_path / "team").write_text(members)
    office = Office.open(world, f"sieve_lists: {tmp_path}")
    await office.script("alice", 'require "extlists"; redirect :list "urn:angarium:list:team";')
    (outcome,) = await office.send("alice@example.org")
    assert await office.queue() == []
    assert delivered(outcome).script_failure
    assert await has_message(world, "user.alice")


async def test_what_waits_is_told_where_it_lies_already(world: World) -> None:
    office = Office.open(world)
    script = 'require ["snooze","fileinto","mailbox"]; fileinto :create "Snoozed"; snooze "09:00:00";'
    await office.script("alice", script)
    (outcome,) = await office.send("alice@example.org")
    assert where(outcome) == ["user.alice.Snoozed"]


async def test_a_mailbox_without_room_for_keywords_takes_the_message(world: World) -> None:
    office = Office.open(world)
    for first in (0, 64):
        await world.append("user.alice", flags=[f"k{each}" for each in range(first, first + 64)])
    (target,) = await office.resolve("alice")
    (outcome,) = await office.send(targets=[replace(target, flags=Flags.of(["\\Flagged", "one-more"]))])
    assert where(outcome) == ["user.alice"]
    assert (await world.flags("user.alice"))[3] == {"\\Flagged"}


async def test_a_fault_in_one_recipients_delivery_is_no_other_ones(
    memory_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office.open(memory_world)
    await office.script("alice", "keep;")
    filing = Planner.plan

    async def plan(planner: Planner) -> Plan:
        if planner._target.recipient.detail == "bad":
            raise RuntimeError("a fault")
        return await filing(planner)

    monkeypatch.setattr(Planner, "plan", plan)
    first, second = await office.send("alice+bad", "alice+good")
    assert isinstance(first, RuntimeError)
    assert where(second) == ["user.alice"]


async def test_a_full_mailbox_of_others_is_no_reason_to_send_it_back(world: World) -> None:
    office = Office.open(world)
    await office.script(
        "alice", 'require ["fileinto","copy"]; redirect :copy "a@example.com"; fileinto "Shared Folders/board";'
    )
    await world.set_quota("board", 0)
    (outcome,) = await office.send("alice@example.org")
    assert await has_message(world, "user.alice")
    failure = delivered(outcome).script_failure
    assert failure.endswith("its quota has no room"), "and nothing of how much others have"
    assert (await world.flags("user.alice"))[1] == {"$SieveFailed"}
    assert await office.queue() == []


async def test_a_fault_of_the_interpreter_keeps_the_message(
    memory_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office.open(memory_world)
    await office.script("alice", "discard;")

    def interpret(*_: object, **__: object) -> Generator[None, object, None]:
        yield
        raise ValueError("a fault")

    monkeypatch.setattr(running, "interpret", interpret)
    (outcome,) = await office.send("alice")
    assert "ValueError" in delivered(outcome).script_failure
    assert await has_message(memory_world, "user.alice")
