"""Debian's packages, of which the peers and the interpreter are."""

import os
from pathlib import Path

import pytest
from bench.errors import BenchError
from bench.packages import install_python, package_version, version_of

from bench import packages


def test_a_file_of_no_package_has_no_version(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.touch()
    assert package_version(program) == ""


def test_a_program_has_the_version_of_its_package() -> None:
    assert package_version(Path("/usr/bin/dpkg-query")) == version_of("dpkg") != ""


def test_only_root_installs_the_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "DEBIAN_PYTHON", tmp_path / "python3")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BenchError, match="root must install python3"):
        install_python()
