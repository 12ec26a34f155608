"""Which interpreter serves, and when its environment is made."""

import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bench.errors import BenchError
from bench.interpreter import (
    ROOT,
    Interpreter,
    debian_interpreter,
    describe,
    fingerprint,
    named_interpreter,
    open_environment,
    parse_optimizations,
)

from bench import interpreter, packages

OWN = Path(sys.executable)
BASE = Interpreter(OWN, platform.python_version(), "", ())
LOCKED = ("requirements/build.txt", "requirements/run.txt", "pyproject.toml")


def write_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def write_environment(directory: Path) -> None:
    """An environment with an Angarium that does no more than be there."""
    subprocess.run([OWN, "-m", "venv", "--without-pip", "--clear", directory], check=True)
    (libraries,) = directory.glob("lib/*/site-packages")
    for package in ("angarium", "apsw", "argon2", "cryptography", "numpy", "re2", "uvloop"):
        (libraries / package).mkdir()
    (directory / "bin" / "angarium").touch()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The environments that are made, without what takes a package index."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    directories: list[Path] = []

    def make(base: Interpreter, directory: Path) -> None:
        write_environment(directory)
        directories.append(directory)

    monkeypatch.setattr(interpreter, "_make", make)
    return directories


@pytest.mark.parametrize(
    ("arguments", "optimizations"),
    [
        ("", ()),
        ("'--prefix=/usr' '--enable-shared' 'LDFLAGS=-L/a b'", ()),
        ("'--enable-optimizations'", ("PGO",)),
        ("'--with-lto' '--enable-optimizations=yes'", ("PGO", "LTO")),
        ("'--with-lto=thin'", ("LTO",)),
        ("'--with-lto=no' '--enable-optimizations'", ("PGO",)),
        ("'--enable-optimizations' '--enable-optimizations=no'", ()),
        ("'CFLAGS=--with-lto'", ()),
    ],
)
def test_optimizations_are_what_configure_was_told(arguments: str, optimizations: tuple[str, ...]) -> None:
    assert parse_optimizations(arguments) == optimizations


@pytest.mark.parametrize(
    ("debian", "optimizations", "told"),
    [
        ("3.11.2-6", None, "Debian's Python 3.11.2-6"),
        ("", (), "Python 3.11.2, built with no PGO"),
        ("", ("PGO", "LTO"), "Python 3.11.2, built with PGO and LTO"),
    ],
)
def test_an_interpreter_is_told_with_what_makes_it_fast(
    debian: str, optimizations: tuple[str, ...] | None, told: str
) -> None:
    assert str(Interpreter(OWN, "3.11.2", debian, optimizations)) == told


def test_an_interpreter_tells_of_itself() -> None:
    found = describe(OWN)
    assert (found.program, found.version) == (OWN, platform.python_version())
    assert found.optimizations is not None or found.debian


@pytest.mark.parametrize("text", ["echo yes", "exit 3"])
def test_what_is_no_interpreter_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BenchError, match="program"):
        describe(write_program(tmp_path / "program", text))


def test_an_interpreter_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="No such file"):
        named_interpreter(tmp_path / "python")


def test_the_interpreter_of_an_environment_with_angarium_may_be_named() -> None:
    assert named_interpreter(OWN) == describe(OWN)


def test_an_interpreter_without_angarium_cannot_be_named(tmp_path: Path) -> None:
    subprocess.run([OWN, "-m", "venv", "--without-pip", tmp_path], check=True)
    with pytest.raises(BenchError, match="cannot serve Angarium"):
        named_interpreter(tmp_path / "bin" / "python")


def test_an_environment_is_made_once(tmp_path: Path, made: list[Path]) -> None:
    directory = tmp_path / "environment"
    first = open_environment(BASE, directory)
    assert open_environment(BASE, directory) == first
    assert first.program == directory / "bin" / "python"
    assert made == [directory]


@pytest.mark.parametrize(
    "change",
    [
        lambda directory: (directory / interpreter._STAMP).write_text("of other lock files"),
        lambda directory: (directory / interpreter._STAMP).unlink(),
        lambda directory: (directory / "bin" / "angarium").unlink(),
        lambda directory: (directory / "bin" / "python").unlink(),
        lambda directory: next(directory.glob("lib/*/site-packages/uvloop")).rmdir(),
    ],
    ids=["made of something else", "not finished", "no program", "no interpreter", "no library"],
)
def test_an_environment_of_something_else_or_that_does_not_work_is_made_anew(
    tmp_path: Path, made: list[Path], change: Callable[[Path], object]
) -> None:
    open_environment(BASE, tmp_path)
    change(tmp_path)
    open_environment(BASE, tmp_path)
    assert made == [tmp_path, tmp_path]


def test_an_environment_that_cannot_be_made_to_work_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(base: Interpreter, directory: Path) -> None:
        write_environment(directory)
        next(directory.glob("lib/*/site-packages/uvloop")).rmdir()

    monkeypatch.setattr(interpreter, "_make", make)
    with pytest.raises(BenchError, match="cannot serve Angarium"):
        open_environment(BASE, tmp_path)
    assert not (tmp_path / interpreter._STAMP).exists()


@pytest.mark.parametrize("changed", LOCKED)
def test_an_environment_is_of_these_lock_files(tmp_path: Path, changed: str) -> None:
    for name in LOCKED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    before = fingerprint(BASE, tmp_path)
    assert fingerprint(BASE, tmp_path) == before
    (tmp_path / changed).write_text("another")
    assert fingerprint(BASE, tmp_path) != before


def test_an_environment_is_of_this_interpreter() -> None:
    assert fingerprint(BASE, ROOT) != fingerprint(Interpreter(OWN, "3.13.5", "", ()), ROOT)


def test_a_debian_that_is_too_old_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = write_program(tmp_path / "python3", """echo '["3.9.2", ""]'""")
    monkeypatch.setattr(interpreter, "DEBIAN_PYTHON", old)
    monkeypatch.setattr(packages, "DEBIAN_PYTHON", old)
    with pytest.raises(BenchError, match=r"is 3\.9\.2, too old"):
        debian_interpreter()
