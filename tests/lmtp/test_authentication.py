"""AUTH (RFC 4954)."""

import asyncio
import socket
from base64 import b64encode

import pytest
from tests.lmtp.post import Post, settings
from tests.operations.logins.plainlogins import PlainLogins
from tests.store.world import World

from angarium.operations.logins import Over
from angarium.store import Actor

SETTINGS = "allowplaintext: yes\nallowanonymouslogin: yes"


def plain(authcid: str, password: str = "secret") -> bytes:
    return b64encode(f"\0{authcid}\0{password}".encode())


async def say(post: Post, *lines: bytes) -> list[bytes]:
    """The replies to these lines behind LHLO, of a peer on TCP."""
    said = await post.converse([b"LHLO c\r\n" + b"".join([line + b"\r\n" for line in lines])], family=socket.AF_INET)
    return said.partition(b"SESSIONID=<")[2].splitlines()[1:]


async def test_an_administrator_delivers_once_she_has_said_who_she_is(world: World, runner: asyncio.Runner) -> None:
    post = Post(world, settings(SETTINGS), has_logins=True)
    mail = [b"MAIL FROM:<ann@example.net>", b"RCPT TO:<alice>", b"DATA", b"Subject: x\r\n\r\ny\r\n."]
    refused, *rest = await say(post, mail[0], b"AUTH PLAIN " + plain("cyrus"), *mail)
    assert refused.startswith(b"430 4.7.0")
    assert [line[:9] for line in rest] == [b"235 2.7.0", b"250 2.1.0", b"250 2.1.5", b"354 go ah", b"250 2.1.5"]
    assert await post.body("user.alice") == b"y\r\n"


@pytest.mark.parametrize(
    ("lines", "replies"),
    [
        ([b"AUTH PLAIN", plain("cyrus")], [b"334 ", b"235 2.7.0 Authenticated!"]),
        ([b"auth login", b"Y3lydXM=", b"c2VjcmV0"], [b"334 VXNl", b"334 UGFz", b"235 2.7.0"]),
        ([b"AUTH PLAIN " + plain("cyrus", "wrong")], [b"535 5.7.8 authentication failure"]),
        ([b"AUTH PLAIN " + plain("alice")], [b"535 5.7.8 authentication failure"]),
        ([b"AUTH ANONYMOUS ="], [b"504 5.5.4"]),
        ([b"AUTH PLAIN", b"*", b"NOOP"], [b"334 ", b"501 5.7.0", b"250 2.0.0"]),
        ([b"AUTH PLAIN", b"no base64", b"NOOP"], [b"334 ", b"501 5.5.2", b"250 2.0.0"]),
        ([b"AUTH PLAIN", b"A" * 20_000, b"NOOP"], [b"334 ", b"500 5.5.6", b"250 2.0.0"]),
        ([b"AUTH PLAIN AAA"], [b"501 5.5.2"]),
        ([b"AUTH"], [b"501 5.5.4"]),
        ([b"AUTH PLAIN a b"], [b"501 5.5.4"]),
        ([b"AUTH NONSENSE"], [b"504 5.5.4"]),
        ([b"AUTH PLAIN " + plain("cyrus")] * 2, [b"235 2.7.0", b"503 5.5.1"]),
        (
            [b"AUTH PLAIN " + plain("cyrus"), b"MAIL FROM:<>", b"AUTH PLAIN " + plain("cyrus")],
            [b"235 2.7.0", b"250 2.1.0", b"503 5.5.1"],
        ),
    ],
)
async def test_each_exchange_is_answered(
    plain_world: World, runner: asyncio.Runner, lines: list[bytes], replies: list[bytes]
) -> None:
    said = await say(Post(plain_world, settings(SETTINGS), has_logins=True), *lines)
    assert [line[: len(reply)] for line, reply in zip(said, replies, strict=True)] == replies


async def test_mechanisms_are_announced_as_they_may_be_used(plain_world: World, runner: asyncio.Runner) -> None:
    async def greeting(post: Post, family: int) -> bytes:
        return await post.converse([b"LHLO c\r\n"], family=family)

    stranger = Post(plain_world, settings(SETTINGS), has_logins=True)
    assert b"\r\n250-AUTH PLAIN LOGIN" in await greeting(stranger, socket.AF_INET)
    assert b"\r\n250-AUTH EXTERNAL\r\n" in await greeting(stranger, socket.AF_UNIX)
    secret = Post(plain_world, settings(), has_logins=True)
    assert b"AUTH" not in await greeting(secret, socket.AF_INET)
    assert (await say(secret, b"AUTH PLAIN"))[0].startswith(b"538 5.7.11")
    without = Post(plain_world, settings(SETTINGS))
    assert b"AUTH" not in await greeting(without, socket.AF_INET)
    assert (await say(without, b"AUTH PLAIN"))[0].startswith(b"500 5.5.2")


async def test_who_may_deliver_anyway_may_say_so(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings(), preauthorised=True)
    assert await say(post, b"AUTH EXTERNAL =") == [b"235 2.7.0 Authenticated!"]
    said = await say(post, b"AUTH EXTERNAL", b"", b"AUTH EXTERNAL =")
    assert [line[:4] for line in said] == [b"334 ", b"235 ", b"503 "]
    assert (await say(post, b"AUTH PLAIN"))[0].startswith(b"504 5.5.4")
    assert (await say(post, b"AUTH EXTERNAL", b"*"))[1].startswith(b"501 5.7.0")


async def test_it_comes_behind_a_greeting(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings(SETTINGS), has_logins=True)
    said = await post.converse([b"AUTH PLAIN " + plain("cyrus") + b"\r\n"], family=socket.AF_INET)
    assert said.splitlines()[1] == b"503 5.5.1 Need LHLO command"


@pytest.mark.parametrize(
    ("over", "farewell"),
    [
        (Over.CREDENTIALS_CHANGED, b"421 4.7.0 Credentials have changed, please log in again"),
        (Over.EXPIRED, b"421 4.7.0 Credentials have expired, please log in again"),
        (Over.ACCESS_WITHDRAWN, b"421 4.7.0 Access has been withdrawn"),
    ],
)
async def test_a_login_that_holds_no_more_ends_the_session(
    plain_world: World, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, over: Over, farewell: bytes
) -> None:
    answers = iter([None, over])

    async def why_over(_: PlainLogins, actor: Actor) -> Over | None:
        assert str(actor.userid) == "cyrus"
        return next(answers)

    monkeypatch.setattr(PlainLogins, "why_over", why_over)
    post = Post(plain_world, settings(SETTINGS), has_logins=True)
    said = await say(post, b"AUTH PLAIN " + plain("cyrus"), b"NOOP", b"MAIL FROM:<ann@example.net>", b"NOOP")
    assert said[2:] == [farewell]
