"""The socket of `lmtpd -u`: each peer is a user of the machine, known by SO_PEERCRED, with her own rights alone."""

import asyncio
import os
import pwd
from pathlib import Path

import pytest
from tests.lmtp.post import Post, settings
from tests.lmtp.replyreader import read_replies
from tests.store.world import World

STRANGER = 54_321
"""A user of the machine who has no name."""


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Users 1001 and 1002 are bob and mallory."""

    def getpwuid(uid: int) -> pwd.struct_passwd:
        name = {1001: "bob", 1002: "mallory", 1003: "anyone"}[uid]
        return pwd.struct_passwd((name, "x", uid, uid, "", "/", "/bin/sh"))

    monkeypatch.setattr(pwd, "getpwuid", getpwuid)


async def say(post: Post, *lines: str, uid: int) -> list[str]:
    octets = "".join([f"{line}\r\n" for line in ("LHLO c", *lines)]).encode()
    said = await post.converse([octets], uid=uid)
    return [f"{reply.code} {reply.enhanced}" for reply in read_replies(said)[2:]]


DELIVERY = ("DATA", "A: b", ".")


@pytest.mark.parametrize(("uid", "user"), [(1001, "bob"), (1002, None), (1003, None), (STRANGER, None)])
async def test_a_peer_posts_as_the_user_it_is(
    plain_world: World, runner: asyncio.Runner, uid: int, user: str | None
) -> None:
    await plain_world.create("user.alice.bobs", "alice lrswipkxtean bob lrp")
    await plain_world.create("board", "bob p")
    post = Post(plain_world, settings(), serves_users=True)
    # What it says of itself does not count.
    said = await say(post, "MAIL FROM:<bob> AUTH=bob", "RCPT TO:<alice+bobs>", "RCPT TO:<+board>", *DELIVERY, uid=uid)
    assert said[2] == ("250 2.1.5" if user else "550 5.1.1")
    assert await post.uids("user.alice.bobs") == ([1] if user else [])
    assert await post.uids("user.alice") == ([] if user else [1])


async def test_root_and_the_server_say_for_whom_they_speak(plain_world: World, runner: asyncio.Runner) -> None:
    await plain_world.create("board", "bob p")
    post = Post(plain_world, settings(), serves_users=True)
    for uid in (0, os.geteuid()):
        said = await say(post, "MAIL FROM:<bob> AUTH=bob", "RCPT TO:<+board> IGNOREQUOTA", *DELIVERY, uid=uid)
        assert said[1] == "250 2.1.5"


async def test_only_root_and_the_server_may_ignore_a_quota(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings(), serves_users=True)
    said = await say(post, "MAIL FROM:<>", "RCPT TO:<alice> IGNOREQUOTA", "RCPT TO:<alice>", uid=1001)
    assert said == ["250 2.1.0", "550 5.7.1", "250 2.1.5"]


async def test_without_the_flag_who_can_open_the_socket_is_trusted(plain_world: World, runner: asyncio.Runner) -> None:
    await plain_world.create("board", "bob p")
    post = Post(plain_world, settings())
    assert (await say(post, "MAIL FROM:<bob> AUTH=bob", "RCPT TO:<+board> IGNOREQUOTA", uid=1002))[1] == "250 2.1.5"


async def test_the_parameters_of_deliver_are_known_on_unix_sockets_alone(
    plain_world: World, runner: asyncio.Runner, tmp_path: Path
) -> None:
    post = Post(plain_world, settings(), preauthorised=True)
    for parameter in (b"XFLAGS=\\Seen", b"XDUPLICATES=NO", b"XEXACT"):
        command = b"LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice> " + parameter + b"\r\n"
        assert b"250 2.1.5" in await post.converse([command])
        async with post.tcp_client() as client:
            assert (await client.reply()).startswith(b"220")
            client.send(command)
            replies = [await client.reply() for _ in range(3)]
            assert replies[-1].startswith(b"555 5.5.4")


async def test_a_real_socket_tells_who_is_there(
    plain_world: World, runner: asyncio.Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    await plain_world.create("board", "bob p")
    post = Post(plain_world, settings(), serves_users=True)
    async with post.unix_client(tmp_path) as client:
        await client.reply()
        for line in (b"LHLO c", b"MAIL FROM:<bob> AUTH=bob"):
            assert (await client.do(line)).startswith(b"250")
        may_ignore = (await client.do(b"RCPT TO:<alice> IGNOREQUOTA")).startswith(b"250")
        assert may_ignore is (uid == 0)
