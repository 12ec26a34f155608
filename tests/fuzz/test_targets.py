"""Every target takes its seeds, what has failed once, and the same few thousand mutations of these in each run."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from tests.fuzz.targets import NAMES, Target, load

_MUTATIONS = {"imapparser": 400, "imapsession": 250, "sievescripts": 2000}
_MUTATIONS_OTHERWISE = 800
_ATHERIS_RUNS = 50
"""Beyond the seeds: enough to see that the target can be fuzzed."""


def mutated(target: Target, random: Random) -> bytes:
    """A seed, or two of them, with words in the wrong places."""
    octets = random.choice(target.seeds)
    for _ in range(random.randint(1, 5)):
        start = random.randint(0, len(octets))
        end = min(len(octets), start + random.choice((0, 0, 1, 4, 30)))
        piece = random.choice(
            (random.choice(target.words), random.randbytes(random.randint(0, 3)), random.choice(target.seeds)[:60])
        )
        octets = octets[:start] + piece + octets[end:]
    return octets


@pytest.mark.parametrize("name", NAMES)
def test_seeds_and_findings_pass(name: str) -> None:
    target = load(name)
    findings = sorted(target.findings.glob("*"))
    for octets in [*target.seeds, *[path.read_bytes() for path in findings]]:
        target.run(octets)


@pytest.mark.parametrize("name", NAMES)
def test_mutations_pass(name: str) -> None:
    target = load(name)
    random = Random(4711)
    for _ in range(_MUTATIONS.get(name, _MUTATIONS_OTHERWISE)):
        octets = mutated(target, random)
        try:
            target.run(octets)
        except BaseException as error:
            error.add_note(f"octets: {octets!r}")
            raise


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this machine")
@pytest.mark.parametrize("name", NAMES)
def test_targets_can_be_fuzzed(name: str, tmp_path: Path) -> None:
    seeds = len(load(name).seeds)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--runs", str(seeds + _ATHERIS_RUNS), "--kept", str(tmp_path), name],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr[-4000:]
