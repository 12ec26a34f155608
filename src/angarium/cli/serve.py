"""Run the server.

With --dir DIR everything is below DIR, and what is missing is made: a configuration, a certificate, a first user and an
administrator; it listens on this machine only, and prints how to connect. With -C it runs on an imapd.conf, and on the
cyrus.conf beside it unless -M says otherwise.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from angarium.auth import LoginPolicy
from angarium.cli.endpoints import remove_stale_endpoints, write_endpoints
from angarium.cli.firststart import prepare_directory
from angarium.cli.firstusers import read_first_users
from angarium.cli.location import Location, add_location_arguments, location_of
from angarium.cli.policy import store_policy
from angarium.cli.ports import parse_port
from angarium.cli.program import open_program
from angarium.cli.welcome import welcome
from angarium.config import Settings, load_cyrus_conf, load_settings
from angarium.logs import Destination, configure_logging
from angarium.master import Configuration, Listener, Server, serve

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_location_arguments(parser)
    parser.add_argument("-M", metavar="FILE", dest="cyrus_conf", type=Path, help="the cyrus.conf")
    parser.add_argument("-d", dest="daemonise", action="store_true", help="run in the background, and log to syslog")
    parser.add_argument(
        "--port",
        metavar="NAME=N",
        dest="ports",
        type=parse_port,
        action="append",
        default=[],
        help="the port of a service below --dir (0: a free one); it is kept from then on",
    )


def run(arguments: argparse.Namespace) -> int:
    location = location_of(arguments)
    if location.directory is None:
        if arguments.ports:
            sys.stderr.write("angarium: --port goes with --dir; cyrus.conf has the ports of other stores\n")
            return os.EX_USAGE
    else:
        prepare_directory(location.directory, arguments.ports)
    print(f"angarium: configuration {location.imapd_conf} and {location.cyrus_conf}", flush=True)
    # The log must stand before anything is said of the files, and how it stands is in one of them.
    settings = load_settings(location.imapd_conf).settings
    configure_logging(settings.log, Destination.SYSLOG if arguments.daemonise else Destination.STDOUT)
    return _serve(location, settings, daemonise=arguments.daemonise)


def _serve(location: Location, settings: Settings, *, daemonise: bool) -> int:
    endpoints = location.directory / "run" / "endpoints.json" if location.directory is not None else None
    server = Server(
        configuration=load_configuration(location),
        load=lambda: load_configuration(location),
        open_program=open_program,
        when_serving=lambda listeners: when_serving(location, settings, listeners),
        daemonise=daemonise,
    )
    if endpoints is None:
        return serve(server)
    remove_stale_endpoints(endpoints)
    try:
        return serve(server)
    finally:
        remove_stale_endpoints(endpoints)


def load_configuration(location: Location) -> Configuration:
    """Both files, checked whole; what there is to say of them is logged. ConfigError."""
    conf = load_cyrus_conf(location.cyrus_conf)
    loaded = load_settings(location.imapd_conf, services=conf.service_names)
    for settings in (loaded.settings, *loaded.settings.services.values()):
        LoginPolicy.from_settings(settings, store_policy(settings).names)
    for notice in (*loaded.notices, *conf.notices):
        log.log(notice.level.value, notice.event, extra=notice.fields())
    return Configuration(loaded.settings, conf)


def when_serving(location: Location, settings: Settings, listeners: Sequence[Listener]) -> None:
    """Tell people and programs where the server is; only a store below one directory has a place for that."""
    if location.directory is None:
        return
    users = read_first_users(location.directory / "first-users")
    write_endpoints(location.directory / "run" / "endpoints.json", listeners, users)
    text = welcome(location.directory, listeners, users, certificate=settings.tls.tls_server_cert)
    sys.stdout.write(text)
    sys.stdout.flush()
