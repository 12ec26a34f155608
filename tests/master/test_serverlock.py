import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from angarium.errors import ConfigError, StoreInUse
from angarium.master.identity import Identity
from angarium.master.serverlock import LOCK_FILE, is_served, take_server_lock

SELF = Identity("self", os.geteuid(), os.getegid(), (), changes=False)


def test_the_lock_is_free_again_when_it_is_closed(tmp_path: Path) -> None:
    os.close(take_server_lock(tmp_path, SELF))
    os.close(take_server_lock(tmp_path, SELF))


def test_a_second_server_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    held = take_server_lock(tmp_path, SELF)
    assert is_served(tmp_path)
    with pytest.raises(StoreInUse) as caught:
        take_server_lock(tmp_path, SELF)
    assert str(caught.value) == f"another server runs on {tmp_path.parent}, process {os.getpid()}"
    os.close(held)
    assert not is_served(tmp_path)


def test_where_no_server_ever_was_none_runs(tmp_path: Path) -> None:
    assert not is_served(tmp_path)
    assert not list(tmp_path.iterdir())


def test_workers_of_a_dead_server_are_waited_for(tmp_path: Path) -> None:
    held = take_server_lock(tmp_path, SELF)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    (tmp_path / LOCK_FILE).write_text(f"{ended.pid}\n")
    with pytest.raises(StoreInUse, match=f"process {ended.pid}"):
        take_server_lock(tmp_path, SELF, orphans_wait_s=0.05)
    orphan = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[held])
    os.close(held)
    assert orphan.stdin is not None
    orphan.stdin.close()
    os.close(take_server_lock(tmp_path, SELF, orphans_wait_s=10))
    assert orphan.wait(timeout=10) == 0


def test_a_lock_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=LOCK_FILE):
        take_server_lock(tmp_path, SELF)
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_is_told_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _data: bytes, _offset: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(ConfigError) as caught:
        take_server_lock(tmp_path, SELF)
    assert str(caught.value) == f"{tmp_path / LOCK_FILE}: cannot be written: No space left on device"
    assert not is_served(tmp_path)
