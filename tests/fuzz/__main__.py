"""`python -m tests.fuzz [--seconds N | --runs N] TARGET …`: fuzzing that follows what the octets reach (atheris).

What it finds interesting is kept below `build/fuzz` and is where the next run begins. An input that fails is written to
the present directory, and belongs into `tests/fuzz/corpus/TARGET` once it is understood: the suite runs all of these.
"""

import argparse
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.fuzz.targets import FOLLOWED, NAMES, load

_KEPT: Final = Path("build") / "fuzz"
_INPUT_OCTETS: Final = 4096
_INPUT_S: Final = 25
_MEMORY_MB: Final = 2048


def main() -> int:
    """The exit status: that of the first target that fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--runs", type=int, default=-1, help="instead of seconds")
    parser.add_argument("--kept", type=Path, default=_KEPT, help="where what it finds interesting is kept")
    parser.add_argument("targets", nargs="*", choices=[*NAMES, []], help="by default all of them")
    options = parser.parse_args()
    targets = options.targets or list(NAMES)
    if len(targets) == 1:
        fuzz(targets[0], options.kept, seconds=options.seconds, runs=options.runs)
    bounds = ["--seconds", str(options.seconds), "--runs", str(options.runs), "--kept", str(options.kept)]
    for name in targets:  # libFuzzer ends its process
        status = subprocess.run([sys.executable, "-m", "tests.fuzz", *bounds, name], check=False).returncode
        if status:
            return status
    return 0


def fuzz(name: str, kept: Path, *, seconds: int, runs: int) -> None:
    """Fuzz one target, and end the process."""
    # It has no types, and there is none of it for some machines.
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=[FOLLOWED[name]]):
        target = load(name)
    corpus = kept / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = kept / f"{name}.dict"
    words.write_text("".join([f'"{_escaped(word)}"\n' for word in target.words if word]))
    bounds = [f"-runs={runs}"] if runs >= 0 else [f"-max_total_time={seconds}"]
    limits = [f"-max_len={_INPUT_OCTETS}", f"-timeout={_INPUT_S}", f"-rss_limit_mb={_MEMORY_MB}"]
    findings = [str(target.findings)] if target.findings.is_dir() else []
    atheris.Setup(
        [sys.argv[0], *bounds, *limits, f"-dict={words}", f"-artifact_prefix={name}-", str(corpus), *findings],
        target.run,
    )
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join([f"\\x{octet:02x}" for octet in word])


if __name__ == "__main__":
    sys.exit(main())
