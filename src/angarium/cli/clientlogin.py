"""Who logs in with a client of ours, and how TLS is begun: what options say, and what is asked for.

A password is asked for at the terminal, or read from a file; -w is for those who do not mind that others see it.
"""

import argparse
import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from angarium.cli.dialogue import Identity, TlsWish
from angarium.cli.passwordinput import ask_hidden
from angarium.errors import PreparationFailed

_LINE_OCTETS_MAX: Final = 65_536
"""Tokens are long."""


def add_name_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-a", "--authname", metavar="USER", help="whose password it is; you")
    parser.add_argument("-u", "--username", metavar="USER", help="whom to act for; the same")
    parser.add_argument("-r", "--realm", metavar="REALM", help="the realm, for DIGEST-MD5")


def add_proof_arguments(parser: argparse.ArgumentParser, *, password_option: str, mechanisms: str = "") -> None:
    """How to prove who it is, and what the server has to; `mechanisms` names what is none of SASL."""
    parser.add_argument(
        "-m", metavar="MECH", dest="mechanism", help=f"the SASL mechanism{mechanisms}; the strongest that there is"
    )
    secret = parser.add_mutually_exclusive_group()
    secret.add_argument(
        password_option, "--password", metavar="PASSWORD", help="the password or token; others can see it there"
    )
    secret.add_argument(
        "--password-file", metavar="FILE", type=Path, help="read the password or token from the first line of FILE"
    )
    parser.add_argument("--verify", action="store_true", help="refuse servers whose certificate is not trusted")
    parser.add_argument(
        "--ca", metavar="FILE", dest="authorities", type=Path, help="certificates to trust; implies --verify"
    )


def identity_of(arguments: argparse.Namespace, *, certificate: bool) -> Identity:
    """Nothing is asked for yet."""
    authname = arguments.authname if arguments.authname is not None else _own_name()
    return Identity(
        authname=authname,
        username=arguments.username,
        secret=_secret_of(arguments),
        realm=arguments.realm,
        mechanism=arguments.mechanism,
        certificate=certificate,
    )


def tls_wish_of(arguments: argparse.Namespace, *, keyfile: str | None = None) -> TlsWish:
    """Where nothing is asked for, any certificate will do, as with the tools of Cyrus."""
    return TlsWish(
        keyfile=Path(keyfile) if keyfile else None,
        is_verified=arguments.verify or arguments.authorities is not None,
        authorities=arguments.authorities,
    )


def is_tls_demanded(arguments: argparse.Namespace) -> bool:
    """Whether the server's certificate is looked at, so that there must be one."""
    return arguments.verify or arguments.authorities is not None


def _secret_of(arguments: argparse.Namespace) -> Callable[[str], str]:
    known: list[str] = [] if arguments.password is None else [arguments.password]

    def secret(what: str) -> str:
        if not known:
            known.append(_read(arguments.password_file) if arguments.password_file is not None else _ask(what))
        return known[0]

    return secret


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        line = opened.readline(_LINE_OCTETS_MAX)
    try:
        return line.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise PreparationFailed(f"{file}: the password is not UTF-8") from None


def _ask(what: str) -> str:
    """At the terminal, wherever standard input comes from."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        sys.stderr.write(f"angarium: there is no terminal to ask for the {what}; use --password-file\n")
        raise SystemExit(os.EX_USAGE) from None
    return ask_hidden(f"Please enter your {what}: ", what=what)


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return ""
