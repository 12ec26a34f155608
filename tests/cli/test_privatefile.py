import os
import stat
from pathlib import Path

from angarium.cli.privatefile import write_private


def test_a_file_is_for_its_owner_alone_whatever_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old and open to all")
    path.chmod(0o666)
    path.with_name("file.new").write_text("of a crash")
    umask = os.umask(0)
    try:
        write_private(path, b"new")
    finally:
        os.umask(umask)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("not mine")
    (tmp_path / "file").symlink_to(other)
    (tmp_path / "file.new").symlink_to(other)
    write_private(tmp_path / "file", b"new")
    assert other.read_text() == "not mine"
    assert not (tmp_path / "file").is_symlink()
