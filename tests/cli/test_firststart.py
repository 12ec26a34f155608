import errno
import os
import stat
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine

from angarium.cli import firststart
from angarium.cli.firststart import in_child, prepare_directory
from angarium.cli.firstusers import new_first_users, read_first_users, write_first_users
from angarium.cli.ports import PortChoice
from angarium.config import InetAddress, load_cyrus_conf, load_settings
from angarium.errors import ConfigError


def ports_of(directory: Path) -> dict[str, int]:
    conf = load_cyrus_conf(directory / "cyrus.conf")
    return {each.name: each.listen.port for each in conf.services if isinstance(each.listen, InetAddress)}


def test_everything_that_is_missing_is_made(angarium: CommandLine, reachable: Path) -> None:
    directory = reachable / "new" / "store"
    prepare_directory(directory, [PortChoice("imap", 1143)])
    assert ports_of(directory)["imap"] == 1143
    assert 0 not in ports_of(directory).values()
    users = read_first_users(directory / "first-users")
    assert [(user.name, user.is_admin) for user in users] == [("user", False), ("admin", True)]
    assert load_settings(directory / "imapd.conf").settings.auth.admins == ("admin",)
    for name in ("first-users", "imapd.conf", "cyrus.conf", "tls/key.pem", "tls/cert.pem", "state/users.db"):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600, name


def test_another_program_of_the_machine_reaches_the_socket_and_nothing_else(reachable: Path) -> None:
    prepare_directory(reachable / "store", [])
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (reachable / "store").iterdir() if each.is_dir()}
    assert modes.pop("socket") == 0o711
    assert set(modes.values()) == {0o700}
    assert stat.S_IMODE((reachable / "store").stat().st_mode) == 0o711


def test_a_store_that_is_there_is_left_alone(reachable: Path) -> None:
    prepare_directory(reachable / "store", [])
    before = {path: path.read_bytes() for path in (reachable / "store").glob("*") if path.is_file()}
    prepare_directory(reachable / "store", [])
    assert {path: path.read_bytes() for path in before} == before


def test_ports_that_are_chosen_later_are_kept(reachable: Path) -> None:
    prepare_directory(reachable / "store", [])
    before = ports_of(reachable / "store")
    prepare_directory(reachable / "store", [PortChoice("imap", 1144), PortChoice("lmtp", 0)])
    after = ports_of(reachable / "store")
    assert after["imap"] == 1144
    assert after["imaps"] == before["imaps"]
    assert after["lmtp"] != 0


def test_a_start_that_was_not_finished_is_finished_with_its_passwords(
    reachable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_work: object) -> None:
        raise KeyboardInterrupt

    directory = reachable / "store"
    with monkeypatch.context() as patched:
        patched.setattr(firststart, "in_child", crash)
        with pytest.raises(KeyboardInterrupt):
            prepare_directory(directory, [])
    users = read_first_users(directory / "first-users")
    assert users
    prepare_directory(directory, [])
    assert read_first_users(directory / "first-users") == users
    (directory / "imapd.conf").unlink()
    prepare_directory(directory, [])
    assert read_first_users(directory / "first-users") == users


def test_a_service_that_is_not_there_has_no_port(reachable: Path) -> None:
    with pytest.raises(ConfigError, match="--port nntp"):
        prepare_directory(reachable / "store", [PortChoice("nntp", 1119)])
    assert not (reachable / "store").exists()


def test_a_directory_that_cannot_be_named_is_refused(reachable: Path) -> None:
    with pytest.raises(ConfigError):
        prepare_directory(reachable / ("x" * 100), [])
    assert not (reachable / ("x" * 100)).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a server for another user")
def test_root_starts_it_for_a_user_who_can_enter(reachable: Path) -> None:
    closed = reachable / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ConfigError, match=f"may not enter {closed}"):
        prepare_directory(closed / "store", [])
    prepare_directory(reachable / "store", [])
    owner = (reachable / "store").stat().st_uid
    assert owner != 0
    assert {path.lstat().st_uid for path in (reachable / "store").rglob("*")} == {owner}
    assert load_settings(reachable / "store" / "imapd.conf").settings.server.cyrus_user


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_root_starts_it_for_the_owner_of_the_directory(reachable: Path) -> None:
    store = reachable / "store"
    store.mkdir()
    os.chown(store, 65534, 65534)
    prepare_directory(store, [])
    assert (store / "state" / "users.db").stat().st_uid == 65534


def test_what_a_child_cannot_do_is_told() -> None:
    def refuse() -> None:
        raise ConfigError("because")

    def fail() -> None:
        raise ZeroDivisionError("oh")

    def find_no_room() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/c/mailboxes.db")

    in_child(lambda: None)
    with pytest.raises(ConfigError, match=r"^because$"):
        in_child(refuse)
    with pytest.raises(ConfigError, match=r"^ZeroDivisionError: oh$"):
        in_child(fail)
    with pytest.raises(ConfigError, match=r"^/c/mailboxes.db: No space left on device$"):
        in_child(find_no_room)
    with pytest.raises(ConfigError, match="the store cannot be made"):
        in_child(lambda: os._exit(3))


def test_passwords_of_a_file_that_is_there_are_taken(reachable: Path) -> None:
    (reachable / "store").mkdir(mode=0o711)
    users = new_first_users()
    write_first_users(reachable / "store" / "first-users", users)
    prepare_directory(reachable / "store", [])
    assert read_first_users(reachable / "store" / "first-users") == users
