"""`angarium checkpoint` and `angarium expire`, which leave the work to operations."""

import contextlib
import os
from pathlib import Path

import apsw
import pytest
from tests.cli.stores import CommandLine


def add(angarium: CommandLine, store: Path, *names: str) -> None:
    for name in names:
        angarium("user", "add", name, "--password-stdin", "--dir", store, stdin="secret")


def test_a_checkpoint_leaves_snapshots(angarium: CommandLine, store: Path) -> None:
    add(angarium, store, "alice")
    before = {path for path in store.rglob("*") if path.is_file()}
    assert angarium("checkpoint", "--dir", store).status == os.EX_OK
    added = {path for path in store.rglob("*") if path.is_file()} - before
    assert any("users" in path.name for path in added)


def test_what_was_deleted_goes_when_it_is_old_enough(angarium: CommandLine, store: Path) -> None:
    add(angarium, store, "alice", "bob")
    directories = [Path(line) for line in angarium("path", "user/alice", "user/bob", "--dir", store).out.splitlines()]
    for name in ("alice", "bob"):
        angarium("user", "delete", name, "--dir", store)
    answer = angarium("expire", "-D", "1", "-X", "1", "-v", "--dir", store)
    assert answer.out == "removed 0 expunged messages, 0 deleted mailboxes, 0 lines of change logs and 0 marks\n"
    answer = angarium("expire", "-D", "0", "-u", "alice", "-v", "--dir", store)
    assert answer.out.startswith("removed 0 expunged messages, 1 deleted mailboxes")
    assert [path.exists() for path in directories] == [False, True]
    answer = angarium("expire", "-D", "0", "-p", "user/bob", "--dir", store)
    assert (answer.status, answer.out, answer.err) == (os.EX_OK, "", "")
    assert [path.exists() for path in directories] == [False, False]


@pytest.mark.parametrize("words", [["-p", "a%b"], ["-u", "anyone"]])
def test_a_name_that_cannot_be_is_refused(angarium: CommandLine, store: Path, words: list[str]) -> None:
    answer = angarium("expire", "-D", "0", *words, "--dir", store)
    assert answer.status == os.EX_DATAERR
    assert len(answer.err.splitlines()) == 1


def test_a_checkpoint_folds_the_logs_of_accounts_that_nobody_has_open(angarium: CommandLine, store: Path) -> None:
    add(angarium, store, "alice")
    (file,) = store.rglob("account/*/*/*.db")
    log = Path(f"{file}-wal")
    # As a server does that holds the file open, so that the tool before did not fold at its end.
    with contextlib.closing(apsw.Connection(str(file))) as connection:
        connection.execute("SELECT 1 FROM account").fetchall()
        angarium("user", "delete", "alice", "--dir", store)
        assert log.stat().st_size > 0
        assert angarium("checkpoint", "--dir", store).status == os.EX_OK
        assert log.stat().st_size == 0
