"""What is fuzzed: each target takes any octets, and raises where something is wrong with what becomes of them."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLLOWED: Final = {
    "imapparser": "angarium.imap",
    "imapsession": "angarium.imap",
    "imapurl": "angarium.imapurl",
    "lmtpsession": "angarium.lmtp",
    "managesievesession": "angarium.managesieve",
    "mimescanner": "angarium.mime",
    "names": "angarium.names",
    "pop3session": "angarium.pop3",
    "saslexchanges": "angarium.sasl",
    "sievescripts": "angarium.sieve",
    "sievetranslations": "angarium.sievetranslate",
    "smmaprequests": "angarium.smmap",
}
"""Each is a module beside this one; and the package in which fuzzing follows what octets reach: to follow it everywhere
takes as long as some thousand runs."""
NAMES: Final = tuple(FOLLOWED)

_CORPUS: Final = Path(__file__).with_name("corpus")


@dataclass(frozen=True, slots=True)
class Target:
    """One of them. What it keeps from run to run is small, and told by nothing that it answers."""

    name: str
    run: Callable[[bytes], None]
    seeds: Sequence[bytes]
    """Where fuzzing begins: octets that reach most of the code."""
    words: Sequence[bytes]
    """What the octets are made of."""

    @property
    def findings(self) -> Path:
        """Inputs that once failed, as files; there may be none."""
        return _CORPUS / self.name


def load(name: str) -> Target:
    """Import a target, and all that it fuzzes."""
    module = importlib.import_module(f"tests.fuzz.{name}")
    return Target(name, module.run, module.SEEDS, module.WORDS)
