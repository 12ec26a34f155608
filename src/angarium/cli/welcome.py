"""What `angarium serve --dir` prints when it serves: how to connect with a mail client."""

import shlex
import shutil
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from angarium import __version__
from angarium.cli.firstusers import FirstUser
from angarium.config import ImapService, InetAddress, Pop3Service, ServiceEntry, SieveService, UnixAddress
from angarium.master import Listener


def welcome(
    directory: Path,
    listeners: Sequence[Listener],
    users: Sequence[FirstUser],
    *,
    starttls: Collection[str],
    certificate: Path | None,
) -> str:
    """The whole text, with a newline at its end; `starttls` names services."""
    return "".join([f"{line}\n" for line in _lines(directory, listeners, users, starttls, certificate)])


def _lines(
    directory: Path,
    listeners: Sequence[Listener],
    users: Sequence[FirstUser],
    starttls: Collection[str],
    certificate: Path | None,
) -> Iterator[str]:
    yield f"Angarium {__version__} serves {directory}"
    yield ""
    for listener in listeners:
        yield f"  {listener.service.name:<9} {_address(listener, starttls)}"
    yield ""
    for user in users:
        yield f"  {'administrator' if user.is_admin else 'user':<13} {user.name}   password {user.password}"
    if users:
        yield f"  The passwords are kept in {directory / 'first-users'}."
    yield f"  More users: {_program()} user add NAME --dir {shlex.quote(str(directory))}"
    if certificate is not None:
        yield f"  The certificate, which a mail client asks you to trust: {certificate}"
    curl = _curl(listeners, users)
    if curl is not None:
        yield ""
        yield f"  Try it: {curl}"
    yield ""


def _program() -> str:
    """What calls it again: that of a clone is on no path."""
    called = sys.argv[0]
    return shlex.quote(called) if Path(called).name == "angarium" and shutil.which("angarium") is None else "angarium"


def _address(listener: Listener, starttls: Collection[str]) -> str:
    if isinstance(listener.address, UnixAddress):
        return f"socket {listener.address.path}"
    host, port = listener.address
    return f"host {host}  port {port}{_security(listener.service, InetAddress(host, port), starttls)}"


def _security(service: ServiceEntry, address: InetAddress, starttls: Collection[str]) -> str:
    """What to choose under that name in a mail client."""
    if not isinstance(service.command, ImapService | Pop3Service | SieveService):
        return ""
    if service.command.tls:
        return "  security SSL/TLS"
    if service.name in starttls:
        return "  security STARTTLS, or none on this machine" if address.is_loopback else "  security STARTTLS"
    return "  security none, on this machine only" if address.is_loopback else "  security none"


def _curl(listeners: Sequence[Listener], users: Sequence[FirstUser]) -> str | None:
    """A command that shows the user's mailboxes."""
    for listener in listeners:
        command = listener.service.command
        if isinstance(command, ImapService) and not command.tls and not isinstance(listener.address, UnixAddress):
            host, port = listener.address
            for user in users:
                return f"curl --user {user.name} imap://{host}:{port}/"
    return None
