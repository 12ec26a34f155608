"""Rotated copies of site databases: what accounts and users are called is nowhere else (DESIGN §4)."""

import os

from angarium.engine.disk import Disk, create_private
from angarium.engine.sqlite.site import SiteDatabase


def rotate_snapshot(disk: Disk, database: SiteDatabase, directory: str, kind: str, *, now_s: int, kept: int) -> None:
    """A new snapshot under a temporary name, then durably its own; the oldest beyond `kept` go. In a thread."""
    temporary = os.path.join(directory, f"{kind}.new")
    if disk.exists(temporary):
        disk.unlink(temporary)
    create_private(disk, temporary)
    database.snapshot(temporary)
    _sync_file(disk, temporary)
    disk.rename(temporary, os.path.join(directory, f"{kind}-{now_s:011d}.db"))
    disk.fsync_directory(directory)
    present = sorted(name for name in disk.listdir(directory) if name.startswith(f"{kind}-"))
    for name in present[:-kept]:
        disk.unlink(os.path.join(directory, name))


def _sync_file(disk: Disk, path: str) -> None:
    descriptor = disk.open_read(path)
    try:
        disk.fsync(descriptor)
    finally:
        disk.close(descriptor)
