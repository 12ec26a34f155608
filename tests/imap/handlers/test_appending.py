"""APPEND, beyond what the transcripts say."""

import asyncio
from pathlib import Path

import pytest
from tests.imap.transcript import log_in, open_services


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (b"Subject: One\n\nFirst.\n", "a NO [CANNOT] Message contains bare newlines"),
        (b"Subject: One\r\n\r\nFir\0st.\r\n", "a NO [CANNOT] Message contains NUL characters"),
        (b"no header here\r\n", "a NO [CANNOT] Message contains invalid header"),
        (b"", "a NO [CANNOT] Zero-length message literal"),
        (b"Subject: One\r\n\r\n" + b"x" * 100, "a NO [TOOBIG] Message size exceeds fixed limit"),
    ],
)
@pytest.mark.parametrize("plus", [b"", b"+"])
def test_message_that_is_not_taken(message: bytes, answer: str, plus: bytes, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path, "maxmessagesize: 100") as services:
            alice = await log_in(services, "alice")
            command = b"a APPEND INBOX {%d%b}" % (len(message), plus)
            if plus:
                assert await alice.ask(command + b"\r\n" + message) == [answer]
            elif await alice.ask(command) == ["+ go ahead"]:
                assert await alice.ask(message) == [answer]
            assert (await alice.ask("a STATUS INBOX (MESSAGES)"))[0] == "* STATUS INBOX (MESSAGES 0)"

    asyncio.run(talk())


def test_quota_counts(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("sqlite", tmp_path) as services:
            cyrus, alice = await log_in(services, "cyrus"), await log_in(services, "alice")
            await cyrus.ask("a SETQUOTA user/alice (STORAGE 1)")
            message = b"Subject: One\r\n\r\n" + b"x" * 1500
            (answer,) = await alice.ask(b"a APPEND INBOX {%d+}\r\n%b" % (len(message), message))
            assert answer == "a NO [OVERQUOTA] Over quota"

    asyncio.run(talk())


def test_right_that_goes_while_the_message_comes(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
            await alice.ask("a SETACL INBOX bob lri")
            assert await bob.ask('a APPEND "Other Users/alice" {16}') == ["+ go ahead"]
            await alice.ask("a SETACL INBOX bob lr")
            assert await bob.ask("Subject: One\r\n\r\n") == ["a NO [NOPERM] Permission denied"]
            assert await alice.ask("a STATUS INBOX (MESSAGES)") == ["* STATUS INBOX (MESSAGES 0)", "a OK Completed"]

    asyncio.run(talk())


def test_date_keeps_its_zone_and_the_day_before_1970(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("sqlite", tmp_path) as services:
            alice = await log_in(services, "alice")
            dates = ("31-Dec-1969 23:59:59 -1200", " 1-Jan-1969 00:00:00 +1345", "29-Feb-2024 12:00:00 +0000")
            for date in dates:
                await alice.ask(f'a APPEND INBOX "{date}" {{16+}}\r\nSubject: One\r\n\r\n')
            await alice.ask("a SELECT INBOX")
            lines = await alice.ask("a FETCH 1:* INTERNALDATE")
            assert lines[:-1] == [f'* {number} FETCH (INTERNALDATE "{date}")' for number, date in enumerate(dates, 1)]

    asyncio.run(talk())
