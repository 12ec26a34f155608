"""Addresses and headers beyond ASCII (RFC 6531), and what the options make of them."""

import asyncio

import pytest
from tests.lmtp.post import Post, settings
from tests.lmtp.replyreader import ReadReply, read_replies
from tests.store.world import World

GREETED = b"LHLO client.example.net\r\n"
HEADER = "Subject: Grüße\r\nMessage-ID: <one@example.net>\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n".encode()
MESSAGE = HEADER + "\r\nschön\r\n".encode()


async def say(post: Post, *lines: str | bytes) -> list[ReadReply]:
    """The replies to commands, behind those to LHLO."""
    octets = b"".join([(line if isinstance(line, bytes) else line.encode()) + b"\r\n" for line in lines])
    return read_replies(await post.converse([GREETED + octets]))[2:]


def shown(replies: list[ReadReply]) -> list[str]:
    return [f"{reply.code} {reply.enhanced}" for reply in replies]


async def test_a_user_whose_name_is_in_utf8_gets_mail(world: World, runner: asyncio.Runner) -> None:
    await world.create("user.jürgen", "jürgen lrswipkxtean")
    post = Post(world, settings())
    said = await say(
        post,
        "MAIL FROM:<änn@münchen.example> SMTPUTF8 BODY=8BITMIME",
        "RCPT TO:<Jürgen+Café@example.org>",
        "RCPT TO:<alice>",
        "RCPT TO:<niemänd>",
        "DATA",
        MESSAGE + b".",
    )
    assert shown(said) == ["250 2.1.0", "250 2.1.5", "250 2.1.5", "550 5.1.1", "354 ", "250 2.1.5", "250 2.1.5"]
    octets = await post.octets("user.jürgen")
    assert octets.startswith("Return-Path: <änn@münchen.example>\r\n".encode())
    assert b" with UTF8LMTPA;\r\n" in octets
    assert octets.endswith(MESSAGE)


@pytest.mark.parametrize(
    ("lines", "answered"),
    [
        (["MAIL FROM:<änn@example.net>"], ["553 5.6.7"]),
        (["MAIL FROM:<ann@example.net>", "RCPT TO:<jürgen>"], ["250 2.1.0", "553 5.6.7"]),
        (["MAIL FROM:<\xe4nn@example.net> SMTPUTF8".encode("latin-1")], ["553 5.6.7"]),
        (["MAIL FROM:<> SMTPUTF8", b"RCPT TO:<j\xfcrgen>"], ["250 2.1.0", "553 5.6.7"]),
        (
            ["MAIL FROM:<> SMTPUTF8", "RCPT TO:<alice>", "RSET", "MAIL FROM:<ä>"],
            ["250 2.1.0", "250 2.1.5", "250 2.0.0", "553 5.6.7"],
        ),
        (["VRFY jürgen SMTPUTF8"], ["252 2.3.3"]),
    ],
)
async def test_without_the_parameter_addresses_are_ascii(
    plain_world: World, runner: asyncio.Runner, lines: list[str | bytes], answered: list[str]
) -> None:
    await plain_world.create("user.jürgen", "jürgen lrswipkxtean")
    assert shown(await say(Post(plain_world, settings()), *lines)) == answered


async def test_without_lmtp_strict_rfc2821_each_such_octet_is_an_x(plain_world: World, runner: asyncio.Runner) -> None:
    await plain_world.create("user.jxrgen", "jxrgen lrswipkxtean")
    post = Post(plain_world, settings("lmtp_strict_rfc2821: no"))
    said = await say(
        post, "MAIL FROM:<änn@example.net>", b"RCPT TO:<j\xfcrgen>", "RCPT TO:<jürgen>", "DATA", b"A: b\r\n."
    )
    assert shown(said) == ["250 2.1.0", "250 2.1.5", "550 5.1.1", "354 ", "250 2.1.5"]
    assert (await post.octets("user.jxrgen")).startswith(b"Return-Path: <XXnn@example.net>\r\n")


async def test_a_header_in_utf8_is_kept(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings())
    await say(post, "MAIL FROM:<>", "RCPT TO:<alice>", "DATA", MESSAGE + b".")
    assert (await post.octets("user.alice")).endswith(MESSAGE)


@pytest.mark.parametrize("option", ["reject8bit: yes", "munge8bit: yes"])
async def test_smtputf8_is_not_offered_where_headers_are_spoilt_or_refused(
    plain_world: World, runner: asyncio.Runner, option: str
) -> None:
    post = Post(plain_world, settings(option))
    assert b"SMTPUTF8" not in await post.converse([GREETED])
    assert shown(await say(post, "MAIL FROM:<> SMTPUTF8")) == ["555 5.5.4"]


async def test_reject8bit_refuses_such_a_header_and_no_such_body(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings("reject8bit: yes\nmunge8bit: yes"))
    said = await say(post, "MAIL FROM:<>", "RCPT TO:<alice>", "DATA", MESSAGE + b".")
    assert said[-1] == ReadReply(554, "5.6.0", ("Message contains non-ASCII characters in headers",))
    said = await say(post, "MAIL FROM:<>", "RCPT TO:<alice>", "DATA", "A: b\r\n\r\nschön\r\n.")
    assert shown(said)[-1] == "250 2.1.5"


@pytest.mark.parametrize("size", [1, 17, 1000])
async def test_munge8bit_puts_an_x_for_each_octet_of_the_header(
    plain_world: World, runner: asyncio.Runner, size: int
) -> None:
    post = Post(plain_world, settings("munge8bit: yes"))
    octets = GREETED + b"MAIL FROM:<>\r\nRCPT TO:<alice>\r\nDATA\r\n" + MESSAGE + b".\r\n"
    await post.converse([octets[place : place + size] for place in range(0, len(octets), size)])
    stored = await post.octets("user.alice")
    assert b"\r\nSubject: GrXXXXe\r\n" in stored
    assert stored.endswith("\r\n\r\nschön\r\n".encode())
