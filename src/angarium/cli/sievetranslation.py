"""`angarium sieve from-procmail` and `from-forward`: filters of other programs as scripts.

The script goes to standard output, what there is to say of it to standard error.
"""

import argparse
import os
import sys
from typing import Final

from angarium.cli.sievefiles import read_file, report_mistakes, settings_found, shown_name, sieve_settings
from angarium.config.options import NamespaceSettings
from angarium.operations.scripts import allowed_extensions, script_limits
from angarium.sieve import ScriptInvalid, parse_script
from angarium.sievetranslate import (
    SourceRefused,
    Surroundings,
    Translation,
    VacationText,
    Verdict,
    read_vacation_text,
    translate_forward,
    translate_procmail,
)

_TRANSLATORS: Final = {"from-procmail": translate_procmail, "from-forward": translate_forward}


def run(arguments: argparse.Namespace) -> int:
    content = read_file(arguments.file)
    try:
        surroundings = _surroundings(arguments)
        translation = _TRANSLATORS[arguments.action](content, surroundings)
    except SourceRefused as refused:
        sys.stderr.write(f"{shown_name(arguments.file)}: {refused}\n")
        return os.EX_DATAERR
    script = translation.script.encode(errors="replace")
    sys.stdout.write(script.decode())
    sys.stdout.flush()
    for line in report(arguments.file, translation):
        sys.stderr.write(f"{line}\n")
    if not _is_taken(arguments, script):
        return os.EX_DATAERR
    is_whole = all(remark.verdict is not Verdict.LEFT_OUT for remark in translation.remarks)
    return os.EX_OK if is_whole else os.EX_DATAERR


def report(name: str, translation: Translation) -> list[str]:
    """What is not as it was, each with its line; and a sum."""
    lines = [f"{shown_name(name)}:{each.line}: {each.verdict.value}: {each.text}" for each in translation.remarks]
    count = sum(remark.verdict is Verdict.LEFT_OUT for remark in translation.remarks)
    if count:
        lines.append(f"{shown_name(name)}: {count} not translated; the script says where")
    return lines


def _is_taken(arguments: argparse.Namespace, script: bytes) -> bool:
    """Whether the store would take the script as its options are; tells why not."""
    settings = sieve_settings(arguments)
    try:
        parse_script(script, limits=script_limits(settings), extensions=allowed_extensions(settings))
    except ScriptInvalid as invalid:
        sys.stderr.write("the script is not one that this store takes:\n")
        report_mistakes("script", script, invalid)
        return False
    return True


def _surroundings(arguments: argparse.Namespace) -> Surroundings:
    separator, prefix = _names(arguments)
    return Surroundings(
        user=arguments.user,
        domain=arguments.domain,
        separator=separator,
        prefix=prefix,
        vacation=_vacation_text(arguments),
    )


def _vacation_text(arguments: argparse.Namespace) -> VacationText | None:
    return None if arguments.vacation_text is None else read_vacation_text(read_file(str(arguments.vacation_text)))


def _names(arguments: argparse.Namespace) -> tuple[str, str]:
    """The separator of the components of mailbox names, and what stands before those of users. ConfigError."""
    settings = settings_found(arguments)
    namespace = NamespaceSettings() if settings is None else settings.namespace
    separator = "/" if namespace.unixhierarchysep else "."
    return separator, "" if namespace.altnamespace else f"INBOX{separator}"
