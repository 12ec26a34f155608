"""Manage Sieve scripts on a server, by commands at a terminal or from elsewhere; `help` lists them.

TLS is begun where the server has it; its certificate is not looked at without --verify or --ca. The exit status is 1
where a command has failed, 77 for a refused login and 69 without a server.
"""

import argparse
import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from angarium.cli.clientlogin import add_name_arguments, add_proof_arguments
from angarium.cli.dialogue import LoginRefused
from angarium.cli.managesieveclient import ManageSieveClient, ScriptRefused, logged_in, parse_address
from angarium.cli.printable import printable, printable_lines
from angarium.cli.serverunavailable import ServerUnavailable

_PROMPT: Final = "> "
_USAGE_WIDTH: Final = 17
_FAILED: Final = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("server", metavar="SERVER", help="the server, as HOST or HOST:PORT")
    add_name_arguments(parser)
    add_proof_arguments(parser, password_option="-p")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("-e", "--exec", metavar="COMMANDS", action="append", help="run these, each on a line")
    source.add_argument("-f", "--execfile", metavar="FILE", type=Path, help="run the commands of FILE")


def run(arguments: argparse.Namespace) -> int:
    lines = _lines(arguments)
    _say(f"connecting to {arguments.server}")
    try:
        with logged_in(arguments, parse_address(arguments.server)) as client:
            status = _Shell(client).run(lines)
            client.quit()
            return status
    except ServerUnavailable as error:
        sys.stderr.write(printable(f"angarium: {error}") + "\n")
        return os.EX_UNAVAILABLE
    except LoginRefused as error:
        sys.stderr.write(printable(f"angarium: the login is refused: {error.said or error}") + "\n")
        return os.EX_NOPERM


@dataclass(frozen=True, slots=True)
class _Command:
    names: tuple[str, ...]
    usage: str
    summary: str
    arguments: range
    """How many it takes."""
    run: Callable[[ManageSieveClient, list[str]], None]
    failed: str = ""
    """What is said in front of what went wrong."""


class _Shell:
    def __init__(self, client: ManageSieveClient) -> None:
        self._client = client

    def run(self, lines: Iterator[str]) -> int:
        """All commands up to the end, or to `quit`; the exit status."""
        status = os.EX_OK
        for line in lines:
            try:
                words = shlex.split(line)
            except ValueError:
                words = line.split()
            if words[:1] in (["quit"], ["q"]):
                break
            if words and not self._do(words):
                status = _FAILED
        return status

    def _do(self, words: list[str]) -> bool:
        command = next((command for command in _COMMANDS if words[0] in command.names), None)
        if command is None:
            _say(f"Invalid command: {words[0]}")
            return False
        if len(words) - 1 not in command.arguments:
            _say(_help_of(command))
            return True
        try:
            command.run(self._client, words[1:])
        except ScriptRefused as error:
            _say(f"{command.failed}{error}")
            return False
        except (OSError, ValueError) as error:
            # Of the file, as is what is no name of one.
            reason = error.strerror if isinstance(error, OSError) else None
            _say(f"{command.failed.partition(': ')[0]}: {reason or error}")
            return False
        return True


def _put(client: ManageSieveClient, words: list[str]) -> None:
    file = Path(words[0])
    _warn(client.put(words[1] if len(words) > 1 else file.name, file.read_bytes()))


def _check(client: ManageSieveClient, words: list[str]) -> None:
    _warn(client.check(Path(words[0]).read_bytes()))


def _get(client: ManageSieveClient, words: list[str]) -> None:
    script = client.get(words[0])
    if len(words) > 1:
        Path(words[1]).write_bytes(script)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(script)
        sys.stdout.buffer.flush()


def _list(client: ManageSieveClient, _: list[str]) -> None:
    for script in client.scripts():
        name = printable(script.name)
        _say(f"{name}  <- active script" if script.is_active else name)


def _help(_client: ManageSieveClient, _words: list[str]) -> None:
    _say("Usage:\n  sieveshell [-u username] [-a authname] [-r realm] <server>")
    for command in _COMMANDS:
        _say(_help_of(command))
    _say(f"{'quit':{_USAGE_WIDTH}}- quit")


def _help_of(command: _Command) -> str:
    space = f"\n{'':{_USAGE_WIDTH}}" if len(command.usage) >= _USAGE_WIDTH else ""
    return f"{command.usage:{0 if space else _USAGE_WIDTH}}{space}- {command.summary}"


_COMMANDS: Final = (
    _Command(("help", "?"), "help", "this screen", range(100), _help),
    _Command(("list", "l", "ls"), "list", "list scripts on server", range(100), _list, "list failed: "),
    _Command(
        ("put", "p"),
        "put <filename> [<target name>]",
        "upload script to server",
        range(1, 3),
        _put,
        "upload failed: put script: ",
    ),
    _Command(
        ("get", "g"),
        "get <name> [<filename>]",
        "get script. if no filename display to stdout",
        range(1, 3),
        _get,
        "get failed: ",
    ),
    _Command(
        ("check", "c"),
        "check <filename>",
        "have the server check a script",
        range(1, 2),
        _check,
        "check failed: ",
    ),
    _Command(
        ("delete", "d"),
        "delete <name>",
        "delete script.",
        range(1, 2),
        lambda client, words: client.delete(words[0]),
        "delete failed: Deleting script: ",
    ),
    _Command(
        ("rename", "r"),
        "rename <name> <new name>",
        "give a script another name",
        range(2, 3),
        lambda client, words: client.rename(words[0], words[1]),
        "rename failed: ",
    ),
    _Command(
        ("activate", "a"),
        "activate <name>",
        "set a script as the active script",
        range(1, 2),
        lambda client, words: client.activate(words[0]),
        "activate failed: Setting script active: ",
    ),
    _Command(
        ("deactivate", "da"),
        "deactivate",
        "deactivate all scripts",
        range(1),
        lambda client, _: client.activate(""),
        "deactivate failed: Setting script active: ",
    ),
)


def _warn(warnings: str) -> None:
    if warnings:
        _say(f"warning: {warnings}")


def _lines(arguments: argparse.Namespace) -> Iterator[str]:
    """Where commands come from; a file that cannot be read is told before anything is connected to. OSError."""
    if arguments.exec is not None:
        return iter("\n".join(arguments.exec).splitlines())
    if arguments.execfile is not None:
        return iter(arguments.execfile.read_bytes().decode("utf-8", "surrogateescape").splitlines())
    return _typed_lines()


def _typed_lines() -> Iterator[str]:
    if not sys.stdin.isatty():
        for octets in sys.stdin.buffer:
            yield octets.decode("utf-8", "surrogateescape").rstrip("\r\n")
        return
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  # lets `input` edit lines
    while True:
        try:
            yield input(_PROMPT)
        except EOFError:
            _say("")
            return
        except UnicodeDecodeError:
            _say("that is not UTF-8")


def _say(text: str) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(printable_lines(text).encode() + b"\n")
    sys.stdout.buffer.flush()
