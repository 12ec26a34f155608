"""Make links to this program in a directory, by which commands have the names that Cyrus gave them.

A file that is there already is left alone, and told; the exit status is 73 then.
"""

import argparse
import errno
import os
import sys
from pathlib import Path

from angarium.cli.commandline import LINKS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", type=Path, help="where to make them")


def run(arguments: argparse.Namespace) -> int:
    if not arguments.directory.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(arguments.directory))
    program = _program()
    status = os.EX_OK
    for name in sorted(LINKS):
        link = arguments.directory / name
        try:
            link.symlink_to(program)
        except FileExistsError:
            if link.is_symlink() and link.readlink() == program:
                continue
            sys.stderr.write(f"angarium: {link}: there is such a file\n")
            status = os.EX_CANTCREAT
        else:
            print(link)
    return status


def _program() -> Path:
    """The script that was called, or the one beside the interpreter where it was called as a module."""
    called = Path(sys.argv[0]).absolute()
    return called if called.name == "angarium" else Path(sys.executable).with_name("angarium")
