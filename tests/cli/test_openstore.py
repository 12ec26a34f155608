import asyncio
import os
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine, write_configuration

from angarium.cli.firststart import in_child
from angarium.cli.openstore import become_owner, open_store, require_store
from angarium.config import load_settings
from angarium.errors import ConfigError
from angarium.store import StorePolicy

TOOLS = [
    ["user", "list"],
    ["user", "add", "alice", "--password-stdin"],
    ["user", "delete", "alice"],
    ["path", "user/alice"],
    ["checkpoint"],
    ["expire", "-D", "0"],
    ["who"],
]


@pytest.mark.parametrize("words", TOOLS, ids=" ".join)
@pytest.mark.parametrize("cyrus_files", [[], ["mailboxes.db", "user_deny.db"], ["users.db"]], ids=len)
def test_no_tool_puts_anything_into_the_store_of_another_server(
    angarium: CommandLine, tmp_path: Path, words: list[str], cyrus_files: list[str]
) -> None:
    write_configuration(tmp_path)
    for name in cyrus_files:
        (tmp_path / "state" / name).write_bytes(b"\241\002\213\015skiplist file\0\0\0")
    before = {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")}
    answer = angarium(*words, "-C", tmp_path / "imapd.conf", stdin="secret")
    if words != ["who"]:
        assert answer.status == os.EX_CONFIG
        assert answer.err == (f"angarium: {tmp_path}/state holds no store of Angarium; `angarium serve` makes one\n")
    assert {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")} == before


async def _policy(imapd_conf: Path) -> StorePolicy:
    settings = load_settings(imapd_conf).settings
    async with open_store(settings) as opened:
        return opened.store.policy


def test_the_store_allows_what_the_options_say(store: Path) -> None:
    imapd_conf = store / "imapd.conf"
    imapd_conf.write_text(f"{imapd_conf.read_text()}specialuse_extra: \\Memos\n")
    policy = asyncio.run(_policy(imapd_conf))
    assert policy == StorePolicy.from_settings(load_settings(imapd_conf).settings)
    assert policy.special_use.extra == ("\\Memos",)


def test_a_store_is_known_by_its_users(store: Path) -> None:
    require_store(store / "state")
    with pytest.raises(ConfigError):
        require_store(store)


def test_a_directory_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        require_store(tmp_path / "none")
    if os.geteuid() == 0:
        with pytest.raises(ConfigError, match="does not exist"):
            become_owner(tmp_path / "none")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_root_goes_on_as_the_owner_of_the_store(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    os.chown(theirs, 12345, 23456)

    def check() -> None:
        become_owner(ours)
        assert os.geteuid() == 0
        become_owner(theirs)
        assert (os.getresuid(), os.getresgid()) == ((12345,) * 3, (23456,) * 3)
        assert os.getgroups() == [23456]

    in_child(check)
