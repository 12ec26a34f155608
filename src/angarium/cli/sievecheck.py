"""`angarium sieve check`: what is wrong with scripts, and what they use."""

import argparse
import os

from angarium.cli.sievefiles import mistake_lines, read_file, report_mistakes, shown_name, sieve_settings
from angarium.operations.scripts import allowed_extensions, script_limits
from angarium.sieve import Script, ScriptInvalid, parse_script


def run(arguments: argparse.Namespace) -> int:
    settings = sieve_settings(arguments)
    limits, extensions = script_limits(settings), allowed_extensions(settings)
    status = os.EX_OK
    for name in arguments.file:
        content = read_file(name)
        try:
            script = parse_script(content, limits=limits, extensions=extensions)
        except ScriptInvalid as invalid:
            report_mistakes(name, content, invalid)
            status = os.EX_DATAERR
            continue
        for line in mistake_lines(name, content, script.hints, label="hint: "):
            print(line)
        print(f"{shown_name(name)}: no mistakes; {uses(script)}")
    return status


def uses(script: Script) -> str:
    """What a script requires, as a sentence has it."""
    if not script.requires:
        return "uses no extensions"
    return f"uses {', '.join(sorted(script.requires))}"
