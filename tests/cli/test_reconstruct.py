"""`angarium reconstruct`: an account comes back from the directories of its mailboxes."""

import os
import shutil
from pathlib import Path

from tests.cli.stores import CommandLine

from angarium.master.identity import Identity
from angarium.master.serverlock import LOCK_FILE, take_server_lock


def damaged(angarium: CommandLine, store: Path) -> Path:
    """A store with a user whose account file is no database any more."""
    angarium("user", "add", "alice", "--password-stdin", "--dir", store, stdin="secret")
    angarium("checkpoint", "--dir", store)
    (file,) = store.rglob("account/*/*/*.db")
    file.write_bytes(b"no database" * 1000)
    for suffix in ("-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    return file


def test_a_damaged_account_comes_back(angarium: CommandLine, store: Path) -> None:
    file = damaged(angarium, store)
    assert angarium("path", "user/alice", "--dir", store).status != os.EX_OK
    answer = angarium("reconstruct", "user/alice", "--dir", store)
    assert (answer.status, answer.err) == (os.EX_OK, "")
    first, second = answer.out.splitlines()
    assert first == "user/alice: 1 mailboxes, 0 messages"
    assert second.startswith(f"user/alice: the former file is {file}.aside-")
    assert angarium("path", "user/alice", "--dir", store).status == os.EX_OK


def test_an_account_that_nothing_is_left_of_is_refused(angarium: CommandLine, store: Path) -> None:
    answer = angarium("reconstruct", "user/nobody", "--dir", store)
    assert answer.status == os.EX_DATAERR
    assert answer.err == "angarium: no mailbox directory belongs to 'user/nobody'\n"


def test_an_account_without_directories_is_named_as_it_was_asked_for(angarium: CommandLine, store: Path) -> None:
    angarium("user", "add", "alice", "--password-stdin", "--dir", store, stdin="secret")
    for header in list(store.rglob("mailbox.header")):
        shutil.rmtree(header.parent)
    answer = angarium("reconstruct", "user/alice", "--dir", store)
    assert answer.err == "angarium: no mailbox directory belongs to 'user/alice'\n"


def test_it_waits_for_the_server_to_be_stopped(angarium: CommandLine, store: Path) -> None:
    damaged(angarium, store)
    run = store / "state" / "run"
    run.mkdir(exist_ok=True)
    lock = take_server_lock(run, Identity("", os.geteuid(), os.getegid(), (), changes=False))
    try:
        answer = angarium("reconstruct", "user/alice", "--dir", store)
    finally:
        os.close(lock)
    assert answer.status == os.EX_UNAVAILABLE
    assert f"process {os.getpid()}" in answer.err
    assert (run / LOCK_FILE).exists()
