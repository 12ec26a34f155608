"""The listening sockets of all services, opened and kept by the master (DESIGN §2).

A TCP address is first bound without SO_REUSEPORT, so that a server which holds it already is found out rather than
shared with; then each worker slot gets a SO_REUSEPORT socket of its own. A unix address has one socket for all.
"""

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from angarium.config import InetAddress, Proto, ServiceEntry, UnixAddress
from angarium.errors import ConfigError
from angarium.master.directories import as_user, make_directories, remove_file
from angarium.master.identity import Identity
from angarium.master.occupant import describe_occupant
from angarium.worker.listening import ListenerSockets

BACKLOG: Final = 1024
_SOCKET_MODE: Final = 0o777
"""Who may deliver is said by the directory of a unix socket, as with Cyrus."""
_FAMILIES: Final = {
    Proto.TCP: socket.AF_UNSPEC,
    Proto.TCP4: socket.AF_INET,
    Proto.TCP6: socket.AF_INET6,
}
_NOT_HERE: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})

SocketAddress = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Listener:
    """One address that is listened on."""

    key: str
    service: ServiceEntry
    address: SocketAddress | UnixAddress
    """As bound: a port 0 has become the one that was found."""
    sockets: ListenerSockets

    def close(self) -> None:
        """Close the sockets; a unix socket's name goes too."""
        self.sockets.close()
        if isinstance(self.address, UnixAddress):
            remove_file(self.address.path)


def open_listeners(
    services: Sequence[ServiceEntry], slots: int, identity: Identity, *, kept: Sequence[Listener] = ()
) -> list[Listener]:
    """Listeners for all services; one of `kept` whose address is wanted again goes on with its sockets.

    ConfigError, with service and address, where one cannot be had; those opened on the way are closed again.
    """
    opened: list[Listener] = []
    by_key = {listener.key: listener for listener in kept}
    listeners: list[Listener] = []
    try:
        for service in services:
            found = [listener for key, listener in by_key.items() if _is_of(key, service)]
            if found:
                again = [Listener(each.key, service, each.address, each.sockets) for each in found]
            else:
                again = _open(service, slots, identity)
                opened.extend(again)
            listeners.extend(again)
    except ConfigError:
        for listener in opened:
            listener.close()
        raise
    return listeners


def _wanted(service: ServiceEntry) -> str:
    """What names the wish; with a free port, each service has its own."""
    match service.listen:
        case UnixAddress(path):
            return f"unix:{path}"
        case InetAddress(host, port):
            return f"{service.proto}:{host or '*'}:{port or service.name}"


def _is_of(key: str, service: ServiceEntry) -> bool:
    return key.partition(" ")[0] == _wanted(service)


def _open(service: ServiceEntry, slots: int, identity: Identity) -> list[Listener]:
    match service.listen:
        case UnixAddress() as address:
            return [_open_unix(service, address, identity)]
        case InetAddress() as inet:
            return _open_inet(service, inet, slots)


# Unix


def _open_unix(service: ServiceEntry, address: UnixAddress, identity: Identity) -> Listener:
    make_directories([address.path.parent], identity, is_ours=False)
    _remove_dead_socket(service, address, identity)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The mode is made by the umask, since chmod would follow a link put in the socket's place.
    mask = os.umask(0o777 & ~_SOCKET_MODE)
    try:
        as_user(identity, address.path, lambda: listening.bind(str(address.path)))
    except OSError as error:
        listening.close()
        raise _cannot_bind(service, str(address.path), error.strerror or str(error)) from error
    finally:
        os.umask(mask)
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return Listener(_wanted(service), service, address, ListenerSockets(is_shared=True, sockets=[listening]))


def _remove_dead_socket(service: ServiceEntry, address: UnixAddress, identity: Identity) -> None:
    path = str(address.path)
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise _cannot_bind(service, path, "a file that is no socket has this name")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        # A listener whose queue is full is alive as well.
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            with contextlib.suppress(FileNotFoundError):
                as_user(identity, address.path, lambda: os.unlink(path))
            return
        except OSError:
            pass
    raise _cannot_bind(service, path, "another process listens there")


# TCP


def _open_inet(service: ServiceEntry, address: InetAddress, slots: int) -> list[Listener]:
    if service.proto not in _FAMILIES:
        raise _cannot_bind(service, str(address.port), f"{service.proto} is not served")
    try:
        found = socket.getaddrinfo(
            address.host,
            address.port,
            family=_FAMILIES[service.proto],
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )
    except OSError as error:
        raise _cannot_bind(service, f"{address.host}:{address.port}", error.strerror or str(error)) from error
    listeners: list[Listener] = []
    port = address.port
    absent: OSError | None = None
    try:
        for family, _, _, _, bound in found:
            try:
                port = _test_bind(service, family, (str(bound[0]), port))
            except OSError as error:
                absent = error
                continue
            sockets = ListenerSockets(is_shared=False)
            host = str(bound[0])
            listeners.append(Listener(f"{_wanted(service)} {host}", service, (host, port), sockets))
            for _ in range(slots):
                sockets.sockets.append(_listen(service, family, (host, port)))
    except ConfigError:
        for listener in listeners:
            listener.close()
        raise
    if not listeners:
        reason = (absent.strerror or str(absent)) if absent is not None else "no such address"
        raise _cannot_bind(service, f"{address.host}:{address.port}", reason) from absent
    return listeners


def _test_bind(service: ServiceEntry, family: int, address: SocketAddress) -> int:
    """The port, which is free; the OSError of an address that this machine does not have is let through."""
    with _socket(family) as probe:
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            if error.errno in _NOT_HERE:
                raise
            raise _cannot_bind(service, _shown(address), _reason(error, address)) from error
        return int(probe.getsockname()[1])


def _listen(service: ServiceEntry, family: int, address: SocketAddress) -> socket.socket:
    listening = _socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise _cannot_bind(service, _shown(address), _reason(error, address)) from error
    listening.setblocking(False)
    return listening


def _socket(family: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        # IPv4 has its own socket, so that both can be told apart and configured.
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made


def _reason(error: OSError, address: SocketAddress) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"in use by {describe_occupant(address[1])}"
        case errno.EACCES:
            return f"{error.strerror}; a port below 1024 needs root, or the capability CAP_NET_BIND_SERVICE"
        case _:
            return error.strerror or str(error)


def _shown(address: SocketAddress) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _cannot_bind(service: ServiceEntry, address: str, reason: str) -> ConfigError:
    return ConfigError(f"service {service.name}: cannot listen on {address}: {reason}")
