"""Manage Sieve scripts, find out what one does, and translate filters of other programs.

Scripts are those of a user, with --mailbox those of a shared mailbox or bulletin board, with --global those of the
site, which others may include. None is stored that has a mistake. All works beside a running server and without one.
"""

import argparse
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, cast

from angarium.cli.location import add_location_arguments


class _ActionModule(Protocol):
    """What the module of an action holds."""

    def run(self, arguments: argparse.Namespace) -> int: ...


@dataclass(frozen=True, slots=True)
class _Managing:
    """An action on stored scripts."""

    summary: str
    words: str
    """What it takes behind the user, as the usage has it."""
    is_of_site: bool = True
    """Whether it makes sense of the scripts of the site."""


MANAGING: Final = {
    "list": _Managing("list scripts", ""),
    "get": _Managing("print a script, or without a name the active one", "[NAME]"),
    "put": _Managing("store a script, from a file or from standard input", "NAME [FILE]"),
    "activate": _Managing("make a script the active one", "NAME", is_of_site=False),
    "deactivate": _Managing("have no script active", "", is_of_site=False),
    "delete": _Managing("delete a script that is not active", "NAME"),
    "rename": _Managing("give a script another name", "NAME NEWNAME", is_of_site=False),
}

_MODULES: Final = {
    **dict.fromkeys(MANAGING, "sievescripts"),
    "import": "sieveimport",
    "check": "sievecheck",
    "test": "sievetest",
    "replay": "sievereplay",
    "from-procmail": "sievetranslation",
    "from-forward": "sievetranslation",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for action, managing in MANAGING.items():
        _add_managing(_subparser(actions, action, managing.summary), action, managing)
    _add_import(_subparser(actions, "import", "take over the scripts that Cyrus has kept in sievedir"))
    _add_check(_subparser(actions, "check", "say what is wrong with scripts, and what they use; needs no store"))
    _add_test(_subparser(actions, "test", "say what messages would get from a script, and which line decided it"))
    _add_replay(_subparser(actions, "replay", "compare the active script of a user with another one on real mail"))
    for program in ("procmail", "forward"):
        what = ".procmailrc" if program == "procmail" else ".forward"
        _add_translation(_subparser(actions, f"from-{program}", f"translate a {what} into a script"))


def run(arguments: argparse.Namespace) -> int:
    module = cast(_ActionModule, importlib.import_module(f"angarium.cli.{_MODULES[arguments.action]}"))
    return module.run(arguments)


def _subparser(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str
) -> argparse.ArgumentParser:
    subparser = actions.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    # Whoever finds a fault that the parser cannot see has it refuse as it does.
    subparser.set_defaults(parser=subparser)
    add_location_arguments(subparser)
    return subparser


def _add_managing(parser: argparse.ArgumentParser, action: str, managing: _Managing) -> None:
    whose = "{USER,--mailbox MAILBOX,--global}" if managing.is_of_site else "{USER,--mailbox MAILBOX}"
    parser.usage = f"angarium sieve {action} [-h] [--dir DIR | -C FILE] [options] {whose} {managing.words}".rstrip()
    owner = parser.add_mutually_exclusive_group()
    owner.add_argument(
        "--mailbox", metavar="MAILBOX", help="the scripts of this shared mailbox, by its name for administrators"
    )
    if managing.is_of_site:
        owner.add_argument(
            "--global", dest="is_global", action="store_true", help="the scripts of the site, which others may include"
        )
    else:
        parser.set_defaults(is_global=False)
    if action == "put":
        parser.add_argument("--activate", action="store_true", help="make it the active one at once")
    if action == "list":
        parser.add_argument("-l", "--long", action="store_true", help="also their sizes, and when they were changed")
    parser.add_argument("words", metavar="WORD", nargs="*", help="the user, but with --mailbox or --global; the rest")


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Exit status 65 says that something was not stored; all else is stored all the same."
    parser.add_argument(
        "--replace", action="store_true", help="replace scripts that are newer in the store, and the active ones"
    )
    parser.add_argument(
        "sieve_directory",
        metavar="DIR",
        nargs="?",
        type=Path,
        help="the directory, as Cyrus has it; without it the option sievedir tells",
    )


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="+", help="a script; - is standard input")


def _add_test(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-v", "--verbose", action="store_true", help="also each test with its result")
    parser.add_argument(
        "--from",
        dest="sender",
        metavar="ADDRESS",
        help="the sender of the envelope; otherwise that of the field Return-Path, or of From",
    )
    parser.add_argument(
        "--to",
        dest="recipient",
        metavar="ADDRESS",
        help="the recipient of the envelope; otherwise that of the field Delivered-To or X-Original-To, or the user",
    )
    parser.add_argument(
        "--user", metavar="USER", help="answer what the script asks (mailboxes, annotations, scripts) from her account"
    )
    parser.add_argument("script", metavar="FILE", help="the script; - is standard input")
    parser.add_argument("message", metavar="MESSAGE", nargs="+", help="a file that holds a message")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mailbox", metavar="MAILBOX", default="INBOX", help="by the name that the user sees (INBOX)")
    parser.add_argument("--last", metavar="N", type=_count, default=500, help="how many messages, the newest (500)")
    parser.add_argument("user", metavar="USER")
    parser.add_argument("script", metavar="FILE", help="the new script; - is standard input")


def _add_translation(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Exit status 65 says that something was not translated; the script is printed all the same."
    parser.add_argument("--user", metavar="USER", help="whose file it is: the own name in addresses and in paths")
    parser.add_argument("--domain", metavar="DOMAIN", help="the domain of addresses that have none")
    parser.add_argument(
        "--vacation-text", metavar="FILE", type=Path, help="what a vacation answer says, as ~/.vacation.msg"
    )
    parser.add_argument("file", metavar="FILE", help="the file; - is standard input")


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no count of messages")
    return int(text)
