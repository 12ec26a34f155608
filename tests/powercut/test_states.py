"""The model of a power cut itself: it keeps what was synced and may lose the rest."""

import random

from tests.powercut.record import Create, Link, Mkdir, Operation, Sync, SyncDirectory, Write
from tests.powercut.states import Disk


def disk_after(*operations: Operation) -> Disk:
    disk = Disk("/base")
    for operation in operations:
        disk.replay(operation)
    return disk


def outcomes(disk: Disk) -> set[tuple[tuple[str, bytes], ...]]:
    return {tuple(sorted(state.files.items())) for state in disk.states(0, random.Random(1), 40)}


def test_synced_data_under_a_synced_name_stays() -> None:
    disk = disk_after(
        Create("/base/a", 1),
        Write(1, 0, b"hello"),
        Sync(1),
        SyncDirectory("/base"),
    )
    assert outcomes(disk) == {(("/base/a", b"hello"),)}


def test_an_unsynced_name_may_be_lost_with_synced_data() -> None:
    disk = disk_after(Create("/base/a", 1), Write(1, 0, b"hello"), Sync(1))
    assert outcomes(disk) == {(), (("/base/a", b"hello"),)}


def test_unsynced_data_is_a_prefix_torn_at_a_sector() -> None:
    data = bytes(range(256)) * 8
    disk = disk_after(Create("/base/a", 1), SyncDirectory("/base"), Write(1, 0, data))
    found = {files[0][1] for files in outcomes(disk)}
    assert {b"", data} < found
    assert found <= {data[: sector * 512] for sector in range(5)}


def test_a_link_in_an_unsynced_directory_may_be_there_or_not() -> None:
    disk = disk_after(
        Mkdir("/base/d"),
        SyncDirectory("/base"),
        Create("/base/a", 1),
        Write(1, 0, b"x"),
        Sync(1),
        SyncDirectory("/base"),
        Link("/base/a", "/base/d/1."),
    )
    assert outcomes(disk) == {(("/base/a", b"x"),), (("/base/a", b"x"), ("/base/d/1.", b"x"))}
