"""CREATE, DELETE and RENAME, beyond what the transcripts say."""

import asyncio
from pathlib import Path

import pytest
from tests.imap.transcript import log_in, open_services


def test_rename_tells_nothing_of_mailboxes_that_the_user_may_not_know_of(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
            for command in (
                "CREATE Team/open",
                "CREATE Team/hidden",
                "SETACL INBOX bob lk",
                "SETACL Team bob lrx",
                "SETACL Team/open bob l",
            ):
                assert (await alice.ask(f"a {command}"))[-1].startswith("a OK")
            assert await bob.ask('a RENAME "Other Users/alice/Team" "Other Users/alice/Club"') == [
                "* OK rename Other Users/alice/Team Other Users/alice/Club",
                "* OK rename Other Users/alice/Team/open Other Users/alice/Club/open",
                "a OK Completed",
            ]
            assert (await alice.ask("a MYRIGHTS Club/hidden"))[-1] == "a OK Completed"

    asyncio.run(talk())


@pytest.mark.parametrize(
    "command", [b"CREATE user/carol {2+}\r\n\xff\xfe", b"CREATE user/carol {3+}\r\na\r\n", b'CREATE user/carol ""']
)
def test_partition_that_is_no_name_is_none(command: bytes, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            cyrus = await log_in(services, "cyrus")
            (answer,) = await cyrus.ask(b"a " + command)
            assert answer.startswith("a NO [CANNOT] ")
            assert len(await cyrus.ask('a LIST "" "user/%"')) == 3

    asyncio.run(talk())


def test_deleting_another_mailbox_leaves_the_selected_one_open(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            for command in ("CREATE Work", "CREATE Work2", "SELECT Work"):
                await alice.ask(f"a {command}")
            assert await alice.ask("a DELETE Work2") == ["a OK Completed"]
            assert await alice.ask("a CHECK") == ["a OK Completed"]
            # Renamed meanwhile by the session itself, it is the same mailbox still
            assert await alice.ask("a RENAME Work Play") == ["* OK rename Work Play", "a OK Completed"]
            assert await alice.ask("a DELETE Play") == ["* OK [CLOSED] Ok", "a OK Completed"]

    asyncio.run(talk())
