"""FETCH, beyond what the transcripts say."""

import asyncio
from pathlib import Path

import pytest
from tests.imap.transcript import Connection, log_in, open_services

from angarium.connections import ClientGone
from angarium.imap import dispatch
from angarium.imap.output import Output

_ONE = "a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n"


async def _append(connection: Connection, octets: bytes) -> None:
    (answer,) = await connection.ask(b"a APPEND INBOX {%d+}\r\n%b" % (len(octets), octets))
    assert answer.startswith("a OK")


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_long_sections_are_sent_whole(kind: str, tmp_path: Path) -> None:
    body = b"".join([b"%08d\r\n" % number for number in range(60_000)])

    async def talk() -> None:
        async with open_services(kind, tmp_path) as services:
            alice = await log_in(services, "alice")
            await _append(alice, b"Subject: Long\r\n\r\n" + body)
            await _append(alice, b"Subject: Short\r\n\r\nx\r\n")
            await alice.ask("a SELECT INBOX")
            lines = await alice.ask("a FETCH 1:2 (BODY[TEXT] BODY[HEADER] BODY[TEXT]<9.22>)")
            text = "\n".join(lines) + "\n"
            part = body[9:31].decode().replace("\r\n", "\n")
            assert text.startswith(
                f"* 1 FETCH (FLAGS (\\Recent \\Seen) BODY[TEXT] {{{len(body)}}}\n"
                + body.decode().replace("\r\n", "\n")
                + f" BODY[HEADER] {{17}}\nSubject: Long\n\n BODY[TEXT]<9> {{22}}\n{part})\n"
                + "* 2 FETCH (FLAGS (\\Recent \\Seen) BODY[TEXT] {3}\nx\n BODY[HEADER] {18}\nSubject: Short\n\n"
                + ' BODY[TEXT]<9> "")\n'
            )

    asyncio.run(talk())


def test_lost_file_is_said_and_hides_no_other_message(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("sqlite", tmp_path) as services:
            alice, other = await log_in(services, "alice"), await log_in(services, "alice")
            for _ in range(3):
                await alice.ask(_ONE)
            await alice.ask("a SELECT INBOX")
            await other.ask("a SELECT INBOX")
            (lost,) = (tmp_path / "partitions").rglob("2.")
            lost.unlink()
            lines = await alice.ask("a FETCH 1:3 BODY.PEEK[]<0.1>")
            assert [line for line in lines if "FETCH" in line] == [
                "* 1 FETCH (BODY[]<0> {1}",
                "* 3 FETCH (BODY[]<0> {1}",
            ]
            assert lines[-1] == "a NO [CORRUPTION] Some messages could not be read: their files are missing"
            # … and is no loss where the message was expunged
            await other.ask("a STORE 2 +FLAGS (\\Deleted)")
            await other.ask("a EXPUNGE")
            (*_, answer) = await alice.ask("a FETCH 2 BODY.PEEK[]")
            assert answer == "a NO [EXPUNGEISSUED] Some of the messages no longer exist"

    asyncio.run(talk())


@pytest.mark.parametrize(
    "fetch",
    [
        "FETCH 1:2 FLAGS",
        "FETCH 1 FLAGS",
        "FETCH 1:2 UID",
        "FETCH 1:2 (FLAGS MODSEQ)",
        "FETCH 1:2 (FLAGS) (CHANGEDSINCE 1)",
        "FETCH 1:2 (FLAGS MODSEQ) (CHANGEDSINCE 99999)",
        "UID FETCH 1:2 BODY[HEADER]",
    ],
)
def test_what_others_changed_is_told_with_any_fetch(fetch: str, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, other = await log_in(services, "alice"), await log_in(services, "alice")
            await alice.ask(_ONE)
            await alice.ask(_ONE)
            await alice.ask("a SELECT INBOX")
            await other.ask("a SELECT INBOX")
            await other.ask("a STORE 2 +FLAGS (\\Flagged)")
            lines = await alice.ask(f"a {fetch}")
            told = [line for line in lines if line.startswith("* 2 FETCH (FLAGS (\\Recent \\Flagged")]
            assert len(told) == (2 if "CHANGEDSINCE 1)" in fetch else 1)
            assert await alice.ask("a NOOP") == ["a OK Completed"]

    asyncio.run(talk())


def test_own_seen_state_is_told_once(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask(_ONE)
            await alice.ask("a SETACL INBOX bob lrs")
            bob, other = await log_in(services, "bob"), await log_in(services, "bob")
            for connection in (bob, other):
                await connection.ask('a SELECT "Other Users/alice"')
            (*_, close, answer) = await bob.ask("a FETCH 1 BODY[HEADER.FIELDS (Date)]")
            assert (close, answer[:4]) == (")", "a OK")
            assert await other.ask("a NOOP") == ["* 1 FETCH (FLAGS (\\Seen))", "a OK Completed"]
            assert await alice.ask("a NOOP") == ["a OK Completed"]

    asyncio.run(talk())


def test_client_that_is_gone_is_sent_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            for _ in range(3):
                await alice.ask(_ONE)
            await alice.ask("a SELECT INBOX")
            drained = 0

            async def drain(_: Output) -> None:
                nonlocal drained
                drained += 1
                raise ClientGone

            monkeypatch.setattr(Output, "drain", drain)
            alice.session.parser.receive_data(b"a FETCH 1:3 BODY[]\r\n")
            with pytest.raises(ClientGone):
                await dispatch.run(alice.session)
            assert drained == 1

    asyncio.run(talk())
