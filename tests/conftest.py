"""Switches of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--slow-fsync",
        action="store_true",
        help="make every fsync of an engine take 5 ms more, as on most disks",
    )
