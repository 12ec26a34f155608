"""A server that sends mail, through a program of ours and to an SMTP server of ours; other processes fill the queue."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.cli.test_serve import serving
from tests.operations.outgoing.smtpserver import SmtpServer

WAIT_S: Final = 30
QUEUE: Final = """
import asyncio, sys
from pathlib import Path
from angarium.cli.openstore import open_store
from angarium.config import load_settings
from angarium.engine.commands import Deliver
from angarium.engine.delivery import Dispatch
from angarium.operations.outgoing.runner import AUTHOR

async def put(directory, count):
    async with open_store(load_settings(Path(directory) / "imapd.conf").settings) as opened:
        account = await opened.engine.account_id("user.cyrus") or await opened.engine.create_account("user.cyrus")
        for number in range(int(count)):
            async with opened.engine.stage("default") as staged:
                staged.write(b"Subject: x\\r\\n\\r\\n" + b"text\\r\\n" * 50_000)
                file = await staged.finish()
                mail = Dispatch("a@b.c", ("bob@example.com",), b"X-Number: %d\\r\\n" % number, "redirect",
                                f"{number}@x", opened.sources.now_s() + 86_400, file=file)
                await opened.engine.write(account, Deliver(AUTHOR, dispatches=(mail,)))

asyncio.run(put(*sys.argv[1:]))
"""
PROGRAM: Final = """#!/bin/sh
test -e {directory}/stopped && {{ echo stopped >&2; exit 75; }}
name={directory}/out/$$
cat > $name.part
echo "$CYRUS_SENDMAIL_AUTH_ID $@" >> $name.part
mv $name.part $name
"""


def queue_mail(store: Path, count: int) -> None:
    subprocess.run([sys.executable, "-c", QUEUE, str(store), str(count)], check=True, timeout=60)


def angarium(store: Path, *words: str) -> str:
    command = [sys.executable, "-m", "angarium", *words, "--dir", str(store)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def await_that(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


@pytest.fixture
def store(reachable: Path) -> Path:
    """A store whose first start is done."""
    with serving(reachable / "store") as server:
        server.stop()
    return reachable / "store"


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A directory that the server's user may enter."""
    directory = Path(tempfile.mkdtemp(prefix="angarium-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def configure(store: Path, lines: str) -> None:
    with open(store / "imapd.conf", "a") as file:
        file.write(lines)


def test_mail_goes_through_the_program_and_waits_while_that_is_stopped(store: Path, reachable: Path) -> None:
    out = reachable / "out"
    out.mkdir()
    out.chmod(0o777)
    program = reachable / "sendmail"
    program.write_text(PROGRAM.format(directory=reachable))
    program.chmod(0o755)
    stopped = reachable / "stopped"
    stopped.touch()
    configure(store, f"sendmail: {program}\n")
    with serving(store) as server:
        queue_mail(store, 3)
        await_that(lambda: "stopped" in angarium(store, "queue", "list"))
        assert angarium(store, "queue", "drop", "cyrus:3") == "1 mail dropped\n"
        assert not list(out.iterdir())
        # Whoever looks after the queue dies, and another worker takes its place.
        for worker in workers(server.process.pid):
            os.kill(worker, signal.SIGKILL)
        stopped.unlink()
        assert angarium(store, "queue", "retry", "--all") == "2 mails to be tried now\n"
        await_that(lambda: len(list(out.iterdir())) == 2)
        await_that(lambda: angarium(store, "queue", "list") == "")
    sent = sorted(path.read_bytes() for path in out.iterdir())
    for number, octets in enumerate(sent):
        assert octets.startswith(b"X-Number: %d\r\nSubject: x\r\n" % number)
        assert octets.count(b"text\r\n") == 50_000
        assert octets.endswith(b"cyrus -i -f a@b.c -- bob@example.com\n")


def test_mail_goes_to_a_relay_and_the_queue_survives_its_death(store: Path) -> None:
    with SmtpServer(replies={"end of data": ""}) as relay:
        configure(store, f"smtp_backend: host\nsmtp_host: 127.0.0.1:{relay.port}\n")
        with serving(store):
            queue_mail(store, 1)
            await_that(lambda: bool(relay.heard) and relay.heard[0].data.count(b"text") == 50_000)
            await_that(lambda: "the connection broke" in angarium(store, "queue", "list"))
            relay.replies.clear()
            angarium(store, "queue", "retry", "cyrus:1")
            await_that(lambda: angarium(store, "queue", "list") == "")
        first, second = relay.heard
        # It may have arrived twice, and is the same then.
        assert first.data == second.data


def workers(master: int) -> list[int]:
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(child) for child in children]
