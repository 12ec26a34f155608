import os
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine, write_configuration


def test_a_good_configuration_is_said_to_be_good(angarium: CommandLine, store: Path) -> None:
    answer = angarium("conf", "check", "--dir", store)
    assert (answer.status, answer.err) == (os.EX_OK, "")
    assert answer.out == f"{store}/imapd.conf, {store}/cyrus.conf: the server can start with them\n"


def test_what_there_is_to_say_stands_with_its_line(angarium: CommandLine, tmp_path: Path) -> None:
    write_configuration(tmp_path, "allowplaintxt: yes\n")
    answer = angarium("conf", "check", "-C", tmp_path / "imapd.conf")
    assert answer.status == os.EX_OK
    assert answer.out.startswith(f"{tmp_path}/imapd.conf:")
    assert ": warning: allowplaintxt: " in answer.out


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ("maxmessagesize: much\n", "maxmessagesize"),
        ("deleteright: x\n", "deleteright"),
        ("userprefix: .\n", "userprefix"),
    ],
)
def test_what_would_stop_the_server_stops_the_check(
    angarium: CommandLine, tmp_path: Path, extra: str, text: str
) -> None:
    write_configuration(tmp_path, extra)
    answer = angarium("conf", "check", "--dir", tmp_path)
    assert answer.status == os.EX_CONFIG
    assert text in answer.err
    assert answer.err.startswith("angarium: ")


def test_an_administrator_who_cannot_be_stops_the_check(angarium: CommandLine, tmp_path: Path) -> None:
    write_configuration(tmp_path)
    conf = tmp_path / "imapd.conf"
    conf.write_text(conf.read_text().replace("admins: admin", "admins: anyone"))
    assert angarium("conf", "check", "--dir", tmp_path).status == os.EX_CONFIG


def test_files_that_are_not_there_are_named(angarium: CommandLine, tmp_path: Path) -> None:
    answer = angarium("conf", "check", "-C", tmp_path / "imapd.conf", "-M", tmp_path / "other.conf")
    assert answer.status == os.EX_CONFIG
    assert f"{tmp_path}/other.conf" in answer.err
