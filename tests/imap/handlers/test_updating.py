"""Sequence numbers never shift under a client that was not told: clients that keep a model of what they were told."""

import asyncio
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.imap.transcript import Connection, log_in, open_services

from angarium.imap.handlers.fetching import send_fetch
from angarium.imap.session import ImapSession

_KEEPS_NUMBERS = ("FETCH", "STORE", "SEARCH")
_FETCH = re.compile(r"\* (\d+) FETCH \((.*)\)")
_UID = re.compile(r"\bUID (\d+)")
_FLAGS = re.compile(r"FLAGS \(([^)]*)\)")


@dataclass
class _Client:
    """A connection with what its client believes: for each number the UID and the flags, None where it was not told."""

    connection: Connection
    uids: list[int | None] = field(default_factory=list)
    flags: list[frozenset[str] | None] = field(default_factory=list)

    async def ask(self, command: str) -> None:
        lines = await self.connection.ask(f"a {command}")
        assert lines[-1].startswith("a OK") or lines[-1].startswith("a NO"), lines
        for line in lines[:-1]:
            self._take(line, command)

    async def learn(self) -> None:
        """Look at everything; what was known must not turn out otherwise."""
        await self.ask("NOOP")
        known, flags = self.uids.copy(), self.flags.copy()
        if known:
            await self.ask("FETCH 1:* (UID FLAGS)")
        assert all(before in (None, now) for before, now in zip(known, self.uids, strict=True))
        assert all(before in (None, now) for before, now in zip(flags, self.flags, strict=True))

    def _take(self, line: str, command: str) -> None:
        if match := re.fullmatch(r"\* (\d+) EXPUNGE", line):
            assert command.split()[0] not in _KEEPS_NUMBERS, (command, line)
            del self.uids[int(match[1]) - 1], self.flags[int(match[1]) - 1]
        elif match := re.fullmatch(r"\* (\d+) EXISTS", line):
            new = int(match[1]) - len(self.uids)
            assert new > 0 or command == "SELECT INBOX", (command, line)
            self.uids += [None] * new
            self.flags += [None] * new
        elif match := _FETCH.fullmatch(line):
            self._learn_of(int(match[1]) - 1, match[2])

    def _learn_of(self, place: int, items: str) -> None:
        if uid := _UID.search(items):
            assert self.uids[place] in (None, int(uid[1])), items
            self.uids[place] = int(uid[1])
        if flags := _FLAGS.search(items):
            self.flags[place] = frozenset(flags[1].split())


def _command(rng: random.Random, client: _Client) -> str:
    count = len(client.uids)
    number = rng.randint(1, count) if count else 1
    uid = rng.choice([uid for uid in client.uids if uid is not None] or [1])
    flag = rng.choice(("\\Seen", "\\Flagged", "\\Deleted", "$Work"))
    sign = rng.choice("+-")
    return rng.choice(
        (
            "APPEND INBOX {16+}\r\nSubject: One\r\n\r\n",
            "NOOP",
            "EXPUNGE",
            f"UID EXPUNGE {uid}:*",
            f"FETCH {number}:* (UID FLAGS)",
            f"FETCH {number} BODY[TEXT]",
            f"UID FETCH {uid} (FLAGS)",
            f"STORE {number} {sign}FLAGS ({flag})",
            f"UID STORE {uid}:* {sign}FLAGS ({flag})",
            "SEARCH ALL",
            "UID SEARCH UNDELETED",
            f"COPY {number} INBOX",
            f"MOVE {number} INBOX",
            f"UID MOVE {uid} INBOX",
        )
    )


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("seed", range(8))
def test_clients_are_never_surprised(kind: str, seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)

    async def talk() -> None:
        async with open_services(kind, tmp_path) as services:
            clients = [_Client(await log_in(services, "alice")) for _ in range(3)]
            for client in clients:
                await client.ask("SELECT INBOX")
            for _ in range(120):
                client = rng.choice(clients)
                await client.ask(_command(rng, client))
            for client in clients:
                await client.learn()
            assert clients[0].uids == clients[1].uids == clients[2].uids

    asyncio.run(talk())


def test_no_modseq_is_told_before_all_that_it_vouches_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit while changes are told: a client that takes the highest MODSEQ at the tagged answer for how far it has
    come must have been told of all up to it (RFC 7162 §3.2.5.1, §6)."""

    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, other = await log_in(services, "alice"), await log_in(services, "alice")
            for _ in range(2):
                await alice.ask("a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n")
            await alice.ask("a ENABLE CONDSTORE")
            await alice.ask("a SELECT INBOX")
            await other.ask("b SELECT INBOX")
            await other.ask("b STORE 1 +FLAGS.SILENT (\\Flagged)")

            async def interrupted(session: ImapSession, *arguments: object) -> object:
                monkeypatch.undo()
                await other.ask("b STORE 1:2 +FLAGS.SILENT (\\Draft)")
                return await send_fetch(session, *arguments)  # type: ignore[arg-type]

            monkeypatch.setattr("angarium.imap.handlers.updating.send_fetch", interrupted)
            *told, _ = await alice.ask("a NOOP")
            modseqs = [int(line.rpartition("MODSEQ (")[2].rstrip(")")) for line in told]
            assert [line.split()[1] for line in told] in (["1", "2"], ["1", "1", "2"])
            assert len(set(modseqs[-2:])) == 1

    asyncio.run(talk())
