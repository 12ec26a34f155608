"""Fold the logs of all databases into their files, and take snapshots of those that cannot be rebuilt."""

import argparse
import asyncio
import os

from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import open_store, read_settings
from angarium.operations.care import checkpoint
from angarium.store import Actor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_location_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    async with open_store(read_settings(location_of(arguments))) as opened:
        await checkpoint(opened.store, Actor.program("ctl_cyrusdb"))
    return os.EX_OK
