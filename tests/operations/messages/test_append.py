"""APPEND: rights, flags, refusals, quota."""

import pytest
from tests.operations.messages.conftest import DATE, MAIL, STRANGER, World

from angarium.engine.rows import InternalDate
from angarium.errors import (
    MailboxCreatable,
    MailboxNotFound,
    MessageDefect,
    MessageInvalid,
    MessageTooLarge,
    PermissionDenied,
    QuotaExceeded,
)
from angarium.names import MailboxName
from angarium.operations.messages import (
    AppendedMessage,
    IncomingMessage,
    MessageLimits,
    append,
    append_target,
)
from angarium.store import Actor


async def test_an_appended_message_is_kept_as_it_was_sent(world: World) -> None:
    uid = await world.append("user.alice", MAIL, ["\\Seen", "$Work"])
    assert await world.octets("user.alice", uid) == MAIL
    assert await world.flags("user.alice") == {uid: {"\\Seen", "$Work"}}
    selected = await world.select("user.alice")
    assert selected.view.date_at(0) == DATE


async def test_several_messages_get_uids_in_their_order(world: World) -> None:
    target = await append_target(world.store, world.alice, MailboxName.from_internal("user.alice"))
    async with (
        IncomingMessage.appended(world.store, target.partition, limits=MessageLimits()) as one,
        IncomingMessage.appended(world.store, target.partition, limits=MessageLimits()) as two,
    ):
        one.write(MAIL)
        two.write(MAIL + b"more\r\n")
        messages = [AppendedMessage(await one.finish()), AppendedMessage(await two.finish())]
        appended = await append(world.store, world.alice, target, messages)
    assert appended.uids == (1, 2)
    selected = await world.select("user.alice")
    assert selected.view.size_octets.tolist() == [len(MAIL), len(MAIL) + 6]
    assert selected.view.date_at(0) == InternalDate(world.sources.time_s)


async def test_a_missing_mailbox_is_creatable_only_for_who_may_create_it(world: World) -> None:
    name = MailboxName.from_internal("user.alice.new")
    with pytest.raises(MailboxCreatable):
        await append_target(world.store, world.alice, name)
    for actor in (world.bob, STRANGER):
        with pytest.raises(MailboxNotFound) as refusal:
            await append_target(world.store, actor, name)
        assert not isinstance(refusal.value, MailboxCreatable)


async def test_a_hidden_mailbox_is_answered_as_a_missing_one(world: World) -> None:
    with pytest.raises(MailboxNotFound) as hidden:
        await append_target(world.store, world.bob, MailboxName.from_internal("user.alice.work"))
    with pytest.raises(MailboxNotFound) as missing:
        await append_target(world.store, world.bob, MailboxName.from_internal("user.alice.none"))
    assert type(hidden.value) is type(missing.value)


async def test_without_the_right_to_insert_it_is_denied(world: World) -> None:
    await world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlr\t")
    with pytest.raises(PermissionDenied):
        await append_target(world.store, world.bob, MailboxName.from_internal("user.alice"))


@pytest.mark.parametrize(
    ("rights", "kept"),
    [
        ("li", set()),
        ("lis", set()),
        ("lit", {"\\Deleted"}),
        ("liw", {"\\Answered", "\\Flagged", "\\Draft", "$Work"}),
        ("liwt", {"\\Answered", "\\Flagged", "\\Draft", "$Work", "\\Deleted"}),
    ],
)
async def test_flags_go_in_as_far_as_the_rights_to_them(memory_world: World, rights: str, kept: set[str]) -> None:
    world = memory_world
    await world.set_acl("user.alice", f"alice\tlrswipkxtea\tbob\t{rights}\t")
    flags = ["\\Answered", "\\Flagged", "\\Draft", "\\Deleted", "\\Seen", "$Work"]
    uid = await world.append("user.alice", MAIL, flags, actor=world.bob)
    assert await world.flags("user.alice") == {uid: kept}


async def test_seen_goes_into_the_seen_state_of_who_appends(memory_world: World) -> None:
    world = memory_world
    await world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlrsi\t")
    await world.append("user.alice", MAIL, ["\\Seen"], actor=world.bob)
    selected = await world.select("user.alice", world.bob)
    assert selected.seen.seen_mask(selected.view).tolist() == [True]
    assert await world.flags("user.alice") == {1: set()}


async def test_who_has_no_account_sets_nobodys_seen(memory_world: World) -> None:
    world = memory_world
    visitor = Actor(None, protocol="imap")
    await world.set_acl("board", "anyone\tlrswi\t")
    await world.append("board", MAIL, ["\\Seen", "\\Flagged"], actor=visitor)
    assert await world.flags("board") == {1: {"\\Flagged"}}


async def test_a_right_that_goes_meanwhile_is_missed(world: World) -> None:
    await world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlri\t")
    target = await append_target(world.store, world.bob, MailboxName.from_internal("user.alice"))
    await world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlr\t")
    async with IncomingMessage.appended(world.store, target.partition, limits=MessageLimits()) as incoming:
        incoming.write(MAIL)
        message = AppendedMessage(await incoming.finish())
        with pytest.raises(PermissionDenied):
            await append(world.store, world.bob, target, [message])
    assert await world.flags("user.alice") == {}


async def test_a_quota_that_would_be_exceeded_refuses(world: World) -> None:
    await world.set_quota("user.alice", 1)
    await world.append("user.alice", MAIL)
    with pytest.raises(QuotaExceeded):
        await world.append("user.alice", MAIL + b"x" * 1000 + b"\r\n")


@pytest.mark.parametrize(
    ("octets", "defect"),
    [
        (b"", MessageDefect.EMPTY),
        (b"Subject: a\r\n\r\nNUL \0 here\r\n", MessageDefect.NUL),
        (b"Subject: a\n\nbare\n", MessageDefect.BARE_NEWLINE),
        (b"Subject: a\r\n\r\nbare\n", MessageDefect.BARE_NEWLINE),
        (b"no header at all\r\n\r\n", MessageDefect.HEADER),
        (b"no header at all", MessageDefect.HEADER),
        (b"Subject: a\r\nnonsense\r\n\r\nbody\r\n", MessageDefect.HEADER),
        (b"Subject: a\r\nFrom ann Mon Jan  1\r\n\r\nbody\r\n", MessageDefect.HEADER),
        (b" continues nothing\r\nSubject: a\r\n\r\n", MessageDefect.HEADER),
        (b": no name\r\n\r\n", MessageDefect.HEADER),
        (b"Subj\xe9ct: 8 bit\r\n\r\n", MessageDefect.HEADER),
    ],
)
@pytest.mark.parametrize("step", [1, 1000])
async def test_what_cannot_be_appended(memory_world: World, octets: bytes, defect: MessageDefect, step: int) -> None:
    limits = MessageLimits()
    async with IncomingMessage.appended(memory_world.store, "default", limits=limits) as incoming:
        for start in range(0, len(octets), step):
            incoming.write(octets[start : start + step])
        with pytest.raises(MessageInvalid) as refusal:
            await incoming.finish()
    assert refusal.value.defect is defect


@pytest.mark.parametrize(
    "octets",
    [
        b"Subject: a\r\n\r\nbody\r\n",
        b"Subject: a\r\n\r\nno end of line",
        b"Subject: a",
        b"Subject: a\r\n",
        b"\r\nno header, but an empty line\r\n",
        b"Subject : obsolete blank\r\n folded\r\n\tand again\r\n\r\n",
        b"Subject: \xe9 8 bit\r\n\r\n\xff\r\n",
        b"From ann Mon Jan  1\r\nSubject: from an mbox file\r\n\r\nbody\r\n",
        b">From ann Mon Jan  1\r\nSubject: quoted\r\n\r\nbody\r\n",
        b"Subject: a\r\n\r\nbare \r CR\r\n",
        b"Subject: bare \r CR\r\n\r\nbody\r",
    ],
)
@pytest.mark.parametrize("step", [1, 1000])
async def test_what_is_appended_untouched(memory_world: World, octets: bytes, step: int) -> None:
    world = memory_world
    async with IncomingMessage.appended(world.store, "default", limits=MessageLimits()) as incoming:
        for start in range(0, len(octets), step):
            incoming.write(octets[start : start + step])
        message = await incoming.finish()
        target = await append_target(world.store, world.alice, MailboxName.from_internal("user.alice"))
        appended = await append(world.store, world.alice, target, [AppendedMessage(message)])
    assert await world.octets("user.alice", appended.uids[0]) == octets


async def test_a_message_beyond_the_limit_is_too_large(memory_world: World) -> None:
    limits = MessageLimits(size_octets=len(MAIL))
    async with IncomingMessage.appended(memory_world.store, "default", limits=limits) as incoming:
        incoming.write(MAIL)
        within = incoming.refusal
        incoming.write(b"x")
        beyond = incoming.refusal
        assert within is None
        assert isinstance(beyond, MessageTooLarge)
        incoming.write(b"what follows is dropped")
        with pytest.raises(MessageTooLarge):
            await incoming.finish()
