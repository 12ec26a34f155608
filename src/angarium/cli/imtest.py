"""Try a login over IMAP, and speak with the server then.

-m login is the command LOGIN, and -m LOGIN the SASL mechanism of that name.
"""

import argparse
from typing import Final

from angarium.cli.dialogue import ImapWords
from angarium.cli.logintest import TriedProtocol, add_test_arguments, run_test

_PROTOCOL: Final = TriedProtocol(ImapWords, "143", "993", ", or login")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_test_arguments(parser, _PROTOCOL)


def run(arguments: argparse.Namespace) -> int:
    return run_test(arguments, _PROTOCOL)
