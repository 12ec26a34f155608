"""Print the version of Angarium, and of what it stands on."""

import argparse
import platform

import apsw

from angarium import __version__


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


def run(_arguments: argparse.Namespace) -> int:
    print(f"Angarium {__version__} (Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()})")
    return 0
