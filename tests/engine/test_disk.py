"""The door to the file system: what is made is durable, private, and never takes away what was there."""

import errno
import os
import threading
from pathlib import Path

import pytest
from tests.faults.disk import FaultyDisk
from tests.powercut.record import Mkdir, Record, RecordingDisk, SyncDirectory

from angarium.engine.disk import Directories, FileLock, SystemDisk, as_refusal, create_private, replace_file
from angarium.errors import AngariumError, DiskFailed, DiskFull, StoreReadOnly


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_directory_is_synced_into_every_directory_above_it(tmp_path: Path) -> None:
    record = Record()
    directories = Directories(RecordingDisk(record))
    root = str(tmp_path)
    directories.make_root(root)
    assert directories.make(f"{root}/a/b")
    assert record.operations == [
        Mkdir(f"{root}/a"),
        SyncDirectory(root),
        Mkdir(f"{root}/a/b"),
        SyncDirectory(f"{root}/a"),
    ]
    assert not directories.make(f"{root}/a/b")
    assert len(record.operations) == 4
    assert mode(tmp_path / "a" / "b") == 0o700


def test_a_directory_that_another_process_has_just_made_is_synced_all_the_same(tmp_path: Path) -> None:
    record = Record()
    directories = Directories(RecordingDisk(record))
    directories.make_root(str(tmp_path))
    (tmp_path / "a").mkdir()
    assert not directories.make(f"{tmp_path}/a")
    assert record.operations == [SyncDirectory(str(tmp_path))]


def test_a_directory_whose_sync_failed_is_not_trusted(tmp_path: Path) -> None:
    disk = FaultyDisk()
    directories = Directories(disk)
    directories.make_root(str(tmp_path))
    disk.fails = lambda method, _path: errno.EIO if method == "fsync_directory" else 0
    for _ in range(2):
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            directories.make(f"{tmp_path}/a")


def test_a_directory_that_was_removed_is_made_again(tmp_path: Path) -> None:
    directories = Directories(SystemDisk())
    directories.make_root(f"{tmp_path}/")
    path = f"{tmp_path}/a"
    assert directories.make(path)
    os.rmdir(path)
    directories.removed(path)
    assert directories.make(path)
    assert os.path.isdir(path)


def test_threads_that_make_the_same_directories_all_find_them_made(tmp_path: Path) -> None:
    directories = Directories(SystemDisk())
    directories.make_root(str(tmp_path))
    made: list[bool] = []
    threads = [
        threading.Thread(target=lambda: made.append(directories.make(f"{tmp_path}/{'a/' * 20}b"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert made.count(True) == 1


def test_a_file_is_replaced_whole_also_after_a_crash_in_the_middle(tmp_path: Path) -> None:
    path, temporary = tmp_path / "header", tmp_path / "header.new"
    path.write_bytes(b"old")
    temporary.write_bytes(b"half of what a cr")
    replace_file(SystemDisk(), str(path), b"new", str(temporary))
    assert path.read_bytes() == b"new"
    assert mode(path) == 0o600
    assert not temporary.exists()


def test_a_replacement_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "header"
    path.write_bytes(b"old")
    disk = FaultyDisk()
    disk.fails = lambda method, _path: errno.ENOSPC if method == "write" else 0
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        replace_file(disk, str(path), b"new", f"{path}.new")
    assert path.read_bytes() == b"old"


def test_a_copy_is_private_and_never_replaces(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x" * 3_000_000)
    SystemDisk().copy(str(source), str(target))
    assert target.read_bytes() == source.read_bytes()
    assert mode(target) == 0o600
    target.write_bytes(b"kept")
    with pytest.raises(FileExistsError):
        SystemDisk().copy(str(source), str(target))
    assert target.read_bytes() == b"kept"


def test_a_copy_of_what_is_gone_does_not_take_away_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"kept")
    with pytest.raises(FileNotFoundError):
        SystemDisk().copy(str(tmp_path / "gone"), str(target))
    assert target.read_bytes() == b"kept"


def test_a_private_file_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "file"
    create_private(SystemDisk(), str(path))
    assert (path.read_bytes(), mode(path)) == (b"", 0o600)
    path.write_bytes(b"kept")
    create_private(SystemDisk(), str(path))
    assert path.read_bytes() == b"kept"


def test_a_lock_keeps_another_holder_out_until_it_is_given_back(tmp_path: Path) -> None:
    first, second = FileLock(f"{tmp_path}/lock"), FileLock(f"{tmp_path}/lock")
    order: list[str] = []

    def wait() -> None:
        with second:
            order.append("second")

    with first:
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    first.close()
    second.close()


@pytest.mark.parametrize(
    ("number", "refusal"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EROFS, StoreReadOnly),
        (errno.EIO, DiskFailed),
        (errno.EACCES, DiskFailed),
    ],
)
def test_an_error_of_the_file_system_means_a_refusal(number: int, refusal: type[AngariumError]) -> None:
    assert type(as_refusal(OSError(number, os.strerror(number)))) is refusal


def test_a_lock_that_is_taken_is_not_waited_for_and_free_again_once_it_is_closed(tmp_path: Path) -> None:
    first, second = FileLock(f"{tmp_path}/lock"), FileLock(f"{tmp_path}/lock")
    assert first.take_at_once()
    assert not second.take_at_once()
    first.close()
    assert second.take_at_once()
    second.close()
