"""List who is connected to the running server: process, service, address, user, mailbox, time of connection.

Where no server runs, the exit status is 69.
"""

import argparse
import os
import sys
from datetime import datetime

from angarium.cli.location import add_location_arguments, location_of
from angarium.cli.openstore import read_settings
from angarium.master.serverlock import is_served
from angarium.worker import SessionRecord, run_directory, tool_announcer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_location_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    settings = read_settings(location_of(arguments))
    directory = run_directory(settings)
    if not is_served(directory):
        sys.stderr.write(f"angarium: no server runs on {directory.parent}\n")
        return os.EX_UNAVAILABLE
    with tool_announcer(directory) as server:
        records = sorted(server.sessions(), key=lambda each: each.since_s)
    for record in records:
        print(session_line(record))
    if not records:
        # Standard output has records only, for scripts.
        sys.stderr.write("angarium: nobody is connected\n")
    return os.EX_OK


def session_line(record: SessionRecord) -> str:
    """Fields between tabs, `-` for an empty one, so that scripts can cut them."""
    since = datetime.fromtimestamp(record.since_s).astimezone().isoformat(timespec="seconds")
    texts = (record.service, record.address, record.user, record.mailbox)
    return "\t".join([str(record.pid), *[text or "-" for text in texts], since])
