"""Parts of stored messages for CATENATE: the octets that a FETCH gives, and who may have them."""

import pytest
from tests.operations.messages.conftest import World, uid_set

from angarium.engine.commands import Expunge
from angarium.engine.rows import Uid
from angarium.errors import (
    AngariumError,
    MailboxNotFound,
    MessageNotFound,
    PermissionDenied,
    SectionNotFound,
    UidValidityChanged,
)
from angarium.fetchitem import BodySection, Partial, SectionKind
from angarium.names import MailboxName
from angarium.operations.messages import StoredPart, part_octets
from angarium.store import Actor

HEADER = b'Subject: parts\r\nFrom: ann@example.org\r\nContent-Type: multipart/mixed; boundary="="\r\n\r\n'
MAIL = HEADER + b"--=\r\nContent-Type: text/plain\r\n\r\nOne.\r\n--=\r\n\r\nTwo.\r\n--=--\r\n"
LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcd\r\n" * 50_000


async def read(
    world: World, section: BodySection, *, uid: int = 1, uidvalidity: int | None = None, actor: Actor | None = None
) -> bytes:
    part = StoredPart(MailboxName.from_internal("user.alice"), Uid(uid), section, uidvalidity)
    octets = part_octets(world.store, world.cache, actor or world.alice, part)
    return b"".join([piece async for piece in octets])


@pytest.mark.parametrize(
    ("section", "octets"),
    [
        (BodySection(peek=True), MAIL),
        (BodySection(kind=SectionKind.HEADER, peek=True), HEADER),
        (BodySection((1,), peek=True), b"One."),
        (BodySection((1,), SectionKind.MIME, peek=True), b"Content-Type: text/plain\r\n\r\n"),
        (BodySection((2,), peek=True), b"Two."),
        (BodySection((2,), partial=Partial(1, 2), peek=True), b"wo"),
        (BodySection((2,), partial=Partial(1, 1 << 62), peek=True), b"wo."),
        (BodySection((2,), partial=Partial(9, 1), peek=True), b""),
        (BodySection(kind=SectionKind.HEADER_FIELDS, fields=(b"from",), peek=True), b"From: ann@example.org\r\n\r\n"),
    ],
)
async def test_a_part_is_what_fetch_gives(world: World, section: BodySection, octets: bytes) -> None:
    await world.append("user.alice", MAIL)
    assert await read(world, section) == octets
    assert await world.flags("user.alice") == {1: set()}


@pytest.mark.parametrize("partial", [None, Partial(1000, 500_000)])
async def test_a_large_part_comes_in_pieces(world: World, partial: Partial | None) -> None:
    await world.append("user.alice", LARGE)
    section = BodySection(partial=partial, peek=True)
    part = StoredPart(MailboxName.from_internal("user.alice"), Uid(1), section)
    pieces = [piece async for piece in part_octets(world.store, world.cache, world.alice, part)]
    assert b"".join(pieces) == (LARGE if partial is None else LARGE[1000:501_000])
    assert max(map(len, pieces)) <= 1 << 18


@pytest.mark.parametrize(
    ("section", "uid", "uidvalidity", "refusal"),
    [
        (BodySection((3,), peek=True), 1, None, SectionNotFound),
        (BodySection((1,), SectionKind.TEXT, peek=True), 1, None, SectionNotFound),
        (BodySection(peek=True), 3, None, MessageNotFound),
        (BodySection(peek=True), 2, None, MessageNotFound),
        (BodySection(peek=True), 1, 1, UidValidityChanged),
    ],
)
async def test_what_is_not_there(
    world: World, section: BodySection, uid: int, uidvalidity: int | None, refusal: type[AngariumError]
) -> None:
    await world.append("user.alice", MAIL)
    await world.append("user.alice", MAIL)
    command = Expunge(world.mailboxes["user.alice"], world.alice.author(), uid_set(2), only_deleted=False)
    await world.engine.write(world.account_of("user.alice"), command)
    with pytest.raises(refusal):
        await read(world, section, uid=uid, uidvalidity=uidvalidity)


async def test_the_uidvalidity_of_the_mailbox_is_right(memory_world: World) -> None:
    world = memory_world
    await world.append("user.alice", MAIL)
    uidvalidity = (await world.select("user.alice")).mailbox.row.uidvalidity
    assert await read(world, BodySection(peek=True), uidvalidity=uidvalidity) == MAIL


@pytest.mark.parametrize(("rights", "refusal"), [("", MailboxNotFound), ("lswi", PermissionDenied)])
async def test_a_part_needs_the_right_to_read(world: World, rights: str, refusal: type[AngariumError]) -> None:
    await world.append("user.alice", MAIL)
    await world.set_acl("user.alice", "alice\tlrswipkxtea\t" + (f"bob\t{rights}\t" if rights else ""))
    with pytest.raises(refusal):
        await read(world, BodySection(peek=True), uidvalidity=1, actor=world.bob)
    await world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlr\t")
    assert await read(world, BodySection(peek=True), actor=world.bob) == MAIL
