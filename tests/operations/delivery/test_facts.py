"""What scripts are told of the world outside the message."""

import pytest
from tests.operations.delivery.office import Office
from tests.operations.delivery.test_deliver import where
from tests.operations.messages.conftest import World

from angarium.errors import StoreBusy
from angarium.operations.delivery import facts as module
from angarium.operations.delivery.filing import Filing

REQUIRE = 'require ["mboxmetadata","servermetadata","mailbox","special-use","mailboxid","fileinto","copy"];\n'


async def is_true(world: World, test: str) -> bool:
    office = Office.open(world)
    await office.script("alice", f"{REQUIRE} if {test} {{ discard; }}")
    (outcome,) = await office.send("alice")
    return where(outcome) == []


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ('metadata "INBOX" "/shared/comment" "for all"', True),
        ('metadata :contains "INBOX" "/SHARED/Comment" "ALL"', True),
        ('metadata "INBOX" "/private/comment" "for all"', False),
        ('metadata "work" "/shared/comment" ""', False),
        ('metadata "nothing" "/shared/comment" "for all"', False),
        ('metadataexists "INBOX" "/shared/comment"', True),
        ('metadataexists "INBOX" ["/shared/comment", "/private/comment"]', False),
        ('metadataexists "INBOX" "/shared/*"', False),
        ('metadata :matches "INBOX" "/shared/%" "*"', False),
        ('metadataexists "INBOX" ["comment", "", "/", "/shared"]', False),
        ('metadata "" "/shared/comment" "for all"', False),
        ('servermetadataexists "/shared/*"', False),
        ('servermetadata :matches "comment" "*"', False),
    ],
)
async def test_annotations_have_names_and_no_patterns(memory_world: World, test: str, truth: bool) -> None:
    await Office.open(memory_world).annotate("user.alice", "/comment", b"for all")
    assert await is_true(memory_world, test) is truth


async def busy(*_: object, **__: object) -> None:
    raise StoreBusy("too much at once")


@pytest.mark.parametrize(
    ("test", "call"),
    [
        ('metadataexists "work" "/shared/comment"', "get_mailbox_metadata"),
        ('servermetadataexists "/shared/comment"', "get_server_metadata"),
    ],
)
async def test_mail_waits_for_annotations_that_cannot_be_read_now(
    memory_world: World, monkeypatch: pytest.MonkeyPatch, test: str, call: str
) -> None:
    """RFC 5490 §5."""
    monkeypatch.setattr(module, call, busy)
    office = Office.open(memory_world)
    await office.script("alice", f"{REQUIRE} if {test} {{ discard; }}")
    (outcome,) = await office.send("alice")
    assert isinstance(outcome, StoreBusy)
    assert await memory_world.flags("user.alice") == {}


@pytest.mark.parametrize(
    ("test", "call"),
    [
        ('mailboxidexists "x"', "find_by_id"),
        ('specialuse_exists "\\\\Junk"', "find_by_use"),
        ('mailboxexists "work"', "find"),
    ],
)
async def test_mail_waits_for_mailboxes_that_cannot_be_looked_at_now(
    memory_world: World, monkeypatch: pytest.MonkeyPatch, test: str, call: str
) -> None:
    monkeypatch.setattr(Filing, call, busy)
    office = Office.open(memory_world)
    await office.script("alice", f"{REQUIRE} if {test} {{ discard; }}")
    (outcome,) = await office.send("alice")
    assert isinstance(outcome, StoreBusy)


@pytest.mark.parametrize(
    ("command", "filed"),
    [
        ('fileinto :specialuse "\\\\Junk" "work";', "user.alice.work"),
        ('fileinto :specialuse "\\\\Archive" "work";', "user.alice"),
        ('fileinto :mailboxid "nothing" "work";', "user.alice.work"),
        ('fileinto :mailboxid "%shut%" "work";', "user.alice"),
        ('fileinto :mailboxid "%bobs%" "work";', "user.alice.work"),
    ],
)
async def test_where_a_mailbox_takes_no_mail_the_named_one_does_not_step_in(
    world: World, command: str, filed: str
) -> None:
    """RFC 8579 §4; where there is none such, it does."""
    await world.create("user.alice.shut", "alice\tlrs\t")
    await world.create("user.bob.shut", "alice\tlrs\t")
    office = Office.open(world)
    await office.special_use("user.alice.shut", "\\Archive")
    shut, bobs = world.mailboxes["user.alice.shut"], world.mailboxes["user.bob.shut"]
    await office.script("alice", REQUIRE + command.replace("%shut%", shut).replace("%bobs%", bobs))
    (outcome,) = await office.send("alice")
    assert where(outcome)[0] == filed
