"""PREVIEW: which part is shown, and what is remembered."""

import pytest
from tests.operations.messages.conftest import MAIL, World, uid_set

from angarium import mime
from angarium.errors import MessageFileMissing
from angarium.fetchitem import Preview
from angarium.operations.messages import FetchBatch, MessageCache, MessageLimits, TextColumn, fetch
from angarium.operations.messages.previewing import readable_parts

ALWAYS, LAZY = Preview(), Preview(lazy=True)


def entity(content_type: str, body: str, *fields: str) -> str:
    return "\r\n".join([f"Content-Type: {content_type}", *fields, "", body])


def multipart(subtype: str, *parts: str, boundary: str = "x") -> str:
    body = "".join([f"--{boundary}\r\n{part}\r\n" for part in parts])
    return entity(f"multipart/{subtype}; boundary={boundary}", f"{body}--{boundary}--")


PLAIN = entity("text/plain; charset=utf-8", "plain words")
HTML = entity("text/html", "<p>rich words</p>")
IMAGE = entity("image/png", "AAEC", "Content-Transfer-Encoding: base64")
ATTACHED = entity("text/plain", "attached", "Content-Disposition: attachment")


@pytest.mark.parametrize(
    ("message", "preview"),
    [
        ("Subject: x\r\n\r\nAll is well.", "All is well."),
        ("Subject: x\r\n\r\n", ""),
        (PLAIN, "plain words"),
        (HTML, "rich words"),
        (IMAGE, ""),
        (ATTACHED, ""),
        (multipart("alternative", HTML, PLAIN), "plain words"),
        (multipart("alternative", entity("text/plain", " \r\n "), HTML), "rich words"),
        (multipart("mixed", IMAGE, ATTACHED, HTML, PLAIN), "rich words"),
        (multipart("related", multipart("alternative", HTML, boundary="y"), IMAGE), "rich words"),
        (multipart("signed", PLAIN, entity("application/pgp-signature", "----")), "plain words"),
        (multipart("encrypted", entity("application/pgp-encrypted", "Version: 1"), PLAIN), ""),
        (multipart("mixed", multipart("encrypted", PLAIN, boundary="y"), PLAIN), ""),
        (entity("application/pkcs7-mime", "AAEC"), ""),
        (entity("text/plain", "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEM"), ""),
        (multipart("mixed", entity("message/rfc822", PLAIN)), ""),
        (entity("text/calendar", "BEGIN:VCALENDAR"), ""),
        (entity("text/plain; charset=iso-8859-1", "caf=E9", "Content-Transfer-Encoding: quoted-printable"), "café"),
        (entity("text/plain; charset=utf-8", "Y2Fmw6k=", "Content-Transfer-Encoding: base64"), "café"),
    ],
)
async def test_previews_are_of_what_a_reader_sees_first(memory_world: World, message: str, preview: str) -> None:
    await memory_world.append("user.alice", message.encode() + b"\r\n")
    assert await previews(memory_world, ALWAYS) == [preview]


async def test_of_a_long_part_the_beginning_is_read(memory_world: World) -> None:
    text = "é" * 100 + " " + "ö" * 600_000
    for padding in ("", "a"):  # one of them is cut in the middle of a character
        await memory_world.append("user.alice", f"Subject: x\r\n\r\n{padding}{text}\r\n".encode())
    assert [preview[:100] for preview in await previews(memory_world, ALWAYS) if preview] == [
        "é" * 100,
        "a" + "é" * 99,
    ]


def test_parts_come_in_the_order_in_which_they_are_looked_at() -> None:
    message = multipart("mixed", multipart("alternative", HTML, PLAIN, boundary="y"), HTML)
    assert [part.number for part in readable_parts(mime.scan(message.encode()).root)] == [(1, 2), (1, 1), (2,)]


async def test_lazy_gives_what_was_made_before(world: World) -> None:
    for _ in range(3):
        await world.append("user.alice")
    assert await previews(world, LAZY) == [None, None, None]
    assert await previews(world, ALWAYS, 2) == ["All is well in the north."]
    assert await previews(world, LAZY) == [None, "All is well in the north.", None]


async def test_previews_outlive_the_worker_and_are_not_made_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.append("user.alice", MAIL)
    await world.append("user.alice", b"Content-Type: image/png\r\n\r\nAAEC\r\n")
    made = await previews(world, ALWAYS)
    assert made == ["All is well in the north.", ""]
    await world.append("user.alice", flags=["\\Seen"])  # what was advised rides with the next commit
    world.cache = MessageCache(world.store, limits=MessageLimits())
    opened = []

    async def lose(*arguments: object) -> object:
        opened.append(arguments)
        raise MessageFileMissing("as asked for")

    monkeypatch.setattr(world.engine, "open_message", lose)
    assert await previews(world, LAZY) == [*made, None]
    assert await previews(world, ALWAYS, 1, 2) == made
    assert opened == []


async def test_a_message_whose_file_is_lost_has_none(memory_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await memory_world.append("user.alice")

    async def lose(*_: object) -> object:
        raise MessageFileMissing("as asked for")

    monkeypatch.setattr(memory_world.engine, "open_message", lose)
    (batch,) = await fetched(memory_world, ALWAYS, 1)
    assert batch.missing == (1,)
    assert batch.columns == (TextColumn([]),)


async def fetched(world: World, item: Preview, *uids: int) -> list[FetchBatch]:
    selected = await world.select("user.alice", examine=True)
    chosen = uid_set(*uids) if uids else uid_set(1, 2, 3)
    return [batch async for batch in fetch(world.store, world.cache, world.alice, selected, chosen, [item])]


async def previews(world: World, item: Preview, *uids: int) -> list[str | None]:
    found: list[str | None] = []
    for batch in await fetched(world, item, *uids):
        (column,) = batch.columns
        assert isinstance(column, TextColumn)
        found += column.values
    return found
