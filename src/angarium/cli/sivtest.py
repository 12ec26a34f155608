"""Try a login over ManageSieve, and speak with the server then."""

import argparse
from typing import Final

from angarium.cli.dialogue import SieveWords
from angarium.cli.logintest import TriedProtocol, add_test_arguments, run_test

_PROTOCOL: Final = TriedProtocol(SieveWords, "4190")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_test_arguments(parser, _PROTOCOL)


def run(arguments: argparse.Namespace) -> int:
    return run_test(arguments, _PROTOCOL)
