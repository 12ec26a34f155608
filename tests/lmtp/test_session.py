"""What becomes of messages: where they go, what they hold, and what one recipient's failure does to others."""

import asyncio
import logging
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.lmtp.post import Post, settings
from tests.store.world import AUTHOR, World, name

from angarium import __version__
from angarium.engine.commands import Command, CreateMailboxes, NewMailbox, Result
from angarium.engine.rows import AccountId, MailboxId
from angarium.errors import DiskFull, StoreBusy
from angarium.names import UserId

GREETED = b"LHLO client.example.net\r\n"
MESSAGE = (
    b"Subject: Plain\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\nMessage-ID: <one@example.net>\r\n\r\nAll is well.\r\n"
)


def delivery(
    *recipients: bytes, data: bytes = MESSAGE + b".\r\n", mail: bytes = b"MAIL FROM:<ann@example.net>"
) -> bytes:
    """A transaction, all sent ahead."""
    commands = [mail, *[b"RCPT TO:<%s>" % recipient for recipient in recipients], b"DATA", data]
    return b"\r\n".join(commands)


def codes(said: bytes) -> list[str]:
    """The codes of replies from the answer to MAIL on."""
    last_lines = [line for line in said.decode().splitlines() if line[3:4] == " "]
    return [" ".join(line.split()[:2]) for line in last_lines[2:]]


async def test_a_message_is_stored_with_its_trace(world: World, runner: asyncio.Runner) -> None:
    post = Post(world, settings(), preauthorised=True)
    said = await post.converse([GREETED, delivery(b"alice")])
    assert codes(said) == ["250 2.1.0", "250 2.1.5", "354 go", "250 2.1.5"]
    assert post.delivered == 1
    octets = await post.octets("user.alice")
    head = (
        b"Return-Path: <ann@example.net>\r\n"
        b"Received: from client.example.net (local)\r\n"
        b"\t by mail.example.org (Angarium %s) with LMTPA;\r\n"
        b"\t Tue, 14 Nov 2023 22:13:20 +0000\r\n"
        b"X-Sieve: CMU Sieve 3.0\r\n" % __version__.encode()
    )
    assert octets == head + MESSAGE


async def test_missing_fields_are_added(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings("serverinfo: min"))
    await post.converse([GREETED, delivery(b"alice", data=b"Subject: a\r\n\r\nb\r\n.\r\n", mail=b"MAIL FROM:<>")])
    octets = await post.octets("user.alice")
    assert octets.startswith(b"Return-Path: <>\r\n")
    assert b"mail.example.org (Angarium) with" in octets
    assert re.search(
        rb"Subject: a\r\nMessage-ID: <lmtp-[0-9a-v]{24}@mail.example.org>\r\nDate: Tue, 14 Nov 2023 .*\r\n\r\nb\r\n$",
        octets,
    )


async def test_the_address_of_a_tcp_client_is_in_the_trace(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings(), preauthorised=True)
    async with post.tcp_client() as client:
        await client.begin(b"alice")
        assert b"Success" in await client.do(MESSAGE + b".")
    assert b"from client.example.net ([127.0.0.1])\r\n" in await post.octets("user.alice")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (b".\r\n", b""),
        (b"A: b\r\n\r\n..\r\n.\r\n", b".\r\n"),
        (b"A: b\r\n\r\n...c\r\n.d\r\n.\r\n", b"..c\r\nd\r\n"),
        (b"A: b\r\n\r\nbare\nline\r\n.\r\n", b"bare\r\nline\r\n"),
        (b"A: b\r\n\r\nbare\rreturn\r\n.\r\n", b"bare\rreturn\r\n"),
        (b"A: b\r\n\r\n\xff\xfe\x01\r\n.\r\n", b"\xff\xfe\x01\r\n"),
    ],
)
async def test_what_is_changed_in_a_message(
    plain_world: World, runner: asyncio.Runner, sent: bytes, stored: bytes
) -> None:
    post = Post(plain_world, settings())
    await post.converse([GREETED, delivery(b"alice", data=sent)])
    assert await post.body("user.alice") == stored


SMUGGLED = b"MAIL FROM:<mallory@example.net>\r\nRCPT TO:<bob>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n"


@pytest.mark.parametrize(
    "end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r.\r\n",
        b"\r\n.\r",
        b"\n\n.\n\n",
        b"\r\n\x00.\r\n",
        b"\r\r\n.\r\r\n",
    ],
)
@pytest.mark.parametrize("size", [1, 3, 10_000])
async def test_no_other_end_lets_a_second_message_in(
    plain_world: World, runner: asyncio.Runner, end: bytes, size: int
) -> None:
    post = Post(plain_world, settings())
    sent = GREETED + delivery(b"alice", data=b"Subject: one\r\n\r\na" + end + SMUGGLED + b"\r\n.\r\nQUIT\r\n")
    said = await post.converse([sent[place : place + size] for place in range(0, len(sent), size)])
    assert await post.uids("user.bob") == []
    assert said.count(b"354 ") == 1
    assert said.endswith(b"221 2.0.0 bye\r\n")
    if b"\x00" not in end:
        assert await post.uids("user.alice") == [1]
        assert b"RCPT TO:<bob>" in await post.body("user.alice")


async def test_a_recipient_may_have_a_mailbox_named(world: World, runner: asyncio.Runner) -> None:
    await world.create("user.alice.open", "alice lrswipkxtean anyone p")
    await world.create("user.alice.private", "alice lrswipkxtean bob p")
    await world.create("board", "anyone p")
    post = Post(world, settings())
    said = await post.converse([GREETED, delivery(b"alice+open", b"alice+private", b"alice+none", b"+board")])
    assert codes(said) == ["250 2.1.0", *["250 2.1.5"] * 4, "354 go", *["250 2.1.5"] * 4]
    assert await post.uids("user.alice.open") == [1]
    assert await post.uids("board") == [1]
    # Where the sender may not post it goes to the INBOX; two recipients who are one mailbox get one message.
    assert await post.uids("user.alice.private") == []
    assert await post.uids("user.alice") == [1]


async def test_a_submitter_posts_with_her_own_rights(plain_world: World, runner: asyncio.Runner) -> None:
    await plain_world.create("user.alice.private", "alice lrswipkxtean bob p")
    post = Post(plain_world, settings())
    for submitter, uids in ((b"<>", []), (b"mallory", []), (b"a@b@c", []), (b"bob", [1])):
        mail = b"MAIL FROM:<bob@example.org> AUTH=" + submitter
        await post.converse([GREETED, delivery(b"alice+private", mail=mail)])
        assert await post.uids("user.alice.private") == uids


async def test_one_recipient_after_another_is_told_her_own_outcome(
    plain_world: World, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = plain_world
    await world.create("user.carol", "carol lrswipkxtean")
    accounts = {user: await world.engine.account_id(f"user.{user}") for user in ("bob", "carol")}
    faults: dict[AccountId | None, Exception] = {
        accounts["bob"]: StoreBusy("the queue is full"),
        accounts["carol"]: DiskFull("no space"),
    }
    make_writes_fail(world, monkeypatch, faults)
    post = Post(world, settings())
    said = await post.converse([GREETED, delivery(b"bob", b"alice", b"carol")])
    assert codes(said)[5:] == ["451 4.3.2", "250 2.1.5", "452 4.3.1"]
    assert await post.uids("user.alice") == [1]


async def test_a_fault_of_ours_is_temporary_and_logged(
    plain_world: World, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = plain_world
    account = await world.engine.account_id("user.bob")
    make_writes_fail(world, monkeypatch, {account: ZeroDivisionError("a bug")})
    post = Post(world, settings())
    said = await post.converse([GREETED, delivery(b"bob"), b"NOOP\r\n"])
    assert codes(said)[3:] == ["451 4.3.0", "250 2.0.0"]
    assert b"bug" not in said
    (record,) = [record for record in caplog.records if record.msg == "command_failed"]
    assert record.exc_info is not None


def make_writes_fail(world: World, patch: pytest.MonkeyPatch, faults: dict[AccountId | None, Exception]) -> None:
    """Have writes to some accounts fail."""
    write_batch = world.engine.write_batch

    async def faulty(account: AccountId, commands: list[Command]) -> list[Result | Exception]:
        if account in faults:
            raise faults[account]
        return await write_batch(account, commands)

    patch.setattr(world.engine, "write_batch", faulty)


async def test_a_disk_that_takes_nothing_is_told_before_the_message(
    plain_world: World, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stage(partition: str) -> None:
        raise DiskFull(partition)

    monkeypatch.setattr(plain_world.engine, "stage", stage)
    post = Post(plain_world, settings())
    said = await post.converse([GREETED, b"MAIL FROM:<>\r\nRCPT TO:<bob>\r\nDATA\r\nRSET\r\n"])
    assert codes(said) == ["250 2.1.0", "250 2.1.5", "452 4.3.1", "250 2.0.0"]


async def test_full_queues_are_told_before_the_message(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings("write_queue_per_account: 2"))
    account = await plain_world.engine.account_id("user.bob")
    assert account is not None
    with post.backlog.places([account], post.settings.engine):
        said = await post.converse([GREETED, b"MAIL FROM:<>\r\nRCPT TO:<bob>\r\nDATA\r\n"])
    assert codes(said) == ["250 2.1.0", "250 2.1.5", "451 4.3.2"]
    # The places of this one are given back.
    for _ in range(3):
        said = await post.converse([GREETED, delivery(b"bob")])
        assert codes(said)[3:] == ["250 2.1.5"]


async def test_recipients_beyond_the_limit_are_put_off(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings("lmtp_max_recipients: 100"))
    said = await post.converse([GREETED, delivery(*[b"alice"] * 101)])
    assert codes(said) == ["250 2.1.0", *["250 2.1.5"] * 100, "452 4.5.3", "354 go", *["250 2.1.5"] * 100]
    assert await post.uids("user.alice") == [1]


async def test_recipients_of_many_accounts_share_one_file(world: World, runner: asyncio.Runner) -> None:
    for number in range(20):
        await world.create(f"user.u{number}", f"u{number} lrswipkxtean")
    post = Post(world, settings())
    said = await post.converse([GREETED, delivery(*[b"u%d" % number for number in range(20)])])
    assert codes(said)[22:] == ["250 2.1.5"] * 20
    stored = {await post.octets(f"user.u{number}") for number in range(20)}
    assert len(stored) == 1
    assert post.delivered == 20


async def test_each_partition_has_its_own_file(world: World, runner: asyncio.Runner) -> None:
    tree, _ = await world.store.locate(name("user.bob"))
    archive = NewMailbox(MailboxId("b" * 24), "archive", "archive", "anyone\tp\t")
    await world.engine.write(tree.account, CreateMailboxes((archive,), AUTHOR))
    post = Post(world, settings())
    said = await post.converse([GREETED, delivery(b"bob+archive", b"alice", b"bob")])
    assert codes(said)[5:] == ["250 2.1.5"] * 3
    assert await post.octets("user.bob.archive") == await post.octets("user.alice") == await post.octets("user.bob")


@pytest.mark.parametrize("part", [b"", b"Subject: half\r\n", MESSAGE, MESSAGE + b".", MESSAGE + b".\r"])
async def test_a_message_without_its_end_is_not_there(plain_world: World, runner: asyncio.Runner, part: bytes) -> None:
    post = Post(plain_world, settings())
    said = await post.converse([GREETED, delivery(b"alice", data=part)])
    assert codes(said) == ["250 2.1.0", "250 2.1.5", "354 go"]
    assert await post.uids("user.alice") == []
    assert not post.connections


async def test_a_message_is_on_file_where_the_client_does_not_wait_for_its_answer(
    world: World, runner: asyncio.Runner, tmp_path: Path
) -> None:
    post = Post(world, settings())
    async with post.unix_client(tmp_path) as client:
        await client.begin(b"alice", b"bob")
        client.send(MESSAGE + b".\r\n")
        await client.writer.drain()
        client.writer.transport.abort()
    await post.emptied.wait()
    assert await post.uids("user.alice") == await post.uids("user.bob") == [1]
    assert (await post.octets("user.alice")).endswith(MESSAGE)


async def test_each_delivery_has_one_line_in_the_log(
    plain_world: World, runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "angarium.lmtp")
    post = Post(plain_world, settings())
    said = await post.converse([GREETED, delivery(b"alice", b"bob"), b"MAIL FROM:<>\r\n"])
    await post.converse([GREETED, delivery(b"alice", data=b"bad\r\n.\r\n")])
    session = re.findall(rb"SESSIONID=<(\w+)>", said)[0].decode()
    events = [(record.msg, record.__dict__.get("mailbox"), record.__dict__.get("error")) for record in caplog.records]
    assert events == [
        ("delivered", "user.alice", None),
        ("delivered", "user.bob", None),
        ("lmtp_session_ended", None, None),
        ("delivery_refused", "user.alice", "MessageInvalid"),
        ("lmtp_session_ended", None, None),
    ]
    first = caplog.records[0].__dict__
    assert first["session"] == session
    assert first["message_id"] == "<one@example.net>"
    assert first["uid"] == 1


LINES = (
    b"LHLO c",
    b"MAIL FROM:<ann@example.net>",
    b"MAIL FROM:<> SIZE=10 BODY=8BITMIME AUTH=bob",
    b"RCPT TO:<alice>",
    b"RCPT TO:<bob+x/../y.z+>",
    b"RCPT TO:<nosuch>",
    b"RCPT TO:<+>",
    b"DATA",
    b"Subject: x",
    b"",
    b".",
    b"..",
    b"\x00",
    b"RSET",
    b"NOOP",
    b"VRFY a",
    b"HELP",
    b"EHLO c",
    b"x" * 5000,
    delivery(b"alice", b"nosuch", b"bob", data=b"Subject: x\r\n\r\n."),
)


async def test_any_commands_in_any_order_get_well_formed_replies(
    plain_world: World, runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    reply = re.compile(rb"(?:[2-5][0-9]{2}[ -][ -~]+\r\n)+")
    post = Post(plain_world, settings())
    for seed in range(200):
        chance = random.Random(seed)
        octets = b"\r\n".join([b"LHLO c", *chance.choices(LINES, k=40), b""])
        size = chance.randrange(1, 300)
        said = await post.converse([octets[place : place + size] for place in range(0, len(octets), size)])
        assert reply.fullmatch(said), seed
    assert post.delivered > 20
    assert not [record.msg for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("method", [b"GET", b"POST", b"CONNECT"])
async def test_a_browser_is_sent_away_before_what_a_page_made_it_send(
    world: World, runner: asyncio.Runner, method: bytes
) -> None:
    post = Post(world, settings(), preauthorised=True)
    said = await post.converse([method + b" / HTTP/1.1\r\nHost: mail\r\n\r\n" + GREETED + delivery(b"alice")])
    greeting, answer, *rest = said.splitlines()
    assert (greeting[:4], answer, rest) == (b"220 ", b"421 4.7.0 This is no web server", [])
    assert await post.uids("user.alice") == []


@pytest.mark.parametrize(("parameters", "status", "inbox"), [(b"", b"250 2.1.5", [1]), (b" XEXACT", b"550 5.1.1", [])])
async def test_a_right_that_is_lost_meanwhile_leaves_the_inbox_but_for_an_exact_recipient(
    plain_world: World, runner: asyncio.Runner, tmp_path: Path, parameters: bytes, status: bytes, inbox: list[int]
) -> None:
    await plain_world.create("user.alice.open", "alice lrswipkxtean anyone p")
    post = Post(plain_world, settings())
    async with post.unix_client(tmp_path) as client:
        assert (await client.reply()).startswith(b"220 ")
        for line in (b"LHLO c", b"MAIL FROM:<>", b"RCPT TO:<alice+open> XFLAGS=$Work" + parameters):
            assert (await client.do(line)).startswith(b"250")
        await plain_world.set_acl("user.alice.open", "alice\tlrswipkxtean\t")
        assert await client.do(b"DATA") == b"354 go ahead\r\n"
        assert status in await client.do(MESSAGE + b".")
    assert await post.uids("user.alice.open") == []
    assert await post.uids("user.alice") == inbox


async def test_a_sender_posts_with_the_rights_of_her_groups(
    plain_world: World, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plain_world.create("staff", "group:staff p")
    post = Post(plain_world, settings())

    async def groups_of(userid: UserId) -> frozenset[str]:
        return frozenset({"staff"} if str(userid) == "bob" else ())

    host = post.host()
    monkeypatch.setattr(Post, "host", lambda _: replace(host, delivery=replace(host.delivery, groups_of=groups_of)))
    for submitter, status in ((b"bob", "250 2.1.5"), (b"alice", "550 5.1.1")):
        said = await post.converse([GREETED, b"MAIL FROM:<> AUTH=" + submitter + b"\r\nRCPT TO:<+staff>\r\n"])
        assert codes(said)[1] == status
