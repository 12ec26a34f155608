"""Dialogues compared whole: on a socket, in step; and without one, in every split of what the client sends."""

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.connections.dialogue import Turn, octet_by_octet, play, said_by, splits
from tests.pop3.office import SERVER, VERSION, Client, Office, settings
from tests.store.world import World

DIRECTORY = Path(__file__).parent.parent / "transcripts" / "pop3"
TRANSCRIPTS = sorted(path.stem for path in DIRECTORY.glob("*.txt"))

_SESSION = re.compile(rb"SESSIONID=<%b-[0-9]+-[0-9a-f]{16}>" % SERVER.encode())
_CHALLENGE = re.compile(rb"(?<= server ready )<[0-9A-Za-z_-]{20,}@%b>" % SERVER.encode())
_UIDVALIDITY = re.compile(rb"(?m)^(\+OK )?([0-9]+) [0-9]{5,}\.([0-9]+)\r$")


@dataclass(slots=True)
class Transcript:
    """What each side says; lines keep their CRLF. A file may have several connections, one after another."""

    settings: list[str] = field(default_factory=list)
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    has_secrets: bool = False
    connections: list[list[Turn]] = field(default_factory=list)

    @classmethod
    def read(cls, stem: str) -> "Transcript":
        transcript = cls()
        for line in (DIRECTORY / f"{stem}.txt").read_text().splitlines():
            kind, _, text = line.partition(": ")
            match kind:
                case "setting":
                    transcript.settings.append(text)
                case "secrets":
                    transcript.has_secrets = True
                case "message":
                    mailbox, _, octets = text.partition(" ")
                    transcript.messages.append((mailbox, octets.encode().decode("unicode_escape").encode("latin-1")))
                case "connect":
                    transcript.connections.append([])
                case "C" | "S" | "C:" | "S:":
                    text = text.replace("$VERSION", VERSION)
                    transcript.connections[-1].append((kind[0], f"{text}\r\n".encode()))
                case _:
                    assert line.startswith("#"), line
        return transcript


async def office_for(world: World, transcript: Transcript) -> Office:
    office = Office(world, settings("\n".join(transcript.settings)))
    for mailbox, octets in transcript.messages:
        await office.add(mailbox, octets)
    return office.with_secrets() if transcript.has_secrets else office


def shown(octets: bytes) -> bytes:
    octets = _SESSION.sub(b"SESSIONID=<$SESSION>", octets)
    octets = _CHALLENGE.sub(b"<$CHALLENGE>", octets)
    return _UIDVALIDITY.sub(rb"\1\2 $UIDVALIDITY.\3\r", octets)


@pytest.mark.parametrize("stem", TRANSCRIPTS)
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_dialogues_go_as_written(stem: str, kind: str, runner: asyncio.Runner, tmp_path: Path) -> None:
    transcript = Transcript.read(stem)
    world = await World.open(kind, tmp_path)
    office = await office_for(world, transcript)
    for turns in transcript.connections:
        async with office.port() as port:
            client = Client(*await asyncio.open_connection("127.0.0.1", port))
            try:
                heard = await play(client, turns, shown)
                if turns[-1][1].startswith((b"+OK\r", b"-ERR [SYS/TEMP]")):
                    assert await client.reader.read() == b""
            finally:
                await client.close()
            await office.emptied.wait()
        assert heard.decode() == said_by("S", turns).decode()
    await world.engine.close()


@pytest.mark.parametrize("stem", TRANSCRIPTS)
async def test_how_octets_are_split_makes_no_difference(stem: str, runner: asyncio.Runner, tmp_path: Path) -> None:
    transcript = Transcript.read(stem)
    said = [said_by("C", turns) for turns in transcript.connections]
    for chunks in zip(*[(octet_by_octet(octets), *splits(octets, 6)) for octets in said], strict=True):
        world = await World.open("memory", tmp_path)
        office = await office_for(world, transcript)
        for turns, chunks_of_one in zip(transcript.connections, chunks, strict=True):
            answered = await office.converse(chunks_of_one)
            assert shown(answered).decode() == said_by("S", turns).decode()
            assert not office.seats
        await world.engine.close()
