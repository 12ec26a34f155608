"""STATUS, beyond what the transcripts say."""

import asyncio
from pathlib import Path

import pytest
from tests.imap.transcript import log_in, open_services


def _answers(directory: Path, *commands: str, options: str = "") -> list[str]:
    """What the last command is answered."""

    async def talk() -> list[str]:
        async with open_services("memory", directory, options) as services:
            alice = await log_in(services, "alice")
            lines: list[str] = []
            for command in commands:
                lines = await alice.ask(f"a {command}")
                assert lines[-1].startswith("a OK "), lines
            return lines

    return asyncio.run(talk())


@pytest.mark.parametrize(
    ("options", "limit"),
    [("", 4_294_967_295), ("maxmessagesize: 5000000\n", 5_000_000), ("maxmessagesize: 8589934592\n", 4_294_967_295)],
)
def test_appendlimit_is_announced_and_told_alike(options: str, limit: int, tmp_path: Path) -> None:
    assert (
        _answers(tmp_path, "STATUS INBOX (APPENDLIMIT)", options=options)[0] == f"* STATUS INBOX (APPENDLIMIT {limit})"
    )


def test_the_capability_tells_the_limit_of_the_option(tmp_path: Path) -> None:
    (line, _) = _answers(tmp_path, "CAPABILITY", options="maxmessagesize: 5000000\n")
    assert line.endswith(" APPENDLIMIT=5000000")


def test_what_expunging_would_give_back_is_counted(tmp_path: Path) -> None:
    append = "APPEND INBOX (\\Deleted) {22+}\r\nSubject: x\r\n\r\nhello.\r\n"
    (line, _) = _answers(tmp_path, append, "STATUS INBOX (DELETED-STORAGE SIZE DELETED)")
    assert line == "* STATUS INBOX (DELETED 1 SIZE 22 DELETED-STORAGE 22)"


def test_items_come_once_and_in_one_order(tmp_path: Path) -> None:
    (line, _) = _answers(tmp_path, "STATUS INBOX (SIZE mailboxid SIZE MESSAGES)")
    names = line.removeprefix("* STATUS INBOX (").removesuffix("))").split()[::2]
    assert names == ["MESSAGES", "MAILBOXID", "SIZE"]
