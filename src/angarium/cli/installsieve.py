"""Put a Sieve script on a server, make it the active one, or take one from it.

What is asked for is done in this order: install, delete, activate, get, view, list; the first failure ends it. TLS is
begun where the server has it; its certificate is not looked at without --verify or --ca. The exit status is 1 where
something has failed, 77 for a refused login and 69 without a server.
"""

import argparse
import os
import sys
from pathlib import Path

from angarium.cli.clientlogin import add_proof_arguments
from angarium.cli.dialogue import LoginRefused
from angarium.cli.managesieveclient import PORT, ManageSieveClient, ScriptRefused, logged_in, parse_address
from angarium.cli.printable import printable, printable_lines
from angarium.cli.serverunavailable import ServerUnavailable

_FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("server", metavar="SERVER", help="the server, as HOST or HOST:PORT")
    parser.add_argument("-i", metavar="FILE", dest="installed", type=Path, help="store a script under the file's name")
    parser.add_argument("-d", metavar="NAME", dest="deleted", help="delete a script")
    parser.add_argument("-a", metavar="NAME", dest="activated", help="make a script the active one")
    parser.add_argument("-g", metavar="NAME", dest="got", help="write a script to a file of its name, here")
    parser.add_argument("-v", metavar="NAME", dest="viewed", help="print a script")
    parser.add_argument("-l", dest="is_listed", action="store_true", help="list scripts")
    parser.add_argument("-p", metavar="PORT", dest="port", default=PORT, help=f"the port; {PORT}")
    parser.add_argument("-u", metavar="USER", dest="authname", help="the user; you")
    add_proof_arguments(parser, password_option="-w")
    parser.set_defaults(username=None, realm=None)


def run(arguments: argparse.Namespace) -> int:
    script = arguments.installed.read_bytes() if arguments.installed is not None else None
    try:
        with logged_in(arguments, parse_address(arguments.server, port=arguments.port)) as client:
            status = _do(client, arguments, script)
            client.quit()
            return status
    except ServerUnavailable as error:
        return _fail(str(error), os.EX_UNAVAILABLE)
    except LoginRefused as error:
        return _fail(f"the login is refused: {error.said or error}", os.EX_NOPERM)


def _do(client: ManageSieveClient, arguments: argparse.Namespace, script: bytes | None) -> int:
    doing = "upload"
    try:
        if script is not None and (warnings := client.put(arguments.installed.name, script)):
            sys.stderr.write(printable_lines(f"warning: {warnings}") + "\n")
        doing = "delete"
        if arguments.deleted is not None:
            client.delete(arguments.deleted)
        doing = "activate"
        if arguments.activated is not None:
            client.activate(arguments.activated)
        doing = "get"
        if arguments.got is not None:
            _write(arguments.got, client.get(arguments.got))
        if arguments.viewed is not None:
            sys.stdout.buffer.write(client.get(arguments.viewed))
        doing = "list"
        if arguments.is_listed:
            for listed in client.scripts():
                name = printable(listed.name)
                line = f"{name}  <- active script\n" if listed.is_active else f"{name}\n"
                sys.stdout.buffer.write(line.encode())
    except ScriptRefused as error:
        return _fail(f"{doing} failed: {error}", _FAILED)
    return os.EX_OK


def _write(name: str, script: bytes) -> None:
    """Into this directory, whatever the name is. OSError."""
    Path(name.replace("/", "_")).write_bytes(script)


def _fail(text: str, status: int) -> int:
    sys.stdout.buffer.flush()
    sys.stderr.write(printable_lines(f"angarium: {text}") + "\n")
    return status
