"""COPY and MOVE, within an account and between accounts."""

import pytest
from tests.operations.messages.conftest import MAIL, World, uid_set

from angarium.engine.commands import AddMessages, Command, Expunge, Result
from angarium.engine.rows import AccountId
from angarium.errors import (
    AngariumError,
    DiskFailed,
    MailboxCreatable,
    MailboxNotFound,
    PermissionDenied,
    QuotaExceeded,
)
from angarium.names import MailboxName
from angarium.operations.messages import copy, move, transfer
from angarium.store import Actor

WORK = MailboxName.from_internal("user.alice.work")
BOARD = MailboxName.from_internal("board")


@pytest.mark.parametrize("target", [WORK, BOARD])
async def test_copies_keep_octets_flags_dates_and_ids(world: World, target: MailboxName) -> None:
    await world.append("user.alice", MAIL, ["\\Seen", "\\Flagged", "Work"])
    await world.append("user.alice", MAIL + b"two\r\n")
    selected = await world.select("user.alice")
    copied = await copy(world.store, world.alice, selected, uid_set(1, 2, 7), target)
    assert copied is not None
    assert (copied.source, copied.target, copied.modseq) == ((1, 2), (1, 2), None)
    assert await world.octets(target.internal, 2) == MAIL + b"two\r\n"
    there = await world.select(target.internal)
    assert copied.uidvalidity == there.mailbox.row.uidvalidity
    assert there.view.flags_at(0).keywords == ("Work",)
    assert there.seen.seen_mask(there.view).tolist() == [True, False]
    for column in ("email_id", "thread_id", "date_s", "zone_min"):
        assert getattr(there.view, column).tolist() == getattr(selected.view, column).tolist()
    assert set(await world.flags("user.alice")) == {1, 2}


@pytest.mark.parametrize("target", [WORK, BOARD])
async def test_a_move_takes_the_sources_away(world: World, target: MailboxName) -> None:
    await world.append("user.alice", MAIL, ["\\Answered"])
    await world.append("user.alice", MAIL)
    selected = await world.select("user.alice")
    moved = await move(world.store, world.alice, selected, uid_set(1), target)
    assert moved is not None
    assert moved.modseq is not None
    assert set(await world.flags("user.alice")) == {2}
    assert await world.flags(target.internal) == {1: {"\\Answered"}}


@pytest.mark.parametrize("target", [WORK, BOARD])
async def test_copying_twice_makes_two(world: World, target: MailboxName) -> None:
    await world.append("user.alice")
    selected = await world.select("user.alice")
    for _ in range(2):
        await copy(world.store, world.alice, selected, uid_set(1), target)
    assert set(await world.flags(target.internal)) == {1, 2}


@pytest.mark.parametrize("target", [WORK, BOARD])
async def test_of_nothing_nothing_is_copied(world: World, target: MailboxName) -> None:
    selected = await world.select("user.alice")
    assert await copy(world.store, world.alice, selected, uid_set(3), target) is None
    assert await move(world.store, world.alice, selected, uid_set(), target) is None


class Failing:
    """Refuses the n-th write of a kind, before it is made."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, kind: type[Command], number: int) -> None:
        self._write = world.engine.write
        self._kind = kind
        self._left = number
        monkeypatch.setattr(world.engine, "write", self.write)

    async def write(self, account: AccountId, command: Command) -> Result:
        if isinstance(command, self._kind):
            self._left -= 1
            if self._left == 0:
                raise DiskFailed("as asked for")
        return await self._write(account, command)


async def test_a_move_that_failed_midway_finds_its_copies_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_PIECE_MESSAGES", 2)
    for _ in range(5):
        await world.append("user.alice")
    selected = await world.select("user.alice")
    uids = uid_set(1, 2, 3, 4, 5)
    with monkeypatch.context() as patch:
        Failing(world, patch, Expunge, 2)
        with pytest.raises(DiskFailed):
            await move(world.store, world.alice, selected, uids, BOARD)
    assert set(await world.flags("user.alice")) == {3, 4, 5}
    assert set(await world.flags("board")) == {1, 2, 3, 4}
    moved = await move(world.store, world.alice, selected, uids, BOARD)
    assert moved is not None
    assert (moved.source, moved.target) == ((3, 4, 5), (3, 4, 5))
    assert await world.flags("user.alice") == {}
    assert set(await world.flags("board")) == {1, 2, 3, 4, 5}


async def test_a_copy_that_failed_midway_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_PIECE_MESSAGES", 2)
    for _ in range(3):
        await world.append("user.alice")
    selected = await world.select("user.alice")
    Failing(world, monkeypatch, AddMessages, 2)
    with pytest.raises(DiskFailed):
        await copy(world.store, world.alice, selected, uid_set(1, 2, 3), BOARD)
    assert await world.flags("board") == {}


@pytest.mark.parametrize("target", ["user.bob", "user.bob.shared"])
async def test_flags_go_along_as_far_as_the_rights_there(memory_world: World, target: str) -> None:
    world = memory_world
    await world.create("user.bob.shared", "bob\tlrswipkxtea\talice\tliw\t")
    await world.set_acl("user.bob", "bob\tlrswipkxtea\talice\tlit\t")
    await world.append("user.alice", MAIL, ["\\Seen", "\\Deleted", "\\Flagged", "Work"])
    selected = await world.select("user.alice")
    await copy(world.store, world.alice, selected, uid_set(1), MailboxName.from_internal(target))
    expected = {"user.bob": {"\\Deleted"}, "user.bob.shared": {"\\Flagged", "Work"}}
    assert await world.flags(target) == {1: expected[target]}


async def test_a_quota_there_refuses_the_whole_copy(world: World) -> None:
    await world.set_quota("board", 1)
    for _ in range(2):
        await world.append("user.alice", MAIL + b"x" * 600 + b"\r\n")
    selected = await world.select("user.alice")
    with pytest.raises(QuotaExceeded):
        await copy(world.store, world.alice, selected, uid_set(1, 2), BOARD)
    assert await world.flags("board") == {}


@pytest.mark.parametrize(
    ("source", "target", "refusal"),
    [
        ("lrt", "lri", PermissionDenied),
        ("lre", "lri", PermissionDenied),
        ("lrte", "lr", PermissionDenied),
        ("lrte", "ri", None),
        ("lrte", "li", None),
    ],
)
async def test_what_a_move_needs(
    memory_world: World, source: str, target: str, refusal: type[AngariumError] | None
) -> None:
    world = memory_world
    await world.append("user.alice")
    await world.set_acl("user.alice", f"alice\tlrswipkxtea\tbob\t{source}\t")
    await world.set_acl("board", f"bob\t{target}\t")
    selected = await world.select("user.alice", world.bob)
    if refusal is None:
        assert await move(world.store, world.bob, selected, uid_set(1), BOARD) is not None
        return
    with pytest.raises(refusal):
        await move(world.store, world.bob, selected, uid_set(1), BOARD)
    assert set(await world.flags("user.alice")) == {1}


@pytest.mark.parametrize(("actor", "refusal"), [("alice", MailboxCreatable), ("bob", MailboxNotFound)])
async def test_a_target_that_is_missing(memory_world: World, actor: str, refusal: type[AngariumError]) -> None:
    world = memory_world
    await world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlr\t")
    await world.append("user.alice")
    who: Actor = getattr(world, actor)
    selected = await world.select("user.alice", who)
    with pytest.raises(refusal) as caught:
        await copy(world.store, who, selected, uid_set(1), MailboxName.from_internal("user.alice.none"))
    assert type(caught.value) is refusal


async def test_an_examined_mailbox_can_be_copied_from_and_not_moved_from(world: World) -> None:
    await world.append("user.alice")
    selected = await world.select("user.alice", examine=True)
    with pytest.raises(PermissionDenied):
        await move(world.store, world.alice, selected, uid_set(1), WORK)
    assert await copy(world.store, world.alice, selected, uid_set(1), WORK) is not None
