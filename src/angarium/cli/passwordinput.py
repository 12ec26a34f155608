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


def add_pipe_argument(parser: argparse.ArgumentParser) -> None:
    """The same under the name that it has in the tools of Cyrus SASL."""
    parser.add_argument(
        "-p", dest="password_stdin", action="store_true", help="read the password from the first line of standard input"
    )


def read_password(arguments: argparse.Namespace, *, option: str = "--password-stdin") -> str:
    """A new password. PreparationFailed for one that is no text, empty, or typed in two ways; `option` is what the
    command calls its option for standard input."""
    if arguments.password_stdin:
        return _parse_line(sys.stdin.buffer.readline(_LINE_OCTETS_MAX))
    _require_terminal(option)
    password = ask_hidden("Password: ")
    if ask_hidden("Again: ") != password:
        raise PreparationFailed("the two passwords differ")
    return _checked(password)


def read_code(arguments: argparse.Namespace) -> str:
    """As `read_password`, for what need not be typed twice."""
    if arguments.password_stdin:
        return _parse_line(sys.stdin.buffer.readline(_LINE_OCTETS_MAX))
    if not sys.stdin.isatty():
        sys.stderr.write("angarium: there is no terminal to ask for the code; use --code-stdin\n")
        raise SystemExit(os.EX_USAGE)
    return _checked(ask_hidden("Code: ", what="code"))


def read_known_password(arguments: argparse.Namespace) -> str:
    """As `read_password`, for one that is only checked; the option for standard input is `-p`."""
    if arguments.password_stdin:
        return _parse_line(sys.stdin.buffer.readline(_LINE_OCTETS_MAX))
    _require_terminal("-p")
    return _checked(ask_hidden("Password: "))


def ask_hidden(prompt: str, *, what: str = "password") -> str:
    """What is typed at a terminal, unseen. PreparationFailed at its end, and for what is no text."""
    try:
        return getpass.getpass(prompt)
    except (EOFError, UnicodeDecodeError):
        raise PreparationFailed(f"the {what} cannot be read") from None


def _require_terminal(option: str) -> None:
    if not sys.stdin.isatty():
        sys.stderr.write(f"angarium: there is no terminal to ask for the password; use {option}\n")
        raise SystemExit(os.EX_USAGE)


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
