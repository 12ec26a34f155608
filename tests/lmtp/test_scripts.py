"""What LMTP answers where a recipient's script decides, and where the mail is then: as Cyrus was recorded."""

import asyncio

import pytest
from tests.engine.rows import message_rows
from tests.lmtp.post import Post, settings
from tests.lmtp.test_session import GREETED, delivery
from tests.store.world import AUTHOR, World, name

from angarium.engine.rows import MailboxId
from angarium.engine.scripts import PutScript

OK = "250 2.1.5 Success SESSIONID=<"


async def post_with(world: World, script: str, options: str = "") -> Post:
    """Alice has a mailbox Junk, and a script."""
    await world.create("user.alice.Junk", "alice lrswipkxtea")
    await world.do("user.alice", PutScript("main", script.encode(), AUTHOR, activate=True))
    return Post(world, settings(options), preauthorised=True)


async def keywords(world: World, mailbox: str) -> list[set[str]]:
    """Of each message the keywords; empty where there is no such mailbox."""
    tree = await world.store.tree_of(name(mailbox))
    entry = None if tree is None else tree.find(name(mailbox))
    if tree is None or entry is None:
        return []
    row = await world.engine.mailbox(tree.account, MailboxId(entry.row.id))
    assert row is not None
    messages = await message_rows(world.engine, tree.account, entry.row.id)
    return [{word for bit, word in enumerate(row.keywords) if message.keywords_low >> bit & 1} for message in messages]


def replies_to_message(said: bytes) -> list[str]:
    """What came behind `354 go ahead`."""
    return said.decode().partition("354 go ahead\r\n")[2].splitlines()


@pytest.mark.parametrize(
    ("script", "reply", "inbox", "junk"),
    [
        ('require "reject"; reject "no thanks";', ["550 5.7.1 no thanks"], [], 0),
        (
            'require "ereject"; ereject "no thanks\r\nsecond line";',
            ["550-5.7.1 no thanks", "550 5.7.1 second line"],
            [],
            0,
        ),
        ('require "reject"; reject "non-ascii caf\u00e9";', [OK], [], 0),
        ("discard;", [OK], [], 0),
        ('require "fileinto"; fileinto "Junk";', [OK], [], 1),
        ('require "fileinto"; fileinto "INBOX/Junk";', [OK], [{"$SieveFailed"}, set()], 0),
        ('require "fileinto"; fileinto "NoSuch";', [OK], [{"$SieveFailed"}, set()], 0),
        ('require ["fileinto","mailbox"]; fileinto :create "Junk";', [OK], [], 1),
        ('require "imap4flags"; addflag ["\\\\Flagged","$x"]; keep;', [OK], [{"$x"}], 0),
        ('redirect "other@example.com";', [OK], [], 0),
        ('require "vacation"; vacation "gone";', [OK], [set()], 0),
        ('require "editheader"; addheader "X-New" "v"; keep;', [OK], [set()], 0),
    ],
)
async def test_what_a_script_has_lmtp_say(
    plain_world: World, runner: asyncio.Runner, script: str, reply: list[str], inbox: list[set[str]], junk: int
) -> None:
    post = await post_with(plain_world, script)
    said = await post.converse([GREETED, delivery(b"alice")])
    replies = replies_to_message(said)
    assert [line.partition("<")[0] + ("<" if "<" in line else "") for line in replies] == reply
    # Where there is a second message in the INBOX, it tells of the failure.
    assert await keywords(plain_world, "user.alice") == inbox
    assert len(await keywords(plain_world, "user.alice.Junk")) == junk


async def test_subaddresses_reach_their_mailboxes_past_a_script(plain_world: World, runner: asyncio.Runner) -> None:
    post = await post_with(plain_world, "keep;")
    await plain_world.set_acl("user.alice.Junk", "alice lrswipkxtea anonymous p")
    await post.converse([GREETED, delivery(b"alice+Junk", b"alice+junk", b"alice+Made")])
    assert await keywords(plain_world, "user.alice.Junk") == [set()]
    assert await keywords(plain_world, "user.alice") == [set()], "once, and no failure of the script"


async def test_a_reason_of_many_lines_is_one_reply(plain_world: World, runner: asyncio.Runner) -> None:
    post = await post_with(plain_world, 'require "reject"; reject text:\r\none\r\n\r\nthree\r\n.\r\n;')
    said = await post.converse([GREETED, delivery(b"alice", b"bob")])
    replies = replies_to_message(said)
    assert replies[:3] == ["550-5.7.1 one", "550-5.7.1 ", "550 5.7.1 three"]
    assert replies[3].startswith(OK)
