"""Try a login over POP3, and speak with the server then.

-m user is USER with PASS, and -m apop is APOP.
"""

import argparse
from typing import Final

from angarium.cli.dialogue import Pop3Words
from angarium.cli.logintest import TriedProtocol, add_test_arguments, run_test

_PROTOCOL: Final = TriedProtocol(Pop3Words, "110", "995", ", or user, or apop")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_test_arguments(parser, _PROTOCOL)


def run(arguments: argparse.Namespace) -> int:
    return run_test(arguments, _PROTOCOL)
