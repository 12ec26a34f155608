"""Dialogues compared whole: on a socket, in step; and without one, in every split of what the client sends."""

import asyncio
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.connections.dialogue import Turn, octet_by_octet, play, said_by, splits
from tests.lmtp.post import Post, settings
from tests.store.world import World

from angarium import __version__

DIRECTORY = Path(__file__).parent.parent / "transcripts" / "lmtp"
TRANSCRIPTS = sorted(path.stem for path in DIRECTORY.glob("*.txt"))

_SESSION = re.compile(rb"SESSIONID=<[0-9a-v]{24}>")


@dataclass(slots=True)
class Transcript:
    """What each side says; lines keep their CRLF."""

    settings: list[str] = field(default_factory=list)
    quotas: list[tuple[str, int]] = field(default_factory=list)
    family: int = socket.AF_UNIX
    turns: list[Turn] = field(default_factory=list)

    @classmethod
    def read(cls, stem: str) -> "Transcript":
        transcript = cls()
        for line in (DIRECTORY / f"{stem}.txt").read_text().splitlines():
            kind, _, text = line.partition(": ")
            match kind:
                case "setting":
                    transcript.settings.append(text)
                case "quota":
                    mailbox, limit_kib = text.split()
                    transcript.quotas.append((mailbox, int(limit_kib)))
                case "peer":
                    transcript.family = socket.AF_INET
                case "C" | "S":
                    text = text.replace("$VERSION", __version__).replace("$NUL", "\0")
                    transcript.turns.append((kind, f"{text}\r\n".encode()))
                case _:
                    assert line.startswith("#"), line
        return transcript


async def post_for(world: World, transcript: Transcript) -> Post:
    await world.create("shared", "anyone lrp")
    await world.create("notice", "anyone lr")
    post = Post(world, settings("\n".join(transcript.settings)))
    for mailbox, limit_kib in transcript.quotas:
        await post.quota(mailbox, limit_kib)
    return post


def shown(reply: bytes) -> bytes:
    return _SESSION.sub(b"SESSIONID=<$SESSION>", reply)


@pytest.mark.parametrize("stem", TRANSCRIPTS)
async def test_a_dialogue_goes_as_written(stem: str, world: World, tmp_path: Path, runner: asyncio.Runner) -> None:
    transcript = Transcript.read(stem)
    post = await post_for(world, transcript)
    client_of = post.unix_client(tmp_path) if transcript.family == socket.AF_UNIX else post.tcp_client()
    async with client_of as client:
        heard = await play(client, transcript.turns, shown)
        assert await client.reader.read() == b""
    assert heard.decode() == said_by("S", transcript.turns).decode()


@pytest.mark.parametrize("stem", TRANSCRIPTS)
async def test_how_octets_are_split_makes_no_difference(stem: str, runner: asyncio.Runner, tmp_path: Path) -> None:
    transcript = Transcript.read(stem)
    octets = said_by("C", transcript.turns)
    for chunks in (octet_by_octet(octets), *splits(octets, 10)):
        world = await World.open("memory", tmp_path)
        post = await post_for(world, transcript)
        said = await post.converse(chunks, family=transcript.family)
        assert shown(said).decode() == said_by("S", transcript.turns).decode()
        assert not post.connections
        await world.engine.close()
