"""Try a login over LMTP, and speak with the server then."""

import argparse
from typing import Final

from angarium.cli.dialogue import LmtpWords
from angarium.cli.logintest import TriedProtocol, add_test_arguments, run_test

_PROTOCOL: Final = TriedProtocol(LmtpWords, "2003")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_test_arguments(parser, _PROTOCOL)


def run(arguments: argparse.Namespace) -> int:
    return run_test(arguments, _PROTOCOL)
