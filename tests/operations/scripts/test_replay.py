from pathlib import Path

import pytest
from tests.operations.delivery.office import Office, mail
from tests.operations.messages.conftest import World

from angarium.engine.rows import InternalDate
from angarium.errors import PermissionDenied
from angarium.names import MailboxName
from angarium.operations.scripts.replay import Replayed, Unreadable, replay
from angarium.sieve import FileInto, Outcome, parse_script

FILES = parse_script(b'require "fileinto"; if header :contains "subject" "all" { fileinto "work"; }')


async def replayed(
    world: World, after: bytes, *, last: int = 500, name: str = "user.alice"
) -> list[Replayed | Unreadable]:
    office = Office.open(world)
    mailbox = await world.store.find(world.alice, MailboxName.from_internal(name))
    script = parse_script(after)
    steps = replay(office.context, world.alice, mailbox, FILES, script, last=last, address="alice")
    return [each async for each in steps]


def words(outcome: Outcome) -> list[str]:
    assert outcome.failure is None
    return [action.mailbox if isinstance(action, FileInto) else type(action).__name__ for action in outcome.actions]


async def test_each_message_is_run_through_both(world: World) -> None:
    first = await world.append("user.alice", mail("1@x.y"), date=InternalDate(1_700_000_000, 0))
    second = await world.append("user.alice", mail("2@x.y").replace(b"To all", b"Else"))
    found = await replayed(world, b'if header :is "subject" "Else" { discard; }')
    assert all(isinstance(each, Replayed) for each in found)
    rows = [
        (each.uid, each.subject, words(each.before), words(each.after)) for each in found if isinstance(each, Replayed)
    ]
    assert rows == [(first, "To all", ["work"], ["Keep"]), (second, "Else", ["Keep"], ["Discard"])]
    assert isinstance(found[0], Replayed)
    assert (found[0].date.timestamp(), found[0].sender) == (1_700_000_000, "Bob <bob@example.net>")


async def test_nothing_is_changed(world: World) -> None:
    await world.append("user.alice", mail("1@x.y"))
    account = world.account_of("user.alice")
    before = await world.engine.state(account)
    await replayed(world, b'require ["fileinto","mailbox","vacation"]; vacation "x"; fileinto :create "new";')
    assert await world.engine.state(account) == before
    assert await world.flags("user.alice") == {1: set()}


@pytest.mark.parametrize(("last", "uids"), [(1, [3]), (2, [2, 3]), (9, [1, 2, 3])])
async def test_the_newest_are_looked_at_oldest_first(memory_world: World, last: int, uids: list[int]) -> None:
    for number in range(3):
        await memory_world.append("user.alice", mail(f"{number}@x.y"))
    assert [each.uid for each in await replayed(memory_world, b"keep;", last=last)] == uids


async def test_every_message_is_the_first_of_its_kind_and_comes_at_its_own_time(memory_world: World) -> None:
    for number in range(2):
        await memory_world.append("user.alice", mail(f"{number}@x.y"), date=InternalDate(1_700_000_000, 0))
    script = b"""require ["duplicate", "date", "relational"];
        if duplicate :handle "x" { discard; }
        if currentdate :value "ne" "year" "2023" { discard; }"""
    found = await replayed(memory_world, script)
    assert [words(each.after) for each in found if isinstance(each, Replayed)] == [["Keep"], ["Keep"]]


async def test_what_the_script_asks_is_asked_of_the_account(memory_world: World) -> None:
    await memory_world.append("user.alice", mail("1@x.y"))
    script = b'require ["mailbox", "fileinto"]; if allof (mailboxexists "work", not mailboxexists "no") { discard; }'
    (found,) = await replayed(memory_world, script)
    assert isinstance(found, Replayed)
    assert words(found.after) == ["Discard"]


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
async def test_a_message_whose_file_is_lost_is_told_of(world: World) -> None:
    await world.append("user.alice", mail("1@x.y"))
    await world.append("user.alice", mail("2@x.y"))
    directory = await world.engine.mailbox_directory(world.account_of("user.alice"), world.mailboxes["user.alice"])
    (Path(directory) / "1.").unlink()
    found = await replayed(world, b"keep;")
    assert [type(each) for each in found] == [Unreadable, Replayed]


@pytest.mark.parametrize(
    ("action", "missing"),
    [
        ('fileinto "no";', {"no"}),
        ('fileinto "work"; fileinto "no"; fileinto "%";', {"no", "%"}),
        ('fileinto :create "no";', set()),
        ('fileinto :specialuse "\\\\Junk" "no";', set()),
        ('fileinto :mailboxid "1" "no";', set()),
        ("keep;", set()),
    ],
)
async def test_mailboxes_that_are_not_there_are_told_of(memory_world: World, action: str, missing: set[str]) -> None:
    await memory_world.append("user.alice", mail("1@x.y"))
    script = f'require ["fileinto", "mailbox", "special-use", "mailboxid"]; {action}'
    (found,) = await replayed(memory_world, script.encode())
    assert isinstance(found, Replayed)
    assert found.missing == missing


async def test_only_who_may_read_a_mailbox_has_it_replayed(memory_world: World) -> None:
    await memory_world.set_acl("user.alice.work", "alice\tlp\t")
    with pytest.raises(PermissionDenied):
        await replayed(memory_world, b"keep;", name="user.alice.work")
