import os
import sys
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine

from angarium.cli.commandline import COMMANDS, LINKS, main


def test_every_link_is_to_a_command() -> None:
    assert set(LINKS.values()) <= set(COMMANDS)


@pytest.mark.parametrize(("name", "command"), sorted(LINKS.items()))
def test_a_link_means_its_command(
    name: str, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [f"/usr/bin/{name}", "--help"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == os.EX_OK
    assert capsys.readouterr().out.startswith(f"usage: angarium {command}")


def test_links_are_made_once(angarium: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/bin/angarium"])
    made = angarium("install-links", tmp_path)
    assert (made.status, made.out.splitlines()) == (os.EX_OK, [f"{tmp_path}/{name}" for name in sorted(LINKS)])
    assert {os.readlink(link) for link in tmp_path.iterdir()} == {"/opt/bin/angarium"}
    assert angarium("install-links", tmp_path).out == ""


def test_what_is_there_already_stays(angarium: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "imtest").symlink_to("/of/another")
    answer = angarium("install-links", tmp_path)
    assert (answer.status, answer.err) == (os.EX_CANTCREAT, f"angarium: {tmp_path}/imtest: there is such a file\n")
    assert os.readlink(tmp_path / "imtest") == "/of/another"
    assert (tmp_path / "sivtest").is_symlink()


def test_a_directory_must_be_there(angarium: CommandLine, tmp_path: Path) -> None:
    answer = angarium("install-links", tmp_path / "none")
    assert (answer.status, answer.err) == (os.EX_IOERR, f"angarium: {tmp_path}/none: Not a directory\n")
