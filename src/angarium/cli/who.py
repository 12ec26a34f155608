"""List who is connected to the running server: process, service, address, user, mailbox, time of connection."""

import argparse
import os
from datetime import datetime

from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import read_settings
from angarium.worker import SessionRecord, run_directory, tool_announcer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_location_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    settings = read_settings(location_of(arguments))
    with tool_announcer(run_directory(settings)) as server:
        for record in sorted(server.sessions(), key=lambda each: each.since_s):
            print(session_line(record))
    return os.EX_OK


def session_line(record: SessionRecord) -> str:
    """Fields between tabs, `-` for an empty one, so that scripts can cut them."""
    since = datetime.fromtimestamp(record.since_s).astimezone().isoformat(timespec="seconds")
    texts = (record.service, record.address, record.user, record.mailbox)
    return "\t".join([str(record.pid), *[text or "-" for text in texts], since])
