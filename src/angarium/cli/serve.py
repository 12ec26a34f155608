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

from angarium.auth.kerberos import preload_library
from angarium.cli.configuration import CheckedConfiguration, load_configuration
from angarium.cli.endpoints import remove_stale_endpoints, write_endpoints
from angarium.cli.firststart import prepare_directory
from angarium.cli.firstusers import read_first_users
from angarium.cli.location import Location, add_location_arguments, location_of
from angarium.cli.ports import parse_port
from angarium.cli.program import open_program
from angarium.cli.verifierset import wants_gssapi
from angarium.cli.welcome import welcome
from angarium.config import Settings
from angarium.logs import Destination, configure_logging
from angarium.master import Configuration, Listener, Server, serve
from angarium.worker import offers_starttls

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_location_arguments(parser)
    parser.add_argument(
        "-M", metavar="FILE", dest="cyrus_conf", type=Path, help="the cyrus.conf; without it, the one beside imapd.conf"
    )
    parser.add_argument("-d", dest="daemonise", action="store_true", help="run in the background, and log to syslog")
    parser.add_argument(
        "--port",
        metavar="NAME=N",
        dest="ports",
        type=parse_port,
        action="append",
        default=[],
        help="the port of a service below --dir (imap, imaps, pop3, pop3s, lmtp, sieve; 0: a free one); it is kept "
        "from then on",
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
    checked = load_configuration(location)
    # The log must stand before anything is said of the files, and how it stands is in one of them.
    configure_logging(checked.settings.log, Destination.SYSLOG if arguments.daemonise else Destination.STDOUT)
    return _serve(location, _noted(checked), daemonise=arguments.daemonise)


def _serve(location: Location, configuration: Configuration, *, daemonise: bool) -> int:
    endpoints = location.directory / "run" / "endpoints.json" if location.directory is not None else None
    server = Server(
        configuration=configuration,
        load=lambda: _noted(load_configuration(location)),
        open_program=open_program,
        when_serving=lambda listeners: when_serving(location, configuration.settings, listeners),
        daemonise=daemonise,
    )
    if endpoints is None:
        return serve(server)
    remove_stale_endpoints(endpoints)
    try:
        return serve(server)
    finally:
        remove_stale_endpoints(endpoints)


def _noted(checked: CheckedConfiguration) -> Configuration:
    """What the master takes, once what there is to say of it is logged."""
    for notice in checked.notices:
        log.log(notice.level.value, notice.event, extra=notice.fields())
    if wants_gssapi(checked.settings):
        # Workers may not be allowed to read the library any more.
        preload_library()
    return Configuration(checked.settings, checked.conf)


def when_serving(location: Location, settings: Settings, listeners: Sequence[Listener]) -> None:
    """Tell people and programs where the server is; only a store below one directory has a place for that."""
    if location.directory is None:
        return
    users = read_first_users(location.directory / "first-users")
    starttls = {each.service.name for each in listeners if offers_starttls(each.service, settings)}
    write_endpoints(location.directory / "run" / "endpoints.json", listeners, users, starttls=starttls)
    certificate = settings.tls.tls_server_cert
    text = welcome(location.directory, listeners, users, starttls=starttls, certificate=certificate)
    sys.stdout.write(text)
    sys.stdout.flush()
