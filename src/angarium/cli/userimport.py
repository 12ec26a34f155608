"""`angarium user import`: users of other systems, with the hashes of their passwords, or with the passwords of a
sasldb."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from angarium.auth import LoginPolicy, Passwords
from angarium.auth.sasldb import PASSWORD_PROPERTY, read_sasldb
from angarium.auth.userimport import MAX_FILE_OCTETS, ImportLine, import_users, parse_import
from angarium.cli.openstore import OpenedStore
from angarium.cli.useraction import Asked, UserAction
from angarium.cli.usermail import StoreUserMail
from angarium.errors import PreparationFailed


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="lines of name:hash, as in passwd, shadow and Dovecot")
    parser.add_argument(
        "--sasldb", action="store_true", help="FILE is a sasldb of Cyrus SASL; shared secrets are not taken over"
    )


def _read_file(arguments: argparse.Namespace) -> Asked:
    """OSError, PreparationFailed, AuthenticationUnavailable."""
    if arguments.sasldb:
        entries = [entry for entry in read_sasldb(arguments.file) if entry.property == PASSWORD_PROPERTY]
        return json.dumps([(entry.user, entry.realm, entry.value) for entry in entries])
    with open(arguments.file, "rb") as file:
        octets = file.read(MAX_FILE_OCTETS + 1)
    if len(octets) > MAX_FILE_OCTETS:
        raise PreparationFailed(f"{arguments.file} has more than {MAX_FILE_OCTETS} octets")
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise PreparationFailed(f"{arguments.file} is not UTF-8") from error


async def _import(arguments: argparse.Namespace, opened: OpenedStore, text: Asked) -> int:
    """The exit status tells whether there was a line that is no user."""
    lines = _sasldb_lines(text, opened.settings.server.servername) if arguments.sasldb else parse_import(text)
    policy = LoginPolicy.from_settings(opened.settings, opened.store.policy.names)
    passwords = Passwords(threads=1)
    added, existing, faults = 0, 0, 0
    try:
        async for imported in import_users(
            opened.engine,
            (_of_our_domains(line, policy) for line in lines),
            names=opened.store.policy.names,
            passwords=passwords,
            sources=opened.sources,
            mail=StoreUserMail(opened.store, opened.settings),
        ):
            if imported.fault:
                line = imported.line
                sys.stderr.write(f"angarium: {arguments.file}:{line.number}: {line.name!r}: {imported.fault}\n")
            added += not imported.fault
            existing += imported.exists
            faults += bool(imported.fault) and not imported.exists
    finally:
        passwords.close()
    print(f"{added} added, {existing} there already, {faults} left out")
    return os.EX_DATAERR if faults else os.EX_OK


def _sasldb_lines(text: str, servername: str) -> Iterator[ImportLine]:
    """The realm of the server's name has users without a domain."""
    for number, (user, realm, password) in enumerate(json.loads(text), start=1):
        yield ImportLine(number, user if realm == servername else f"{user}@{realm}", f"{{PLAIN}}{password}")


def _of_our_domains(line: ImportLine, policy: LoginPolicy) -> ImportLine:
    """Nobody takes the name of one of us by having it in another domain."""
    if line.fault or policy.is_own_name(line.name):
        return line
    domain = line.name.rpartition("@")[2]
    return replace(line, fault=f"{domain} is no domain of this server (see virtdomains and defaultdomain)")


IMPORT = UserAction(
    "add users from a file of another system", _import, add_arguments=_add_file, ask=_read_file, has_user=False
)
