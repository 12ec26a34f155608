"""Passwords from a terminal, or from a program by standard input; never from the command line, which all can read."""

import argparse
import getpass
import os
import sys
from typing import Final

from angarium.errors import PreparationFailed

_LINE_OCTETS_MAX: Final = 4096


def add_password_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from the first line of standard input"
    )


def read_password(arguments: argparse.Namespace) -> str:
    """The password. PreparationFailed for one that is no text, empty, or typed in two ways."""
    if arguments.password_stdin:
        return _parse_line(sys.stdin.buffer.readline(_LINE_OCTETS_MAX))
    if not sys.stdin.isatty():
        sys.stderr.write("angarium: there is no terminal to ask for the password; use --password-stdin\n")
        raise SystemExit(os.EX_USAGE)
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise PreparationFailed("the two passwords differ")
    return _checked(password)


def _parse_line(line: bytes) -> str:
    if len(line) >= _LINE_OCTETS_MAX:
        raise PreparationFailed("the password is too long")
    try:
        return _checked(line.decode("utf-8").removesuffix("\n").removesuffix("\r"))
    except UnicodeDecodeError:
        raise PreparationFailed("the password is not UTF-8") from None


def _checked(password: str) -> str:
    if not password:
        raise PreparationFailed("the password is empty")
    return password
