"""The interpreter that serves Angarium: Debian's own, as the peers are Debian's, or one that is named.

Debian's gets an environment with what the lock files name, beside the one that the bench itself runs in. It is made
when a run first needs it, and anew where it was made of something else or does not work.
"""

import json
import platform
import shlex
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from bench.errors import BenchError
from bench.packages import DEBIAN_PYTHON, install_python, package_version

ROOT: Final = Path(__file__).resolve().parents[1]
"""Of the project, from where `bench` and the lock files are found."""
ENVIRONMENT: Final = ROOT / "build" / "bench-python"

_LEAST: Final = (3, 11)
_LOCKED: Final = ("requirements/build.txt", "requirements/run.txt")
_PROJECT: Final = "pyproject.toml"
_STAMP: Final = "made-of"
_FLAGS: Final = {"--enable-optimizations": "PGO", "--with-lto": "LTO"}
_ASK: Final = (
    "import json, platform, sysconfig; "
    "print(json.dumps([platform.python_version(), sysconfig.get_config_var('CONFIG_ARGS') or '']))"
)
_IMPORT: Final = "import angarium, apsw, argon2, cryptography, numpy, re2, uvloop"
"""What the server needs; none of its own modules, for one that is in the middle of a change is no fault of these."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """What runs a server, and how fast it may be."""

    program: Path
    version: str
    debian: str
    """The version of Debian's package; empty for one that no package has."""
    optimizations: tuple[str, ...] | None
    """Of PGO and LTO those that it is built with, as far as `configure` was told; None where that tells nothing, since
    Debian has both by its own rules."""

    def __str__(self) -> str:
        if self.debian:
            return f"Debian's Python {self.debian}"
        return f"Python {self.version}, built with {' and '.join(self.optimizations or ('no PGO',))}"


def debian_interpreter() -> Interpreter:
    """Debian's, in its environment; BenchError where there is none that can serve."""
    install_python()
    base = describe(DEBIAN_PYTHON)
    if tuple(map(int, base.version.split(".")[:2])) < _LEAST:
        raise BenchError(f"{DEBIAN_PYTHON} is {base.version}, too old for Angarium; name another by --python")
    return open_environment(base, ENVIRONMENT)


def named_interpreter(program: Path) -> Interpreter:
    """This one as it is; BenchError where Angarium is not installed for it."""
    found = describe(program)
    if fault := _fault(program):
        raise BenchError(f"{program} cannot serve Angarium: {fault}")
    return found


def open_environment(base: Interpreter, directory: Path) -> Interpreter:
    """The interpreter of an environment of this one, which is made if need be; BenchError where it cannot serve."""
    program, stamp = directory / "bin" / "python", directory / _STAMP
    made_of = fingerprint(base, ROOT)
    if not _holds(stamp, made_of) or _fault(program):
        sys.stderr.write(f"{directory} is made for {base}\n")
        _make(base, directory)
        if fault := _fault(program):
            raise BenchError(f"{program} cannot serve Angarium: {fault}")
        stamp.write_text(made_of)
    return describe(program)


def describe(program: Path) -> Interpreter:
    """What an interpreter tells of itself; BenchError where it is none."""
    told = run(program, "-c", _ASK)
    try:
        version, arguments = json.loads(told)
    except ValueError as error:
        raise BenchError(f"{program} is no Python: it says {told[:100]!r}") from error
    debian = package_version(program)
    return Interpreter(program, version, debian, parse_optimizations(arguments) or (None if debian else ()))


def parse_optimizations(arguments: str) -> tuple[str, ...]:
    """What of PGO and LTO these arguments of Python's `configure` ask for."""
    asked = {name: value != "no" for name, _, value in (word.partition("=") for word in shlex.split(arguments))}
    return tuple(told for flag, told in _FLAGS.items() if asked.get(flag))


def fingerprint(base: Interpreter, root: Path) -> str:
    """Changes with all that an environment is made of."""
    digest = sha256(f"{base.program.resolve()} {base.version} {platform.machine()}\n".encode())
    for name in (*_LOCKED, _PROJECT):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _holds(stamp: Path, text: str) -> bool:
    return stamp.is_file() and stamp.read_text() == text


def _make(base: Interpreter, directory: Path) -> None:
    """The bench's own pip installs, since Debian's interpreter comes without. What was there goes, its stamp first."""
    (directory / _STAMP).unlink(missing_ok=True)
    run(base.program, "-m", "venv", "--without-pip", "--clear", directory)
    pip = ("-m", "pip", "--python", directory / "bin" / "python", "install", "-q", "--disable-pip-version-check")
    for name in _LOCKED:
        run(Path(sys.executable), *pip, "--require-hashes", "-r", ROOT / name)
    run(Path(sys.executable), *pip, "--no-deps", "--no-build-isolation", "-e", ROOT)


def _fault(program: Path) -> str:
    """Why Angarium does not run by this interpreter; empty where it does."""
    if not program.with_name("angarium").is_file():
        return "Angarium is not installed for it"
    try:
        run(program, "-c", _IMPORT)
    except BenchError as error:
        return str(error)
    return ""


def run(*command: str | Path, directory: Path | None = None) -> str:
    """What a program prints; BenchError where it fails, or is not there."""
    try:
        done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as error:
        raise BenchError(f"{command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise BenchError(f"{' '.join(map(str, command))}: {done.stderr.strip()[-500:]}")
    return done.stdout
