"""Dialogues compared whole: on a socket, in step; and without one, in every split of what the client sends.

A file has `setting: ` lines of imapd.conf, and `C: ` and `S: ` lines, each with its CRLF. `$SIEVE` is the list of
extensions; `$X*N` is the letter x, N times.
"""

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.connections.dialogue import Turn, octet_by_octet, play, said_by, splits
from tests.managesieve.office import Office, settings
from tests.store.world import World

from angarium.operations.scripts import allowed_extensions
from angarium.sieve import CAPABILITIES

DIRECTORY = Path(__file__).parent.parent / "transcripts" / "managesieve"
TRANSCRIPTS = sorted(path.stem for path in DIRECTORY.glob("*.txt"))

_MANY = re.compile(r"\$X\*([0-9]+)")


@dataclass(slots=True)
class Transcript:
    """What each side says; lines keep their CRLF."""

    settings: list[str] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    @classmethod
    def read(cls, stem: str) -> "Transcript":
        transcript = cls()
        for line in (DIRECTORY / f"{stem}.txt").read_text(encoding="utf-8").splitlines():
            kind, _, text = line.partition(": ")
            if kind == "setting":
                transcript.settings.append(text)
            elif kind in ("C", "S"):
                text = _MANY.sub(lambda match: "x" * int(match[1]), text)
                transcript.turns.append((kind, f"{text}\r\n".encode()))
            else:
                assert line.startswith("#") or not line, line
        options = settings("\n".join(transcript.settings))
        allowed = allowed_extensions(options.sieve)
        sieve = " ".join([name for name in CAPABILITIES if name in allowed]).encode()
        transcript.turns = [(kind, line.replace(b"$SIEVE", sieve)) for kind, line in transcript.turns]
        return transcript


@pytest.mark.parametrize("stem", TRANSCRIPTS)
async def test_a_dialogue_goes_as_written(stem: str, world: World, runner: asyncio.Runner) -> None:
    transcript = Transcript.read(stem)
    office = Office(world, settings("\n".join(transcript.settings)))
    async with office.client() as client:
        heard = client.greeting
        heard += await play(client, transcript.turns[client.greeting.count(b"\r\n") :])
        heard += await client.reader.read()
    assert heard.decode() == said_by("S", transcript.turns).decode()


@pytest.mark.parametrize("stem", TRANSCRIPTS)
async def test_how_octets_are_split_makes_no_difference(stem: str, runner: asyncio.Runner, tmp_path: Path) -> None:
    transcript = Transcript.read(stem)
    octets = said_by("C", transcript.turns)
    finest = [octet_by_octet(octets)] if len(octets) < 5000 else []
    for chunks in (*finest, *splits(octets, 5)):
        world = await World.open("memory", tmp_path)
        office = Office(world, settings("\n".join(transcript.settings)))
        said = await office.converse(chunks)
        assert said.decode() == said_by("S", transcript.turns).decode()
        assert not office.seats
        await world.engine.close()
