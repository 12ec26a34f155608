import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.errors import ConfigError
from angarium.master.directories import make_directories, write_new_file
from angarium.master.identity import Identity

SELF = Identity("self", os.geteuid(), os.getegid(), (), changes=False)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")


@pytest.fixture
def nobody() -> Identity:
    user = pwd.getpwnam("nobody")
    return Identity("nobody", user.pw_uid, user.pw_gid, (user.pw_gid,), changes=True)


@pytest.fixture
def open_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="angarium-") as directory:
        os.chmod(directory, 0o755)
        yield Path(directory)


def test_missing_directories_are_made(tmp_path: Path) -> None:
    make_directories([tmp_path / "a" / "b"], SELF)
    make_directories([tmp_path / "a" / "b"], SELF)
    assert (tmp_path / "a" / "b").is_dir()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(ConfigError, match=f"{tmp_path}/a: cannot be made or used: not a directory"):
        make_directories([tmp_path / "a"], SELF)


def test_a_new_file_takes_the_place_of_a_link_and_leaves_its_target(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    (tmp_path / "pid").symlink_to(target)
    (tmp_path / "pid.new").symlink_to(target)
    write_new_file(tmp_path / "pid", "1\n", SELF)
    assert ((tmp_path / "pid").read_text(), target.read_text()) == ("1\n", "kept")


@needs_root
def test_root_makes_directories_for_its_user_where_only_root_may(open_path: Path, nobody: Identity) -> None:
    make_directories([open_path / "a" / "b"], nobody)
    assert [(open_path / each).stat().st_uid for each in ("a", "a/b")] == [nobody.uid, nobody.uid]
    assert os.geteuid() == 0


@needs_root
def test_root_follows_no_link_of_its_user(open_path: Path, nobody: Identity) -> None:
    theirs, secret = open_path / "theirs", open_path / "secret"
    secret.mkdir(0o700)
    make_directories([theirs], nobody)
    with nobody.acting():
        (theirs / "run").symlink_to(secret)
    with pytest.raises(PermissionError):
        write_new_file(theirs / "run" / "pid", "1\n", nobody)
    with pytest.raises(ConfigError):
        make_directories([theirs / "run" / "deep"], nobody)
    assert list(secret.iterdir()) == []


@needs_root
def test_a_directory_that_the_user_cannot_write_is_refused(open_path: Path, nobody: Identity) -> None:
    with pytest.raises(ConfigError, match="nobody may not write there"):
        make_directories([open_path], nobody)
    make_directories([open_path], nobody, is_ours=False)
