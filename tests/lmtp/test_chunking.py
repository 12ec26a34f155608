"""BDAT (RFC 3030): chunks of any number and size, refusals on the way, binary messages."""

import asyncio
import base64
import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.lmtp.post import Post, settings
from tests.lmtp.replyreader import read_replies
from tests.store.world import World

GREETED = b"LHLO client.example.net\r\n"
BEGUN = b"MAIL FROM:<ann@example.net>\r\n"
MESSAGE = b"Subject: Chunks\r\n\r\nAll is well.\r\n.\r\nThe end"


def codes(said: bytes) -> list[str]:
    """Code and enhanced code of each reply behind those to LHLO."""
    return [f"{reply.code} {reply.enhanced}" for reply in read_replies(said)[2:]]


def recipients(*names: bytes) -> bytes:
    return BEGUN + b"".join([b"RCPT TO:<%s>\r\n" % name for name in names])


def chunk(octets: bytes, *, last: bool = False) -> bytes:
    return b"BDAT %d%s\r\n%s" % (len(octets), b" LAST" if last else b"", octets)


async def say(post: Post, octets: bytes, *, size: int = 1 << 16) -> bytes:
    return await post.converse([octets[place : place + size] for place in range(0, len(octets), size)])


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
async def test_chunks_are_one_message_as_it_was(world: World, runner: asyncio.Runner, size: int) -> None:
    post = Post(world, settings())
    sent = chunk(MESSAGE[:20]) + chunk(b"") + chunk(MESSAGE[20:], last=True) + b"QUIT\r\n"
    said = await say(post, GREETED + recipients(b"alice", b"nosuch", b"bob") + sent, size=size)
    assert codes(said) == [
        "250 2.1.0", "250 2.1.5", "550 5.1.1", "250 2.1.5", "250 2.0.0", "250 2.0.0", "250 2.1.5", "250 2.1.5",
        "221 2.0.0",
    ]  # fmt: skip
    for user in ("alice", "bob"):
        assert await post.body(f"user.{user}") == MESSAGE.partition(b"\r\n\r\n")[2]


async def test_an_empty_last_chunk_ends_the_message(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings())
    said = await say(post, GREETED + recipients(b"alice") + chunk(MESSAGE) + b"BDAT 0 LAST\r\n")
    assert codes(said)[2:] == ["250 2.0.0", "250 2.1.5"]
    assert await post.uids("user.alice") == [1]


async def test_a_chunk_holds_no_commands(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings())
    smuggled = b"Subject: x\r\n\r\n\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\nBDAT 3 LAST\r\nabc"
    await say(post, GREETED + recipients(b"alice") + chunk(smuggled, last=True))
    assert await post.uids("user.bob") == []
    assert await post.body("user.alice") == smuggled.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        # No recipient, no reply to the last chunk (RFC 2033 §4.3), and one to each other.
        (BEGUN + chunk(MESSAGE) + chunk(MESSAGE, last=True), ["250 2.1.0", "503 5.5.1"]),
        (chunk(MESSAGE) + chunk(MESSAGE, last=True), ["503 5.5.1", "503 5.5.1"]),
        # Once the message has begun, nothing else is said about it (RFC 3030 §2).
        (
            recipients(b"alice") + chunk(b"A: b") + b"RCPT TO:<bob>\r\nMAIL FROM:<>\r\nDATA\r\nVRFY bob\r\n",
            ["250 2.1.0", "250 2.1.5", "250 2.0.0", "503 5.5.1", "503 5.5.1", "503 5.5.1", "252 2.3.3"],
        ),
        # RSET and LHLO give it up.
        (
            recipients(b"alice") + chunk(b"A: b") + b"RSET\r\n" + chunk(MESSAGE, last=True),
            ["250 2.1.0", "250 2.1.5", "250 2.0.0", "250 2.0.0", "503 5.5.1"],
        ),
        (
            recipients(b"alice") + chunk(b"A: b") + GREETED + chunk(MESSAGE, last=True),
            ["250 2.1.0", "250 2.1.5", "250 2.0.0", "250 ", "503 5.5.1"],
        ),
        # A binary message does not come by DATA (RFC 3030 §3).
        (
            b"MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<alice>\r\nDATA\r\n",
            ["250 2.1.0", "250 2.1.5", "503 5.5.1"],
        ),
        # Nobody knows how long it is, so nothing behind it may be a command.
        (recipients(b"alice") + b"BDAT many\r\nRSET\r\nQUIT\r\n", ["250 2.1.0", "250 2.1.5", "501 5.5.4"]),
    ],
)
async def test_chunks_out_of_place(
    plain_world: World, runner: asyncio.Runner, sent: bytes, answered: list[str]
) -> None:
    post = Post(plain_world, settings())
    assert codes(await say(post, GREETED + sent)) == answered
    assert await post.uids("user.alice") == []
    assert not post.connections


async def test_what_is_too_large_is_refused_once_and_swallowed(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings("maxmessagesize: 100"))
    large = chunk(b"A: b\r\n\r\n") + chunk(b"x" * 200) + chunk(b"y" * 300) + chunk(b"", last=True)
    small = recipients(b"alice") + chunk(b"Subject: a\r\n\r\n", last=True)
    said = await say(post, GREETED + recipients(b"alice", b"bob") + large + small)
    assert codes(said)[3:] == [
        "250 2.0.0", "552 5.3.4", "503 5.5.1", "552 5.3.4", "552 5.3.4", "250 2.1.0", "250 2.1.5", "250 2.1.5",
    ]  # fmt: skip
    assert await post.uids("user.alice") == [1]
    assert await post.uids("user.bob") == []


@pytest.mark.parametrize("body", [b"", b" BODY=8BITMIME"])
async def test_nul_in_what_is_not_called_binary_is_refused(
    plain_world: World, runner: asyncio.Runner, body: bytes
) -> None:
    post = Post(plain_world, settings())
    mail = b"MAIL FROM:<>" + body + b"\r\nRCPT TO:<alice>\r\n"
    said = await say(post, GREETED + mail + chunk(b"A: b\r\n\r\n\0", last=True))
    assert codes(said)[2:] == ["554 5.6.0"]


async def test_full_queues_are_told_at_the_first_chunk(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings("write_queue_per_account: 2"))
    account = await plain_world.engine.account_id("user.bob")
    assert account is not None
    sent = GREETED + recipients(b"bob")
    with post.backlog.places([account], post.settings.engine):
        said = await say(post, sent + chunk(b"A: b\r\n") + chunk(b"", last=True))
        assert codes(said)[2:] == ["451 4.3.2", "451 4.3.2"]
    # The places of one that is given up half-way are given back.
    for _ in range(3):
        await say(post, sent + chunk(b"A: b\r\n"))
        await say(post, sent + chunk(b"A: b\r\n") + b"RSET\r\n")
    assert codes(await say(post, sent + chunk(MESSAGE, last=True)))[2:] == ["250 2.1.5"]


# Binary messages

BINARY = bytes(range(256)) * 400
MIXED = (
    b'Subject: Photo\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
    b"Content-Transfer-Encoding: BINARY\r\n\r\n"
    b"--b\r\n\r\nText stays.\r\n"
    b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding:\r\n\tbinary\r\n\r\n" + BINARY + b"\r\n--b--\r\n"
)


@pytest.mark.parametrize("size", [997, 1 << 16])
async def test_binary_parts_are_kept_as_base64(world: World, runner: asyncio.Runner, size: int) -> None:
    post = Post(world, settings())
    sent = b"MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<alice>\r\n" + chunk(MIXED[:5000]) + chunk(MIXED[5000:], last=True)
    said = await say(post, GREETED + sent, size=size)
    assert codes(said)[2:] == ["250 2.0.0", "250 2.1.5"]
    octets = await post.octets("user.alice")
    assert b"\0" not in octets
    assert b'boundary="b"\r\nContent-Transfer-Encoding: 8bit\r\n' in octets
    assert b"--b\r\n\r\nText stays.\r\n--b\r\n" in octets
    head, _, rest = octets.partition(b"image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n")
    assert head.startswith(b"Return-Path: <>\r\n")
    encoded, _, end = rest.partition(b"\r\n--b")
    assert base64.b64decode(encoded) == BINARY
    assert max(map(len, encoded.splitlines())) <= 76
    assert end == b"--\r\n"


async def test_a_binary_message_that_is_too_large_is_refused_by_what_was_sent(
    plain_world: World, runner: asyncio.Runner
) -> None:
    post = Post(plain_world, settings(f"maxmessagesize: {len(MIXED)}"))
    mail = b"MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<alice>\r\n"
    assert codes(await say(post, GREETED + mail + chunk(MIXED, last=True)))[2:] == ["250 2.1.5"]
    assert codes(await say(post, GREETED + mail + chunk(MIXED + b"\n", last=True)))[2:] == ["552 5.3.4"]


async def test_nul_where_a_binary_message_says_text_is_refused(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings())
    mail = b"MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<alice>\r\n"
    assert codes(await say(post, GREETED + mail + chunk(b"A: b\r\n\r\n\0", last=True)))[2:] == ["554 5.6.0"]


# Anything

PIECES = st.sampled_from(
    [
        recipients(b"alice"),
        recipients(b"nosuch"),
        b"MAIL FROM:<> BODY=BINARYMIME\r\n",
        b"RCPT TO:<bob>\r\n",
        chunk(b"A: b\r\n\r\n"),
        chunk(b"\0\n"),
        chunk(MIXED),
        chunk(MESSAGE, last=True),
        b"BDAT 0 LAST\r\n",
        b"DATA\r\n",
        b"A: b\r\n.\r\n",
        b"RSET\r\n",
        b"BDAT 7\r\nshort",
        GREETED,
    ]
)


@hypothesis_settings(max_examples=150, deadline=None)
@given(sent=st.lists(PIECES, max_size=12), seed=st.integers(0, 1 << 30))
def test_any_order_of_commands_and_chunks_gets_well_formed_replies_in_any_split(sent: list[bytes], seed: int) -> None:
    async def run() -> None:
        world = await World.open("memory", Path())
        post = Post(world, settings())
        octets = GREETED + b"".join(sent)
        chance = random.Random(seed)
        cuts = sorted({0, len(octets), *[chance.randrange(len(octets)) for _ in range(5)]})
        whole = await post.converse([octets])
        split = await post.converse([octets[start:end] for start, end in pairwise(cuts)])
        assert codes(whole) == codes(split)
        assert not post.connections
        await world.engine.close()

    asyncio.run(run())
