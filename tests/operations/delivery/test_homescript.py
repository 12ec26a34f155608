"""Scripts in home directories (`sieveusehomedir`)."""

import asyncio
import os
import pwd
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.operations.delivery.office import Office
from tests.operations.delivery.test_deliver import where
from tests.operations.messages.conftest import World

from angarium.errors import DiskFailed
from angarium.names import UserId
from angarium.operations.delivery.homescript import home_script

ALICE = UserId("alice", None)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of alice, whom the machine has with the rights of this process."""

    def getpwnam(name: str) -> pwd.struct_passwd:
        if name != "alice":
            raise KeyError(name)
        return pwd.struct_passwd(("alice", "x", os.geteuid(), os.getegid(), "", str(tmp_path / "alice"), ""))

    monkeypatch.setattr("angarium.operations.delivery.homescript.pwd.getpwnam", getpwnam)
    (tmp_path / "alice").mkdir()
    return tmp_path / "alice"


async def test_mail_is_filtered_by_the_file_alone(memory_world: World, home: Path) -> None:
    office = Office.open(memory_world, "sieveusehomedir: yes")
    await office.script("alice", "discard;")
    await office.script("bob", "discard;")
    assert where((await office.send("alice"))[0]) == ["user.alice"]
    (home / ".sieve").write_text('require "fileinto"; fileinto "work";')
    assert where((await office.send("alice"))[0]) == ["user.alice.work"]
    (home / ".sieve").write_text("discard;")
    assert where((await office.send("alice"))[0]) == []
    # Nobody of the machine.
    assert where((await office.send("bob"))[0]) == ["user.bob"]


async def test_off_the_file_is_not_looked_at(memory_world: World, home: Path) -> None:
    office = Office.open(memory_world)
    (home / ".sieve").write_text("discard;")
    assert where((await office.send("alice"))[0]) == ["user.alice"]


async def test_a_file_with_a_mistake_keeps_mail_in_the_inbox(memory_world: World, home: Path) -> None:
    office = Office.open(memory_world, "sieveusehomedir: yes\nsieve_maxscriptsize: 1")
    for text in ("nonsense;", "#" * 1025):
        (home / ".sieve").write_text(text)
        assert "user.alice" in where((await office.send("alice"))[0])


def make_link(path: Path) -> None:
    (path.parent / "other").write_text("discard;")
    path.symlink_to(path.parent / "other")


@pytest.mark.parametrize("make", [make_link, Path.mkdir, os.mkfifo], ids=["a link", "a directory", "a pipe"])
async def test_what_is_no_file_of_hers_is_not_read(
    home: Path, runner: asyncio.Runner, make: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    make(home / ".sieve")
    assert await home_script(ALICE, octets_max=1000) is None
    assert [record.message for record in caplog.records] == ["home_script_not_used"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_somebody_elses_file_is_not_read(
    home: Path, runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    (home / ".sieve").write_text("discard;")
    os.chown(home / ".sieve", 12345, 12345)
    assert await home_script(ALICE, octets_max=1000) is None
    assert caplog.records[0].__dict__["reason"] == "it is somebody else's"


async def test_a_home_that_cannot_be_read_now_is_no_missing_script(
    home: Path, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("angarium.operations.delivery.homescript.os.open", broken)
    with pytest.raises(DiskFailed):
        await home_script(ALICE, octets_max=1000)


async def test_a_user_without_a_file_has_no_script(
    home: Path, runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    assert await home_script(ALICE, octets_max=1000) is None
    home.rmdir()
    assert await home_script(ALICE, octets_max=1000) is None
    assert await home_script(UserId("nobody-here", "example.org"), octets_max=1000) is None
    assert not caplog.records
