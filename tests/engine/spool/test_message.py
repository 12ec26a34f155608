"""Staged message files."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from angarium.engine.disk import SystemDisk
from angarium.engine.spool import SpoolStagedMessage


def _descriptors_of(directory: Path) -> list[str]:
    """Files below the directory that this process has open."""
    found = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            path = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue  # the one that lists them
        if path.startswith(str(directory)):
            found.append(path)
    return found


def test_a_finished_message_holds_no_descriptor_and_keeps_its_name_until_it_is_closed(tmp_path: Path) -> None:
    async def stage(path: Path) -> None:
        staged = SpoolStagedMessage(SystemDisk(), executor, "default", str(path))
        staged.write(b"Subject: one\r\n\r\n")
        assert _descriptors_of(tmp_path) == [str(path)]
        view = staged.view()
        file = await staged.finish()
        assert (file.path, file.size_octets) == (str(path), 16)
        assert bytes(view) == b"Subject: one\r\n\r\n"
        view.release()
        del view
        assert _descriptors_of(tmp_path) == []
        assert path.read_bytes() == b"Subject: one\r\n\r\n"
        staged.close()
        assert not path.exists()

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(stage(tmp_path / "one"))


def test_a_message_that_is_not_finished_goes_with_its_descriptor(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        staged = SpoolStagedMessage(SystemDisk(), executor, "default", str(tmp_path / "one"))
        staged.write(b"Subj")
        staged.close()
    assert not list(tmp_path.iterdir())
    assert _descriptors_of(tmp_path) == []
