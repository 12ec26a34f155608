from angarium.operations.hooks.annotator import Annotator, GivenAnnotation, Proposal
from angarium.operations.hooks.command import CommandOutcome, CommandRunner
from angarium.operations.hooks.virusscan import (
    QUARANTINE_KEYWORD,
    Clean,
    Infected,
    Screened,
    Unavailable,
    Verdict,
    VirusScanner,
    quarantine_field,
)

__all__ = [
    "QUARANTINE_KEYWORD",
    "Annotator",
    "Clean",
    "CommandOutcome",
    "CommandRunner",
    "GivenAnnotation",
    "Infected",
    "Proposal",
    "Screened",
    "Unavailable",
    "Verdict",
    "VirusScanner",
    "quarantine_field",
]
