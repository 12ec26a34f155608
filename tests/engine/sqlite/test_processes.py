"""Several processes on one account: two workers and a tool give every number once and lose nothing."""

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.engine.rows import message_rows

from angarium.engine.commands import Author, CreateMailboxes, FlagOperation, FlagsStored, NewMailbox, StoreFlags
from angarium.engine.rows import AccountId, MailboxId, Uid
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.flags import Flags
from angarium.sequenceset import UidSet

ROOT = Path(__file__).parents[3]
COUNT = 40
AUTHOR = Author("tool")


async def set_up(options: SqliteOptions) -> tuple[AccountId, MailboxId]:
    sources = SystemSources()
    engine = await SqliteEngine.open(options, sources)
    account = await engine.create_account("user.alice")
    inbox = MailboxId(sources.random_id())
    await engine.write(account, CreateMailboxes((NewMailbox(inbox, "", "default", ""),), AUTHOR))
    await engine.close()
    return account, inbox


def adding(options: SqliteOptions, account: str, mailbox: str, label: str, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.engine.sqlite.adding",
            options.directory,
            options.partitions["default"],
            account,
            mailbox,
            label,
            str(count),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


async def flag_meanwhile(
    options: SqliteOptions, account: AccountId, inbox: MailboxId, workers: list["subprocess.Popen[str]"]
) -> int:
    """A tool that changes flags while the workers add; gives how many changes it made."""
    engine = await SqliteEngine.open(options, SystemSources())
    changes = 0
    while any(worker.poll() is None for worker in workers):
        operation = FlagOperation.REMOVE if changes % 2 else FlagOperation.ADD
        everything = UidSet(((1, 0xFFFFFFFF),))
        stored = await engine.write(account, StoreFlags(inbox, everything, operation, Flags.of(["\\Seen"]), AUTHOR))
        assert isinstance(stored, FlagsStored)
        changes += 1
    await engine.close()
    return changes


def test_two_workers_and_a_tool_share_an_account(tmp_path: Path) -> None:
    options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")})
    account, inbox = asyncio.run(set_up(options))
    workers = [adding(options, account, inbox, label, COUNT) for label in ("one", "two")]
    assert asyncio.run(flag_meanwhile(options, account, inbox, workers)) > 0
    told: dict[int, str] = {}
    for worker in workers:
        output, _ = worker.communicate(timeout=60)
        assert worker.returncode == 0
        for line in output.splitlines():
            uid, text = line.split()
            assert int(uid) not in told, "a UID was given twice"
            told[int(uid)] = text
    assert len(told) == 2 * COUNT
    asyncio.run(check(options, account, inbox, told))


async def check(options: SqliteOptions, account: AccountId, inbox: MailboxId, told: dict[int, str]) -> None:
    engine = await SqliteEngine.open(options, SystemSources())
    messages = await message_rows(engine, account, inbox)
    assert {row.uid for row in messages} == set(told)
    for row in messages:
        with await engine.open_message(account, inbox, row.uid) as file:
            assert (await file.read(0, 100)).decode() == told[row.uid]
    mailbox = await engine.mailbox(account, inbox)
    assert mailbox is not None
    assert mailbox.messages == len(told)
    assert mailbox.unseen == sum(not row.system_flags for row in messages)
    await engine.close()


def test_a_killed_worker_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")})
    account, inbox = asyncio.run(set_up(options))
    told: dict[int, str] = {}
    for round_number in range(3):
        worker = adding(options, account, inbox, f"round{round_number}", 10_000)
        assert worker.stdout is not None
        lines = [worker.stdout.readline() for _ in range(25)]
        worker.kill()
        lines += worker.stdout.readlines()
        worker.wait()
        worker.stdout.close()
        for line in lines:
            if line.endswith("\n"):
                uid, text = line.split()
                assert int(uid) not in told, "a UID was given twice"
                told[int(uid)] = text
    asyncio.run(check_all_told(options, account, inbox, told))


async def check_all_told(options: SqliteOptions, account: AccountId, inbox: MailboxId, told: dict[int, str]) -> None:
    engine = await SqliteEngine.open(options, SystemSources())
    for uid, text in told.items():
        with await engine.open_message(account, inbox, Uid(uid)) as file:
            assert (await file.read(0, 100)).decode() == text
    texts = []
    for row in await message_rows(engine, account, inbox):
        with await engine.open_message(account, inbox, row.uid) as file:
            texts.append((await file.read(0, 100)).decode())
    assert len(texts) == len(set(texts)), "a message is there twice"
    await engine.close()
