"""Do the same work on Angarium, Cyrus and Dovecot, and say what it takes of each."""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bench.bed import USERS, Bed, Sample
from bench.errors import BenchError
from bench.interpreter import Interpreter, debian_interpreter, named_interpreter
from bench.packages import install_peers
from bench.report import OURS, Result, serialize_json, serialize_table, serialize_versions
from bench.rows import ROWS, Row
from bench.servers import Server, start_angarium, start_cyrus, start_dovecot

_PEERS: Final = {"cyrus": start_cyrus, "dovecot": start_dovecot}
_SERVERS: Final = (*_PEERS, OURS)
_QUICK: Final = 0.1


def main() -> int:
    arguments = _parse()
    try:
        return _run(arguments)
    except BenchError as error:
        sys.stderr.write(f"bench: {error}\n")
        return os.EX_UNAVAILABLE


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=_rows, default=[row for row in ROWS if not row.is_extra], help="keys of rows")
    parser.add_argument("--peers", type=_peers, default=list(_SERVERS), help="of cyrus, dovecot, angarium")
    parser.add_argument("--python", type=Path, help="who runs Angarium, if not Debian's: one that it is installed for")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, to see that all runs")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), help="where the figures go")
    parser.add_argument("--in", dest="directory", type=Path, default=Path(tempfile.gettempdir()), help="for the mail")
    return parser.parse_args()


def _run(arguments: argparse.Namespace) -> int:
    install_peers(arguments.peers)
    interpreter = _interpreter(arguments.python) if OURS in arguments.peers else None
    started = time.monotonic()
    with ExitStack() as stack:
        # Servers that root starts give it up, and must be able to enter.
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.directory)))
        base.chmod(0o755)
        _set_apart(base)
        share = _QUICK if arguments.quick else 1.0
        beds = [Bed(_start(stack, base / name, name, interpreter), share) for name in arguments.peers]
        versions = {bed.server.name: bed.server.version for bed in beds}
        results = []
        for row in arguments.rows:
            result = measure(row, beds)
            results.append(result)
            _say(f"{time.monotonic() - started:6.1f} s  {row.key}  {_figures(result)}")
    facts = {
        "versions": versions,
        "interpreter": asdict(interpreter) | {"program": str(interpreter.program)} if interpreter else None,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "is_quick": arguments.quick,
        "seconds": round(time.monotonic() - started, 1),
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(serialize_json(results, facts=facts))
    print(serialize_versions(versions, interpreter))
    print(serialize_table(results), end="")
    print(f"{facts['seconds']} s; also in {arguments.json}")
    return os.EX_OK


def _set_apart(base: Path) -> None:
    """Have each server's directory begin in another part of the disk, where the file system is ext4: it passes over the
    inodes that were freed in the last minutes one by one, so creating a file costs up to half a millisecond more where
    a run before this one was removed."""
    subprocess.run(["chattr", "+T", base], stderr=subprocess.DEVNULL, check=False)


def measure(row: Row, beds: Sequence[Bed]) -> Result:
    """Rounds go from server to server, so that a disturbance of the machine meets all."""
    samples: dict[str, list[Sample]] = {}
    bases: dict[str, list[Sample]] = {}
    failures: dict[str, str] = {}
    for _ in range(row.rounds):
        for bed in beds:
            name = bed.server.name
            if name in failures or (row.is_own and name != OURS):
                continue
            try:
                if row.beyond is not None:
                    bases.setdefault(name, []).append(row.beyond(bed))
                samples.setdefault(name, []).append(row.measure(bed))
            except (BenchError, OSError) as error:
                failures[name] = f"{type(error).__name__}: {error}"
    least = {name: _least(several) for name, several in samples.items() if name not in failures}
    if row.beyond is not None:
        least = {name: sample.minus(_least(bases[name])) for name, sample in least.items()}
    return Result(row, least, failures)


def _least(samples: Sequence[Sample]) -> Sample:
    return min(samples, key=lambda sample: sample.value)


def _interpreter(named: Path | None) -> Interpreter:
    # Made absolute and no more: an environment is known by the link that its interpreter is called by.
    return debian_interpreter() if named is None else named_interpreter(named.absolute())


def _start(stack: ExitStack, directory: Path, name: str, interpreter: Interpreter | None) -> Server:
    directory.mkdir()
    directory.chmod(0o755)
    if interpreter is not None and name == OURS:
        server = start_angarium(directory, USERS, python=interpreter.program)
    else:
        server = _PEERS[name](directory, USERS)
    stack.callback(server.stop)
    _say(f"{name} {server.version} serves")
    return server


def _rows(text: str) -> list[Row]:
    known = {row.key: row for row in ROWS}
    return [known[key] for key in _chosen(text, list(known))]


def _peers(text: str) -> list[str]:
    return _chosen(text, _SERVERS)


def _chosen(text: str, allowed: Sequence[str]) -> list[str]:
    keys = text.split(",")
    for key in keys:
        if key not in allowed:
            raise argparse.ArgumentTypeError(f"{key!r}; allowed: {', '.join(allowed)}")
    return keys


def _figures(result: Result) -> str:
    told = [f"{name} {sample.value:.4g}" for name, sample in result.samples.items()]
    return "  ".join([*told, *(f"{name}: {failure}" for name, failure in result.failures.items())])


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
